"""Objects, sites and repositories to test with, made the way the pipeline makes them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from composer.git.repository import Repository, create_repository
from composer.git.source import Source
from composer.model.blueprint import Blueprint
from composer.model.stack import Component, Rendered
from composer.source.document import Document
from composer.stages.publish import Contents, MadeFrom, SiteFiles, SiteResult, Terms, branch_files, publish

SOURCE = Source("ab" * 20, "1700000000 +0100", dirty=False)
HOUR_LATER = Source("cd" * 20, "1700003600 +0100", dirty=False)


def blueprint(name: str = "stream-bento", role: str = "stream", origin: str = "packaged") -> Blueprint:
    spec = {"version": "1.0.0", "role": role}
    manifest = Document("blueprint.yaml", "", {"metadata": {"name": name}, "spec": spec})
    return Blueprint(
        name=name,
        version="1.0.0",
        folder=f"blueprints/{name}/v1",
        origin=origin,
        digest="0" * 64,
        manifest=manifest,
        params=Document("params.yaml", "", {}),
        manifests={},
        files={},
        fragments={},
    )


def rendered(object_: dict[str, Any], *, tenant: str = "", role: str = "stream", name: str = "mean") -> Rendered:
    component = Component(name, role, tenant, blueprint(role=role), {}, {})
    return Rendered(object_, component, "manifests/all.yaml", 1)


def config_map(name: str, text: str = "a: 1\n", namespace: str = "edge-platform") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"file": text}}


def deployment(name: str, namespace: str = "tenant-acme", image: str = "ghcr.io/acme/app:1.0.0") -> dict[str, Any]:
    container = {"name": "app", "image": image, "args": ["no", "1e3", "on"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }


def site(name: str, objects: Sequence[Rendered] = (), *, tenants: Sequence[str] = ("acme",)) -> SiteFiles:
    """A site's files; without objects given, two that differ from site to site."""
    chosen = objects or [
        rendered(config_map("broker", f"site {name}\n"), role="ingress"),
        rendered(deployment("press-mean"), tenant="acme"),
    ]
    return branch_files(name, f"site/{name}", Contents(chosen, tenants), MadeFrom("1" * 64, [blueprint()]))


def with_text(name: str, text: str) -> SiteFiles:
    """A site of one ConfigMap."""
    return site(name, [rendered(config_map("broker", text), role="ingress")])


def delivery(folder: Path) -> Repository:
    return create_repository(folder / "delivery.git")


def published(repository: Repository, *sites: SiteFiles, **options: Any) -> list[SiteResult]:
    """The results of publishing on these terms, in site order."""
    source = options.pop("source", SOURCE)
    return sorted(publish(repository, sites, source, Terms(**options)), key=lambda result: result.site)


def git(repository: Repository | Path, *words: str, content: bytes = b"", **environment: str) -> str:
    """What plain git says, run by somebody who is not the composer."""
    place = repository.path if isinstance(repository, Repository) else repository
    identity = {f"GIT_{who}_{what}": "Jane" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    plain = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    environment = {**plain, **identity, **environment}
    done = subprocess.run(
        ["git", "-C", str(place), *words], input=content, capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def commit_by_hand(
    repository: Repository, branch: str, files: Mapping[str, str | None], message: str = "quick fix"
) -> str:
    """A person's commit on a branch: writes these files (None removes one), and gives the commit's id."""
    index = {"GIT_INDEX_FILE": str(repository.path / "index-by-hand")}
    git(repository, "read-tree", branch, **index)
    for path, text in files.items():
        if text is None:
            gone = f"0 {'0' * 40}\t{path}\n".encode()
            git(repository, "update-index", "--index-info", content=gone, **index)
            continue
        blob = git(repository, "hash-object", "-w", "--stdin", content=text.encode())
        git(repository, "update-index", "--add", "--replace", "--cacheinfo", f"100644,{blob},{path}", **index)
    tree = git(repository, "write-tree", **index)
    commit = git(repository, "commit-tree", tree, "-p", branch, "-m", message)
    git(repository, "update-ref", f"refs/heads/{branch}", commit)
    return commit


def paths(repository: Repository, branch: str) -> set[str]:
    """The files on a branch."""
    return set(git(repository, "ls-tree", "-r", "--name-only", "-z", branch).strip("\0").split("\0"))
