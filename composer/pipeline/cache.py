"""Which sites need no work: a disposable memory of what each site was made from and what tree came of it.

An entry counts only while every byte it was made from is still the same; losing the file costs time and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from composer import __version__
from composer.diagnostic import Diagnostic, Rejected
from composer.model.fleet import Fleet
from composer.model.links import LinkSummary, TenantLink, link_data, link_tenants
from composer.pipeline.children import Child
from composer.pipeline.inputs import Inputs
from composer.pipeline.told import Warnings, mentioned, warnings_data, warnings_from, warnings_of
from composer.source.document import Document
from composer.source.files import list_files, read_bytes
from composer.source.packaged import packaged
from composer.stages.load import document_digest, way_up


class Entry(NamedTuple):
    """*key* is the digest of everything the site was made from, *names* says what that was, *tree* what came of it.

    *hub* is the site's hub, or "", and *tenants* what the site tells it. *warnings* are what people are told of the site; the
    key covers them too, so that none is told that was not found.
    """

    key: str
    tree: str
    names: tuple[str, ...]
    hub: str = ""
    tenants: tuple[TenantLink, ...] = ()
    warnings: Warnings = ()


class Cache:
    """The entries of an earlier run, and those that this run adds."""

    def __init__(self, fleet: Fleet, entries: Mapping[str, Entry]) -> None:
        self._fleet = fleet
        self._entries = dict(entries)
        self._digests: dict[str, str] = {}
        self._groups: dict[tuple[str, ...], Sequence[str]] = {}
        self._lots: dict[Warnings, str] = {}
        self._common = _digest([_program(), *_fleet_lines(fleet)])
        self._documents = {d.file: d for d in (*fleet.profiles.values(), *fleet.tenants.values())}
        self._children: dict[str, str] = {}
        self.is_changed = False

    @classmethod
    def read(cls, file: Path, fleet: Fleet) -> Cache:
        """The cache in *file*; an empty one where there is none, or none that can be understood."""
        try:
            return cls(fleet, dict(_entries(json.loads(file.read_bytes()))))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return cls(fleet, {})

    def write(self, file: Path) -> None:
        """Replaces *file* in one step. Sites that are gone are forgotten."""
        entries = {site: entry for site, entry in self._entries.items() if site in self._fleet.sites}
        groups = {names: index for index, names in enumerate(dict.fromkeys(e.names for e in entries.values()))}
        links = {link: index for index, link in enumerate(dict.fromkeys((e.hub, e.tenants) for e in entries.values()))}
        told = {warnings: index for index, warnings in enumerate(dict.fromkeys(e.warnings for e in entries.values()))}
        written = {
            "groups": list(groups),
            "links": [[hub, link_data(tenants)] for hub, tenants in links],
            "warnings": warnings_data(told),
            "sites": {
                site: (e.key, e.tree, groups[e.names], links[e.hub, e.tenants], told[e.warnings])
                for site, e in entries.items()
            },
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        try:
            with fresh.open("x") as out:  # never through a link that is there already
                out.write(json.dumps(written, separators=(",", ":")))
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)

    def know_children(self, hub: str, digest: str) -> None:
        """Tells what the children of a hub come to now. Before, nothing that was made of them counts."""
        self._children[hub] = digest

    def known(self, site: str) -> Entry | None:
        """The site's entry, or None where something it was made of has changed."""
        entry = self._entries.get(site)
        if entry is None or ("sites", site) in self._fleet.broken:
            return None
        own = document_digest(self._fleet, site)
        if not own:
            return None
        known = self._key(site, own, self._children.get(site, ""), entry.names, entry.warnings)
        return entry if known == entry.key else None

    def entry(
        self, site: str, inputs: Inputs, tree: str, child: Child, findings: Sequence[Diagnostic] = ()
    ) -> Entry | None:
        """What to remember of a site made of *inputs* that renders to *tree*. For the process that composed it.

        *findings* are what it is told meanwhile, no errors among them.
        """
        warnings = warnings_of(findings)
        names = (*inputs.names, *self._quoted(site, warnings, inputs.names))
        key = self._key(site, inputs.own, inputs.children, names, warnings)
        hub, tenants = (child.summary.hub, child.summary.tenants) if child.summary else ("", ())
        return Entry(key, tree, names, hub, tenants, warnings) if key else None

    def learn(self, site: str, entry: Entry) -> None:
        self._entries[site] = entry
        self.is_changed = True

    def _quoted(self, site: str, warnings: Warnings, names: Sequence[str]) -> list[str]:
        """The files that warnings point at besides what the site was made of: as a whole, or at a line of them."""
        known = {self._fleet.document.file, self._fleet.sites[site]}
        known.update(name.removeprefix("document ") for name in names if name.startswith("document "))
        places = [place for place in mentioned(warnings) if place.file not in known]
        return sorted({f"{'quoted' if place.line else 'place'} {place.file}" for place in places})

    def _key(self, site: str, own: str, children: str, names: Sequence[str], warnings: Warnings) -> str | None:
        """The digest of everything a site is made of; None where some of it is not there, or cannot be used."""
        try:
            made_from = [self._common, self._fleet.sites[site], own, children, *self._dependencies(names)]
            return _digest([*made_from, self._told(warnings)] if warnings else made_from)
        except (Rejected, KeyError, ValueError):
            return None

    def _dependencies(self, names: Sequence[str]) -> Sequence[str]:
        """The digests of what is called so; many sites name the same."""
        group = tuple(names)
        known = self._groups.get(group)
        if known is None:
            known = self._groups[group] = [self._dependency(name) for name in group]
        return known

    def _dependency(self, name: str) -> str:
        known = self._digests.get(name)
        if known is None:
            kind, _, what = name.partition(" ")
            known = self._digests[name] = DEPENDENCIES[kind](self, what)
        return known

    def _told(self, warnings: Warnings) -> str:
        """Tells one lot of warnings from another."""
        known = self._lots.get(warnings)
        if known is None:
            known = self._lots[warnings] = _digest([json.dumps(warnings_data([warnings]))])
        return known

    def document(self, file: str) -> str:
        return self._documents[file].digest

    def blueprint(self, label: str) -> str:
        name, _, version = label.partition("@")
        blueprint = self._fleet.blueprints[name][int(version.split(".", 1)[0])]
        return f"{blueprint.origin} {blueprint.digest}"

    def file(self, path: str) -> str:
        return sha256(read_bytes(self._fleet.root, f"sites/{path}")).hexdigest()

    def tenant(self, name: str) -> str:
        """Only that there is such a tenant, whether its document can be used or not."""
        if name not in self._fleet.tenants and ("tenants", name) not in self._fleet.broken:
            raise KeyError(name)
        return ""

    def hub(self, name: str) -> str:
        """The hub's own document and the profiles it lists, and so on up to the last hub."""
        return _digest(line for document in way_up(self._fleet, name) for line in self._layers(document))

    def place(self, path: str) -> str:
        """Whether there is such a file in the fleet: it may be one of the packaged ones."""
        return "there" if self.quoted(path) else ""

    def quoted(self, path: str) -> str:
        """The content of a file that warnings quote; "" where it is not the fleet's, and known otherwise."""
        try:
            return sha256(read_bytes(self._fleet.root, path)).hexdigest()
        except Rejected:
            return ""

    def _layers(self, site: Document) -> Iterator[str]:
        yield f"{site.file} {site.digest}"
        yield from (self._fleet.profiles[name].digest for name in site.data["spec"].get("profiles") or ())


