"""Finds the documents of a fleet by listing folders: nothing is opened, so ten thousand sites cost little."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.model.names import site_name_fault

SITES = "sites"
PROFILES = f"{SITES}/profiles"
TENANTS = f"{SITES}/tenants"
FLEET_FILE = f"{SITES}/fleet.yaml"

_RESERVED = frozenset(
    {"head", "con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
)
"""Git's HEAD where file names ignore case, and the devices that Windows finds in every folder."""

_NO_SITES = frozenset({PROFILES, TENANTS, f"{SITES}/secrets", f"{SITES}/files"})
"""Folders in which no sites are looked for."""


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
    return site_name_fault(name) or ("the name is reserved" if name in _RESERVED else "")


def list_sites(root: Path) -> Listing:
    """The sites in all folders of sites/ that may hold them."""
    return _listing(root, SITES, _NO_SITES)


def list_folder(root: Path, folder: str) -> Listing:
    """The documents in *folder* and the folders below it."""
    return _listing(root, folder, frozenset())


def _listing(root: Path, folder: str, skip: frozenset[str]) -> Listing:
    findings: list[Diagnostic] = []
    by_name: dict[str, list[str]] = {}
    for path in sorted(_documents(root, folder, skip, findings)):
        by_name.setdefault(path.rpartition("/")[2].removesuffix(".yaml"), []).append(path)
    doubles = {name: _doubles(name, paths) for name, paths in by_name.items() if len(paths) > 1}
    faults = {name: name_fault(name) for name in by_name}
    for name, fault in faults.items():
        if fault:
            findings += [_bad_name(name, path, fault, by_name) for path in by_name[name]]
    files = {name: paths[0] for name, paths in by_name.items() if not faults[name]}
    return Listing(files, doubles, tuple(findings))


def _documents(root: Path, folder: str, skip: frozenset[str], findings: list[Diagnostic]) -> Iterator[str]:
    """Paths of the YAML files below *folder*, without what is hidden and what editors leave behind."""
    waiting = [folder]
    while waiting:
        parent = waiting.pop()
        for entry in _entries(root, parent, findings):
            path = f"{parent}/{entry.name}"
            if entry.name.startswith(".") or path in skip or path == FLEET_FILE:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.name.endswith(".yaml") and not (entry.is_symlink() and entry.is_dir()):
                yield path
            else:
                findings += _odd_entry(entry, path)


def _entries(root: Path, folder: str, findings: list[Diagnostic]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as problem:
        findings.append(
            error("D027", f"folder {folder} cannot be read: {problem.strerror}", Place(_shown(folder)))
        )
        return []


def _odd_entry(entry: os.DirEntry[str], path: str) -> list[Diagnostic]:
    """A finding for what looks as if it were meant to be read but is not."""
    if entry.is_symlink() and entry.is_dir():
        message = "this is a symbolic link to a folder, which is not followed"
        return [error("D026", message, Place(_shown(path)), hint="put the documents into a real folder")]
    stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - names of this loop are strings for speed
    if suffix.lower() in (".yml", ".yaml"):
        hint = f"rename it to {_shown(stem)}.yaml"
        return [error("D025", f"a file that ends in {suffix} is not read", Place(_shown(path)), hint=hint)]
    return []


def _bad_name(name: str, path: str, fault: str, by_name: Mapping[str, list[str]]) -> Diagnostic:
    message = f"{_shown(name)!r} cannot be a name: {fault}"
    same = by_name.get(name.casefold(), []) if name != name.casefold() else []
    related = [Related("differs from this one only in upper and lower case", Place(same[0]))] if same else []
    return error(
        "D020", message, Place(_shown(path)), hint="rename the file and metadata.name", related=related
    )


def _doubles(name: str, paths: list[str]) -> tuple[Diagnostic, ...]:
    hint = "names are unique in the whole fleet, whatever the folder"
    first = [Related("the first one", Place(_shown(paths[0])))]
    message = f"there is another document called {_shown(name)!r}"
    return tuple(error("D023", message, Place(_shown(path)), hint=hint, related=first) for path in paths[1:])


def _shown(name: str) -> str:
    """A file name as it can be printed: undecodable bytes become escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
