"""Finds the documents of a fleet by listing folders: nothing is opened, so ten thousand sites cost little."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.model.names import site_name_fault
from composer.source.files import list_files

SITES = "sites"
PROFILES = f"{SITES}/profiles"
TENANTS = f"{SITES}/tenants"
FLEET_FILE = f"{SITES}/fleet.yaml"

_NO_SITES = frozenset({FLEET_FILE, PROFILES, TENANTS, f"{SITES}/secrets", f"{SITES}/files"})
"""Where no sites are looked for."""

_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))})
_RESERVED = {
    "head": "on file systems that ignore case, Git takes it for HEAD",
    **dict.fromkeys(_DEVICES, "on Windows it is a device in every folder"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Documents of one sort: names with their files, relative to the fleet.

    *doubles* holds the findings of names that several files have, *findings* those of everything else.
    """

    files: Mapping[str, str]
    doubles: Mapping[str, tuple[Diagnostic, ...]]
    findings: tuple[Diagnostic, ...]


def name_fault(name: str) -> str:
    """Why no document can be called *name*, or "" where the name is good."""
    return site_name_fault(name) or _RESERVED.get(name, "")


def holds_sites(file: str) -> bool:
    """Whether a document at *file* would be found as a site's."""
    steps = file.split("/")
    homes = {"/".join(steps[: depth + 1]) for depth in range(len(steps))}
    return steps[0] == SITES and not homes & _NO_SITES and not any(step[:1] in (".", "") for step in steps)


def list_sites(root: Path) -> Listing:
    """The sites in all folders of sites/ that may hold them."""
    return _listing(*list_yaml(root, SITES, _NO_SITES))


def list_folder(root: Path, folder: str) -> Listing:
    """The documents in *folder* and the folders below it."""
    return _listing(*list_yaml(root, folder))


def document_files(root: Path, section: str) -> Mapping[str, str]:
    """Name -> file of the "profiles" or "tenants" of a fleet, usable or not."""
    return list_folder(root, f"{SITES}/{section}").files


def list_yaml(root: Path, folder: str, without: Collection[str] = ()) -> tuple[list[str], list[Diagnostic]]:
    """The YAML files below *folder* (none where there is no such folder), and what is odd about others."""
    if not (root / folder).is_dir():
        return [], []
    paths, findings = list_files(root, folder, (".yaml", ".yml", ".YAML", ".YML"), without=without)
    good = [path for path in paths if path.endswith(".yaml")]
    if len(good) < len(paths):
        findings += [_other_suffix(path) for path in paths if not path.endswith(".yaml")]
    return good, findings


def _listing(paths: list[str], findings: list[Diagnostic]) -> Listing:
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(path.rpartition("/")[2].removesuffix(".yaml"), []).append(path)
    files = {name: same[0] for name, same in by_name.items() if not name_fault(name)}
    bad = [_bad_name(name, path, files) for name in by_name if name not in files for path in by_name[name]]
    doubles = {name: _doubles(name, by_name[name]) for name in files if len(by_name[name]) > 1}
    return Listing(files, doubles, (*findings, *bad))


def _other_suffix(path: str) -> Diagnostic:
    name = PurePosixPath(path)
    hint = f"rename it to {_shown(name.stem)}.yaml"
    return error("D025", f"a file that ends in {name.suffix} is not read", Place(_shown(path)), hint=hint)


def _bad_name(name: str, path: str, good: Mapping[str, str]) -> Diagnostic:
    same = good.get(name.casefold())
    related = [Related("differs from this one only in upper and lower case", Place(same))] if same else []
    message = f"{_shown(name)!r} cannot be a name: {name_fault(name)}"
    return error("D020", message, Place(_shown(path)), hint="rename the file and metadata.name", related=related)


def _doubles(name: str, paths: list[str]) -> tuple[Diagnostic, ...]:
    hint = "names are unique in the whole fleet, whatever the folder"
    first = [Related("the first one", Place(paths[0]))]
    message = f"there is another document called {name!r}"
    return tuple(error("D023", message, Place(path), hint=hint, related=first) for path in paths[1:])


def _shown(name: str) -> str:
    """A file name as it can be printed: undecodable bytes become escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
