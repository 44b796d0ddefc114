"""Laws that hold for every site of the example fleet."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes.client
import pytest
from kubernetes.client import ApiClient

from composer.source.reader import parse_all
from tests.cli.kit import commit, composer, example, identity, trees
from tests.conftest import Needs
from tests.publish.making import git

SITES = ("berlin-01", "hub-eu", "lyon-01", "park-7", "rome-01", "rome-02")
DELIVERY = ("flux-system", "argocd")


@dataclass(frozen=True)
class Example:
    """The example fleet, rendered to files and printed."""

    root: Path
    printed: dict[str, list[Any]]

    def folder(self, site: str) -> Path:
        return self.root / "out/manifests" / site


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Example:
    root = example(tmp_path_factory.mktemp("example"))
    commit(root)
    assert composer(root, "render").code == 0
    assert sorted(folder.name for folder in (root / "out/manifests").iterdir()) == list(SITES)
    return Example(root, {site: composer(root, "render", site, "-o", "-").objects for site in SITES})


def in_order(objects: list[Any]) -> list[Any]:
    return sorted(objects, key=identity)


def kustomize(kubectl: str, *folders: Path) -> list[Any]:
    """What kubectl makes of these kustomizations, together and in order."""
    printed = [
        subprocess.run([kubectl, "kustomize", folder], check=True, capture_output=True, text=True).stdout
        for folder in folders
    ]
    return in_order([read.data for text in printed for read in parse_all(text, "kustomize")])


def delivered(site: Path) -> list[Any]:
    """The objects that lie under delivery/."""
    files = (file for file in (site / "delivery").rglob("*.yaml") if file.name != "kustomization.yaml")
    return [read.data for file in files for read in parse_all(file.read_text(), str(file))]


@pytest.mark.parametrize("site", SITES)
def test_kustomize_yields_exactly_the_rendered_objects_of_the_whole_and_of_its_parts(
    rendered: Example, needs: Needs, site: str
) -> None:
    kubectl = needs("kubectl")["kubectl"]
    folder = rendered.folder(site)
    apart = {identity(object_) for object_ in delivered(folder)}
    expected = in_order([o for o in rendered.printed[site] if identity(o) not in apart])
    assert len(expected) > 10
    assert len(apart) + len(expected) == len(rendered.printed[site])
    assert kustomize(kubectl, folder) == expected
    assert kustomize(kubectl, folder / "platform", *sorted(folder.glob("tenants/*"))) == expected
    assert kustomize(kubectl, folder / "delivery") == in_order(delivered(folder))


def test_kubectl_reads_every_object_as_we_do(rendered: Example, needs: Needs) -> None:
    """kubectl has a YAML reader of its own; with --local it asks no cluster."""
    kubectl = needs("kubectl")["kubectl"]
    known = [o for site in SITES for o in rendered.printed[site] if is_built_in(o)]
    stream = "".join(f"---\n{text}" for site in SITES for text in texts(rendered.folder(site)))
    words = [kubectl, "label", "--local", "--filename=-", "--output=json", "probe=probe"]
    read = subprocess.run(words, input=stream, check=True, capture_output=True, text=True).stdout
    got = [without_probe(o) for o in documents(read)]
    assert in_order(got) == in_order(known)


def texts(folder: Path) -> list[str]:
    """The files of built-in objects."""
    files = (f for f in sorted(folder.rglob("*.yaml")) if f.name not in ("kustomization.yaml", "composer.lock.yaml"))
    return [text for text in map(Path.read_text, files) if is_built_in(parse_all(text, "file")[0].data)]


def documents(text: str) -> list[Any]:
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def without_probe(object_: Any) -> Any:
    labels = object_["metadata"]["labels"]
    del labels["probe"]
    if not labels:
        del object_["metadata"]["labels"]
    return object_


def is_built_in(object_: Any) -> bool:
    group = object_["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith("k8s.io")


def model(object_: Any) -> str:
    """The class that the kubernetes package has for the object."""
    group, _, version = object_["apiVersion"].rpartition("/")
    prefix = group.removesuffix(".k8s.io").split(".")[0]
    names = (f"{version.title()}{object_['kind']}", f"{prefix.title()}{version.title()}{object_['kind']}")
    return next(name for name in names if hasattr(kubernetes.client, name))


@pytest.mark.parametrize("site", SITES)
def test_the_models_of_the_kubernetes_package_know_every_field(rendered: Example, site: str) -> None:
    client = ApiClient()
    objects = [o for o in rendered.printed[site] if is_built_in(o)]
    assert len(objects) > 10
    for object_ in objects:
        read = client.deserialize(json.dumps(object_), model(object_), "application/json")
        assert client.sanitize_for_serialization(read) == object_


def test_the_same_fleet_has_the_same_trees_wherever_and_however_it_is_rendered(
    rendered: Example, tmp_path: Path
) -> None:
    assert composer(rendered.root, "publish", "--jobs", "1", PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C").code == 0
    expected = trees(rendered.root)
    assert sorted(expected) == [f"site/{site}" for site in SITES]
    elsewhere = tmp_path / "an öther folder"
    shutil.copytree(rendered.root, elsewhere, ignore=shutil.ignore_patterns("out"))
    other = {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LANG": "tr_TR.UTF-8", "LC_ALL": "C.UTF-8"}
    assert composer(tmp_path, "-C", elsewhere.name, "publish", "--jobs", "3", **other).code == 0
    assert trees(elsewhere) == expected
    commits = [git(root / "out/delivery.git", "for-each-ref") for root in (rendered.root, elsewhere)]
    assert commits[0] == commits[1]
