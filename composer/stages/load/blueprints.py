"""The library of blueprints: those that come with the composer, and the fleet's own, which shadow them.

Folders are listed at once, so that every name and version is known; a blueprint is read when it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, did_you_mean, error
from composer.model.blueprint import Blueprint
from composer.model.lazy import Lazy
from composer.source.document import Document
from composer.source.files import read_text
from composer.source.packaged import packaged
from composer.source.reader import read_document
from composer.stages.load.listing import list_yaml
from composer.stages.load.schema import check_schema
from composer.stages.load.texts import own_texts, shared_texts

FOLDER = "blueprints"

_MAJOR = re.compile(r"v(0|[1-9][0-9]*)")
_FRAGMENT = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Library:
    """The folder *root*/blueprints. *base* lends the fragments that this library has not got itself."""

    root: Path
    origin: str
    base: Library | None = None

    def fragment(self, name: str) -> Document | None:
        """The fragment called *name*, or None where there is none."""
        path = f"{FOLDER}/_lib/{name}.yaml"
        if _FRAGMENT.fullmatch(name) and (self.root / path).exists():
            return read_document(self.root, path)
        return self.base.fragment(name) if self.base else None

    def text(self, name: str) -> str | None:
        """The text template called *name*, a file of blueprints/_lib, or None where there is none."""
        path = f"{FOLDER}/_lib/{name}"
        if (self.root / path).exists():
            return read_text(self.root, path)
        return self.base.text(name) if self.base else None


def load_blueprints(fleet_root: Path) -> Mapping[str, Mapping[int, Blueprint]]:
    """Blueprints by name and major version, as a fleet in *fleet_root* has them.

    Asking for a version that cannot be used raises Rejected.
    """
    found = {**_shipped()}
    own = fleet_root / FOLDER
    if own.is_dir() and own.resolve() != packaged("blueprints").resolve():
        found |= _listed(Library(fleet_root, "fleet", _shipped_library()))
    return {name: found[name] for name in sorted(found)}


def shipped_names() -> frozenset[str]:
    """The names of the blueprints that come with the composer."""
    return frozenset(_shipped())


def _shipped_library() -> Library:
    return Library(packaged("blueprints").parent, "packaged")


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Mapping[int, Blueprint]]:
    """The blueprints that come with the composer: the same for every fleet, so that a process reads and compiles each once."""
    return _listed(_shipped_library())


def _listed(library: Library) -> dict[str, Mapping[int, Blueprint]]:
    """Every blueprint of the library with its versions: folders <name>/v<major>."""
    found: dict[str, Mapping[int, Blueprint]] = {}
    for folder in (library.root / FOLDER).iterdir():
        if folder.name[0] not in "._" and folder.is_dir():
            majors = sorted(int(match[1]) for v in folder.iterdir() if (match := _MAJOR.fullmatch(v.name)))
            if majors:
                found[folder.name] = Lazy(majors, partial(_read, library, folder.name))
    return found


def _read(library: Library, name: str, major: int) -> Blueprint:
    """One version of a blueprint. Raises Rejected with what is wrong with it."""
    folder = f"{FOLDER}/{name}/v{major}"
    root = library.root
    manifest = read_document(root, f"{folder}/blueprint.yaml")
    findings = check_schema(manifest, "Blueprint") or _check_folder(manifest, name, major)
    if findings:
        raise Rejected(findings)
    params = _params(root, f"{folder}/params.yaml")
    manifests, bootstrap = (
        {path: read_document(root, f"{folder}/{path}") for path in _templates(root, folder, inner)}
        for inner in ("manifests", "bootstrap")
    )
    missing = _missing(manifest, {*manifests, *bootstrap})
    if missing:
        raise Rejected(missing)
    own = own_texts(root, folder)
    shared = shared_texts(own, (*manifests.values(), *bootstrap.values()), library.text)
    files = own | shared
    fragments = _fragments(library, (*manifests.values(), *bootstrap.values()))
    return Blueprint(
        name=name,
        version=manifest.data["spec"]["version"],
        folder=folder,
        origin=library.origin,
        digest=_digest([manifest, params, *manifests.values(), *fragments.values()], files),
        manifest=manifest,
        params=params,
        manifests=manifests,
        files=files,
        shared=frozenset(shared),
        fragments=fragments,
        root=root / folder,
        bootstrap=bootstrap,
    )


def _check_folder(manifest: Document, name: str, major: int) -> list[Diagnostic]:
    """Whether blueprint.yaml says what its folder is called."""
    findings = []
    found, version = manifest.data["metadata"]["name"], manifest.data["spec"]["version"]
    if found != name:
        message = f"metadata.name is {found!r}, but the folder is called {name}"
        findings.append(error("D040", message, manifest.place(("metadata", "name"))))
    if not version.startswith(f"{major}."):
        message = f"spec.version is {version}, but the folder is called v{major}"
        findings.append(error("D040", message, manifest.place(("spec", "version"))))
    return findings


def _missing(manifest: Document, known: Collection[str]) -> list[Diagnostic]:
    """The files that `bootstrap` names and that are not there."""
    named = manifest.data["spec"].get("bootstrap") or {}
    return [
        error(
            "L020",
            f"the blueprint has no file {path}",
            manifest.place(("spec", "bootstrap", part, index)),
            hint=did_you_mean(path, known),
        )
        for part, paths in named.items()
        for index, path in enumerate(paths)
        if path not in known
    ]


def _templates(root: Path, folder: str, inner: str) -> list[str]:
    """The templates in the folder *inner* of the blueprint's, relative to that one."""
    if inner != "manifests" and not (root / folder / inner).is_dir():
        return []
    paths, findings = list_yaml(root, f"{folder}/{inner}")
    if findings:
        raise Rejected(findings)
    return [path.removeprefix(f"{folder}/") for path in paths]


def _params(root: Path, path: str) -> Document:
    """The parameter rules; none where the blueprint has no params.yaml."""
    return read_document(root, path) if (root / path).exists() else Document(path, "", {})


def _fragments(library: Library, manifests: Iterable[Document]) -> dict[str, Document]:
    """The fragments that the manifests use, and those that these use in turn."""
    found: dict[str, Document] = {}
    waiting = [name for manifest in manifests for name in _used(manifest.data)]
    while waiting:
        name = waiting.pop()
        fragment = library.fragment(name) if name not in found else None
        if fragment is not None:
            found[name] = fragment
            waiting += _used(fragment.data)
    return {name: found[name] for name in sorted(found)}


def _used(value: Any) -> Iterator[str]:
    """The names after each `$use` of a template. Whether they exist is for the renderer to say."""
    if isinstance(value, list):
        for item in value:
            yield from _used(item)
    elif isinstance(value, dict):
        use = value.get("$use")
        name = use.get("name") if isinstance(use, dict) else use
        if isinstance(name, str):
            yield name
        for inner in value.values():
            yield from _used(inner)


def _digest(documents: Iterable[Document], files: Mapping[str, str]) -> str:
    """Tells one content of a blueprint from another: everything that rendering reads, and nothing else."""
    digests = {document.file: document.digest for document in documents}
    digests |= {path: sha256(text.encode()).hexdigest() for path, text in files.items()}
    return sha256("".join(f"{path} {digests[path]}\n" for path in sorted(digests)).encode()).hexdigest()
