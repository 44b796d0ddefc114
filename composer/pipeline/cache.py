"""Which sites need no work: a disposable memory of what each site was made from and what tree came of it.

An entry counts only while every byte it was made from is still the same; losing the file costs time and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from composer import __version__
from composer.diagnostic import Rejected
from composer.model.fleet import Fleet
from composer.pipeline.inputs import Inputs
from composer.source.document import Document
from composer.source.files import read_bytes
from composer.stages.load import load_site


@dataclass(frozen=True, slots=True)
class Entry:
    """*key* is the digest of everything the site was made from, *names* says what that was, *tree* what came of it."""

    key: str
    tree: str
    names: tuple[str, ...]


class Cache:
    """The entries of an earlier run, and those that this run adds."""

    def __init__(self, fleet: Fleet, entries: Mapping[str, Entry]) -> None:
        self._fleet = fleet
        self._entries = dict(entries)
        self._digests: dict[str, str] = {}
        self._common = _digest([_program(), *_fleet_lines(fleet)])
        self._documents = {d.file: d for d in (*fleet.profiles.values(), *fleet.tenants.values())}

    @classmethod
    def read(cls, file: Path, fleet: Fleet) -> Cache:
        """The cache in *file*; an empty one where there is none, or none that can be understood."""
        try:
            written = json.loads(file.read_bytes())
            groups = [tuple(names) for names in written["groups"]]
            entries = {site: Entry(key, tree, groups[g]) for site, (key, tree, g) in written["sites"].items()}
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            entries = {}
        return cls(fleet, entries)

    def write(self, file: Path) -> None:
        """Replaces *file* in one step. Sites that are gone are forgotten."""
        groups = {names: index for index, names in enumerate(dict.fromkeys(e.names for e in self._entries.values()))}
        sites = {s: (e.key, e.tree, groups[e.names]) for s, e in self._entries.items() if s in self._fleet.sites}
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"groups": list(groups), "sites": sites}, separators=(",", ":")))
        fresh.replace(file)

    def tree(self, site: str) -> str | None:
        """The tree the site renders to, or None where it is not known for what the site is made of now."""
        entry = self._entries.get(site)
        if entry is None or self._key(site, entry.names) != entry.key:
            return None
        return entry.tree

    def learn(self, site: str, inputs: Inputs, tree: str) -> None:
        """Remembers that the site, made of *inputs*, renders to *tree*."""
        key = self._key(site, inputs.names)
        if key is not None:
            self._entries[site] = Entry(key, tree, inputs.names)

    def _key(self, site: str, names: tuple[str, ...]) -> str | None:
        try:
            own = sha256(read_bytes(self._fleet.root, self._fleet.sites[site])).hexdigest()
            return _digest([self._common, own, *map(self._dependency, names)])
        except (Rejected, KeyError):
            return None

    def _dependency(self, name: str) -> str:
        known = self._digests.get(name)
        if known is None:
            kind, _, what = name.partition(" ")
            known = self._digests[name] = getattr(self, f"_{kind}")(what)
        return known

    def _document(self, file: str) -> str:
        return self._documents[file].digest

    def _blueprint(self, label: str) -> str:
        name, _, version = label.partition("@")
        return self._fleet.blueprints[name][int(version.split(".", 1)[0])].digest

    def _file(self, path: str) -> str:
        return sha256(read_bytes(self._fleet.root, f"sites/{path}")).hexdigest()

    def _site(self, name: str) -> str:
        """A hub: its own document and the profiles it lists."""
        document: Document = load_site(self._fleet, name)
        profiles = (self._fleet.profiles[p].digest for p in document.data["spec"].get("profiles") or ())
        return _digest([document.digest, *profiles])


def _fleet_lines(fleet: Fleet) -> Iterable[str]:
    yield fleet.document.digest
    yield json.dumps({name: sorted(majors) for name, majors in sorted(fleet.blueprints.items())})


def _program() -> str:
    """Tells one build of the composer from another, so that a newer one never trusts what an older one found."""
    folder = Path(__file__).parent.parent
    files = sorted(folder.rglob("*.py"))
    stamps: list[Any] = [[str(f.relative_to(folder)), f.stat().st_size, f.stat().st_mtime_ns] for f in files]
    return json.dumps([__version__, stamps])


def _digest(parts: Iterable[str]) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
