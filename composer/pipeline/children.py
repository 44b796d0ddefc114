"""What a hub reads of each site whose uplink ends there: as much as can be known, whatever else is wrong with the site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, Related, error, warning
from composer.model.fleet import Fleet
from composer.model.links import LinkSummary
from composer.model.stack import Layer, Wiring
from composer.model.uplink import filters_of
from composer.model.wording import count
from composer.source.document import Document
from composer.source.reader import read_document
from composer.stages.load import check_schema, hubs_named, link_of
from composer.stages.resolve import Resolver
from composer.stages.wire import summarise, uplink_fault


@dataclass(frozen=True, slots=True)
class Child:
    """A site as seen from above: *hubs* is its hub, or nothing where it has none.

    Where its document cannot be understood, *fault* says why. Either what it may do at its hub is known all the same, and the
    rates in its *summary* are 0, or *summary* is None and *hubs* are all those that it may have.
    """

    site: str
    hubs: tuple[str, ...] = ()
    summary: LinkSummary | None = None
    fault: Diagnostic | None = None


def child_of(wiring: Wiring) -> Child:
    """A site that was wired."""
    summary = wiring.summary
    return Child(wiring.stack.site, (summary.hub,) if summary else (), summary)


def broken_child(fleet: Fleet, site: str, fault: Diagnostic | None = None) -> Child:
    """A site with errors such as *fault*, as far as its links are concerned: all else in its documents is left aside.

    What its hub needs is which topics of which tenants go over the link; how much they come to is not known then.
    """
    try:
        document = _only_links(read_document(fleet.root, fleet.sites[site]), site, LINKS)
        lenient = _lenient(fleet)
        findings = [*fleet.broken.get(("sites", site), ()), *check_schema(document, "Site")]
        if findings:
            raise Rejected(findings)
        link = link_of(lenient.fleet, document)
        if link is None:
            return Child(site)
        tenants = lenient.tenants(document)
        _check_filters(tenants, document)
    except Rejected as rejected:
        return Child(site, _hubs(fleet, site), None, rejected.diagnostics[0])
    return Child(site, (link.hub,), summarise(site, link.hub, tenants), fault)


def uplink_layers(fleet: Fleet, site: str) -> Mapping[str, tuple[Layer, ...]]:
    """Tenant at the site -> the layers that say what goes over the uplink, lowest first; nothing where they cannot be read."""
    try:
        document = _only_links(read_document(fleet.root, fleet.sites[site]), site, LINKS)
        return _lenient(fleet).tenant_layers(document)
    except Rejected:
        return {}


def _hubs(fleet: Fleet, site: str) -> tuple[str, ...]:
    """The hub of a site of which no more than this can be read; else all that its document may mean."""
    lenient = _lenient(fleet).fleet
    try:
        document = _only_links(read_document(fleet.root, fleet.sites[site]), site, ("profiles", "uplink"))
    except Rejected:
        return hubs_named(fleet, site)
    if (
        check_schema(document, "Site")
        or not set(document.data["spec"].get("profiles") or ()) <= lenient.profiles.keys()
    ):
        return hubs_named(fleet, site)
    link = link_of(lenient, document)
    return (link.hub,) if link else ()


LINKS = ("hub", "profiles", "uplink", "tenants")
"""What a site's document says about its links."""


@lru_cache(maxsize=8)
def _lenient(fleet: Fleet) -> Resolver:
    """A resolver for the fleet in which profiles and tenants that cannot be used have what they say about links."""
    profiles = {**dict(_mended(fleet, "profiles", "Profile", LINKS)), **fleet.profiles}
    tenants = {**dict(_mended(fleet, "tenants", "Tenant", ("uplink",))), **fleet.tenants}
    return Resolver(replace(fleet, profiles=profiles, tenants=tenants))


def _mended(fleet: Fleet, section: str, kind: str, keys: Sequence[str]) -> Iterator[tuple[str, Document]]:
    for name in sorted(name for found, name in fleet.broken if found == section):
        try:
            document = _only_links(read_document(fleet.root, f"sites/{section}/{name}.yaml"), name, keys)
        except Rejected:
            continue
        if not check_schema(document, kind):
            yield name, document


def _only_links(document: Document, name: str, keys: Sequence[str]) -> Document:
    """The document without what has nothing to do with links, which stands under *keys*.

    What is not in its usual form stays, for the schema to see.
    """
    data = document.data
    spec = data.get("spec") if isinstance(data, dict) else None
    if not isinstance(spec, dict):
        return document
    said = {key: spec[key] for key in keys if key in spec}
    if isinstance(said.get("tenants"), dict):
        said["tenants"] = {name: _only_uplink(overlay) for name, overlay in said["tenants"].items()}
    return replace(document, data={**data, "metadata": {"name": name}, "spec": said})


def _only_uplink(overlay: Any) -> Any:
    if not isinstance(overlay, dict):
        return overlay
    return {"uplink": overlay["uplink"]} if "uplink" in overlay else {}


def _check_filters(tenants: Mapping[str, Mapping[str, Any]], document: Document) -> None:
    for name, spec in tenants.items():
        for direction, entries in (spec.get("uplink") or {}).items():
            wrong = next(filter(None, map(uplink_fault, filters_of(entries))), "")
            if wrong:
                place = document.place(("spec", "tenants", name, "uplink", direction))
                raise Rejected([error("W006", wrong, place)])


def unknown_children(hub: Document, children: Sequence[Child]) -> list[Diagnostic]:
    """The findings of a hub that has sites of which it is not known what they may do there, or how much they send."""
    return [*_lawless(hub, children), *_rateless(hub, children)]


def _lawless(hub: Document, children: Sequence[Child]) -> Iterator[Diagnostic]:
    unknown = [child for child in children if child.summary is None]
    if unknown:
        message = f"what {_who(unknown)} may do at hub {_name(hub)} cannot be read, so the hub stays as it is"
        hint = "mend the site's document, or take it out of the fleet"
        yield error("W050", message, hub.place(("metadata", "name")), hint=hint, related=_faults(unknown))


def _rateless(hub: Document, children: Sequence[Child]) -> Iterator[Diagnostic]:
    unknown = [child for child in children if child.fault and child.summary and child.summary.tenants]
    if unknown:
        sends = "sends" if len(unknown) == 1 else "send"
        message = f"what {_who(unknown)} {sends} to hub {_name(hub)} cannot be worked out, and is counted as nothing"
        hint = "mend the site's document; until then the hub may be made smaller than it has to be"
        yield warning("W056", message, hub.place(("metadata", "name")), hint=hint, related=_faults(unknown))


def _name(hub: Document) -> str:
    name: str = hub.data["metadata"]["name"]
    return name


def _who(sites: Sequence[Child]) -> str:
    return sites[0].site + (f" and {count(len(sites) - 1, 'other')}" if len(sites) > 1 else "")


def _faults(sites: Sequence[Child]) -> list[Related]:
    return [Related(f"{site.site}: {site.fault.message}", site.fault.place) for site in sites[:MOST] if site.fault]


MOST = 3
"""Sites that one finding points at."""