DEPENDENCIES: Mapping[str, Callable[[Cache, str], str]] = {
    "blueprint": Cache.blueprint,
    "document": Cache.document,
    "file": Cache.file,
    "hub": Cache.hub,
    "place": Cache.place,
    "quoted": Cache.quoted,
    "tenant": Cache.tenant,
}
"""Kind of thing that sites are made of -> the digest of one such thing."""


def as_child(site: str, entry: Entry) -> Child:
    """What the site's hub has to know of it, as the entry has it."""
    return Child(site, (entry.hub,), LinkSummary(site, entry.hub, entry.tenants)) if entry.hub else Child(site)


def _entries(written: Any) -> Iterator[tuple[str, Entry]]:
    """What was written once. Raises all sorts of things for anything else."""
    groups = [tuple(str(name) for name in names) for names in written["groups"]]
    links = [(str(hub), link_tenants(tenants)) for hub, tenants in written["links"]]
    told = warnings_from(written["warnings"])
    for site, (key, tree, group, link, warnings) in written["sites"].items():
        hub, tenants = links[link]
        yield site, Entry(str(key), str(tree), groups[group], hub, tenants, told[warnings])


def _fleet_lines(fleet: Fleet) -> Iterator[str]:
    yield fleet.document.digest
    yield json.dumps({name: sorted(majors) for name, majors in sorted(fleet.blueprints.items())})
    schemas, _ = list_files(fleet.root, "schemas/crds", ".json")
    yield from (f"{path} {_content(fleet.root / path)}" for path in schemas)


def _content(file: Path) -> str:
    """Tells one content of a schema from another; whether it can be used, the check says."""
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return "unreadable"


def _program() -> str:
    """Tells one build of the composer from another, so that a newer one never trusts what an older one found."""
    folder = Path(__file__).parent.parent
    files = sorted([*folder.rglob("*.py"), *packaged("schemas").rglob("*.json")])
    stamps: list[Any] = [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in files]
    return json.dumps([__version__, stamps])


def _digest(parts: Iterable[str]) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
