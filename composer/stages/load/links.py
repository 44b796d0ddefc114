"""The way from a site to its hub, and from there to that hub's own, which must come to an end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from composer.diagnostic import Diagnostic, Place, Rejected, Related, did_you_mean, error
from composer.model.fleet import Fleet
from composer.source.document import Document, Route
from composer.source.files import decode, read_bytes
from composer.source.reader import parse, read_document
from composer.stages.load.schema import check_schema


@dataclass(frozen=True, slots=True)
class Link:
    """The *hub* of a site, and where that is written: by the site, a profile or the fleet's defaults."""

    hub: str
    document: Document
    route: Route

    @property
    def place(self) -> Place:
        return self.document.place(self.route)


def check_link(fleet: Fleet, site: Document) -> list[Diagnostic]:
    """What is wrong with the site's way to its hub. Hubs are read once, however many sites they have."""
    link = link_of(fleet, site)
    if link is None:
        return []
    if link.hub not in fleet.sites:
        hint = did_you_mean(link.hub, fleet.sites)
        return [error("D030", f"there is no site {link.hub!r} to be the hub", link.place, hint=hint)]
    return _check_chain(fleet, site.data["metadata"]["name"], link)


def link_of(fleet: Fleet, site: Document) -> Link | None:
    """The site's link to its hub as the layers have it, or None where there is none."""
    for document, route in _layers(fleet, site):
        spec = document.data["spec"]
        layer = spec if len(route) == 1 else spec.get(route[1]) or {}
        if "uplink" not in layer:
            continue
        uplink = layer["uplink"]
        if uplink is None:
            return None
        if "site" in uplink:
            return Link(uplink["site"], document, (*route, "uplink", "site")) if uplink["site"] else None
    return None


def _layers(fleet: Fleet, site: Document) -> Iterator[tuple[Document, Route]]:
    """What may say something about a site, highest layer first, each with the route of its values."""
    yield site, ("spec",)
    for name in reversed(site.data["spec"].get("profiles") or ()):
        if name in fleet.profiles:
            yield fleet.profiles[name], ("spec",)
    yield fleet.document, ("spec", "defaults")


def _check_chain(fleet: Fleet, site: str, link: Link) -> list[Diagnostic]:
    """Follows the hubs' own uplinks until there is none, or one leads back to a site that was passed."""
    passed, hub, next_link = [site], link.hub, link
    while hub not in passed:
        passed.append(hub)
        document = _hub(fleet, hub)
        if not isinstance(document, Document):
            return [_unusable(hub, document, link)] if hub == link.hub else []
        following = link_of(fleet, document)
        if following is None or following.hub not in fleet.sites:
            return []
        hub, next_link = following.hub, following
    circle = " -> ".join([*passed[passed.index(hub) :], hub])
    related = [] if next_link is link else [Related("and leads back from here", next_link.place)]
    message = f"the uplinks lead in a circle: {circle}"
    return [error("D031", message, link.place, hint="a hub's own uplink must lead further up", related=related)]


@lru_cache(maxsize=256)
def _hub(fleet: Fleet, name: str) -> Document | tuple[Diagnostic, ...]:
    """The hub's document, or what is wrong with it."""
    broken = fleet.broken.get(("sites", name))
    if broken:
        return broken
    try:
        file = fleet.sites[name]
        document = fleet.drafts.get(file) or read_document(fleet.root, file)
    except Rejected as rejected:
        return rejected.diagnostics
    return tuple(check_schema(document, "Site")) or document


def way_up(fleet: Fleet, hub: str) -> Iterator[Document]:
    """The hub's document, that of its own hub, and so on, as far as they can be used."""
    passed: set[str] = set()
    while hub in fleet.sites and hub not in passed:
        passed.add(hub)
        document = _hub(fleet, hub)
        if not isinstance(document, Document):
            return
        yield document
        link = link_of(fleet, document)
        hub = link.hub if link else ""


def _unusable(hub: str, findings: tuple[Diagnostic, ...], link: Link) -> Diagnostic:
    related = [Related(findings[0].message, findings[0].place)]
    return error("D033", f"the hub {hub} cannot be used: its own document has errors", link.place, related=related)


_WORD = re.compile(rb"[a-z0-9-]+")


def possible_hubs(fleet: Fleet) -> frozenset[str]:
    """The sites that may be somebody's hub; no other site is one."""
    return _looked_through(fleet).hubs


def document_digest(fleet: Fleet, site: str) -> str:
    """The digest of the bytes of a site's document, as it was when the sites were looked through; "" where it cannot be read."""
    return _looked_through(fleet).digests.get(site, "")


class _Look(NamedTuple):
    """What one look at the documents of all sites tells: the sites they may name as hubs, and the digest of each."""

    hubs: frozenset[str]
    digests: Mapping[str, str]


@lru_cache(maxsize=8)
def _looked_through(fleet: Fleet) -> _Look:
    """Ten thousand documents are looked through, not parsed."""
    hubs = {hub for hub in _shared_hubs(fleet).values() if hub in fleet.sites}
    digests: dict[str, str] = {}
    for site, file in fleet.sites.items():
        with suppress(Rejected):
            text = read_bytes(fleet.root, file)
            digests[site] = sha256(text).hexdigest()
            hubs |= _named(fleet, site, _spelled_out(text, file))
    return _Look(frozenset(hubs), digests)


def hubs_named(fleet: Fleet, site: str) -> tuple[str, ...]:
    """The hubs that a site whose document cannot be used may have: those it names, or its profiles or the fleet do."""
    text = b""
    with suppress(Rejected):
        text = _spelled_out(read_bytes(fleet.root, fleet.sites[site]), fleet.sites[site])
    words = _words(text)
    hubs = {hub for profile, hub in _shared_hubs(fleet).items() if not profile or profile in words}
    return tuple(sorted({hub for hub in hubs if hub in fleet.sites and hub != site} | _named(fleet, site, text)))


def _named(fleet: Fleet, site: str, text: bytes) -> frozenset[str]:
    """The sites of which *text*, a site's document that speaks of an uplink, holds the name."""
    words = _words(text) if b"uplink" in text else ()
    return frozenset(word for word in words if word in fleet.sites and word != site)


def _words(text: bytes) -> frozenset[str]:
    return frozenset(word.decode() for word in _WORD.findall(text))


def _spelled_out(text: bytes, file: str) -> bytes:
    """A document as it stands there. Only escapes can hide what it says; where there are any, it is read."""
    if b"\\" not in text:
        return text
    return text + repr(parse(decode(text, file), file).data).encode()


@lru_cache(maxsize=8)
def _shared_hubs(fleet: Fleet) -> Mapping[str, str]:
    """Profile -> the hub it names; "" stands for the fleet's defaults."""
    specs = {name: profile.data["spec"] for name, profile in fleet.profiles.items()}
    specs[""] = fleet.document.data["spec"].get("defaults") or {}
    return {name: (spec.get("uplink") or {}).get("site") or "" for name, spec in specs.items()}
