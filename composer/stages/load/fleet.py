"""Loads what all sites share (the fleet's own document, its profiles and tenants), and single sites."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from composer.diagnostic import Diagnostic, Place, Rejected, error, in_order
from composer.model.complete import point_lacks
from composer.model.fleet import Fleet
from composer.source.document import Document
from composer.source.reader import read_document
from composer.stages.load.blueprints import load_blueprints
from composer.stages.load.links import check_link
from composer.stages.load.listing import (
    FLEET_FILE,
    PROFILES,
    TENANTS,
    Listing,
    list_folder,
    list_sites,
    name_fault,
)
from composer.stages.load.references import check_document
from composer.stages.load.schema import check_schema

Broken = dict[str, tuple[Diagnostic, ...]]
Drafts = Mapping[str, Document]


def load_fleet(root: Path, drafts: Drafts = MappingProxyType({})) -> tuple[Fleet, list[Diagnostic]]:
    """The fleet in folder *root*, and what is wrong with its shared documents and the names of its files.

    *drafts* (file -> document) take the place of files, for a look at what would be if they were written.

    A profile, tenant or site that cannot be used stands in Fleet.broken, so that only sites that use it fail.
    Raises Rejected where there is no fleet, or where fleet.yaml itself cannot be used.
    """
    listings = {
        "profiles": list_folder(root, PROFILES),
        "tenants": list_folder(root, TENANTS),
        "sites": list_sites(root),
    }
    tenants = listings["tenants"].files
    document = _fleet_document(root, drafts, tenants)
    profiles, bad_profiles = _shared(root, drafts, listings["profiles"], "Profile", tenants)
    good_tenants, bad_tenants = _shared(root, drafts, listings["tenants"], "Tenant", tenants)
    bad = {"profiles": bad_profiles, "tenants": bad_tenants, "sites": dict(listings["sites"].doubles)}
    broken = {(section, name): found for section, names in bad.items() for name, found in names.items()}
    findings = [
        *(finding for listing in listings.values() for finding in listing.findings),
        *(finding for found in broken.values() for finding in found),
    ]
    blueprints = load_blueprints(root)
    fleet = Fleet(root, document, profiles, good_tenants, listings["sites"].files, blueprints, broken, drafts)
    return fleet, in_order(findings)


def load_site(fleet: Fleet, name: str) -> Document:
    """The document of the site called *name*. Raises Rejected with everything that is wrong with it."""
    broken = fleet.broken.get(("sites", name))
    if broken:
        raise Rejected(broken)
    document = _read(fleet.root, fleet.drafts, fleet.sites[name])
    findings = check_schema(document, "Site") or _check_name(document, name)
    if findings:
        raise Rejected(findings)
    return document


def check_draft(fleet: Fleet, document: Document, kind: str, name: str) -> list[Diagnostic]:
    """What is wrong with a document of that *kind* by itself, before it stands in the fleet as *name*."""
    return check_schema(document, kind) or [
        *_check_name(document, name),
        *check_document(fleet.root, document, _tenants(fleet)),
    ]


def check_references(fleet: Fleet, site: Document) -> list[Diagnostic]:
    """What the site's document refers to and is not there: its hub, files, owners of devices it uses."""
    return in_order([*check_link(fleet, site), *check_document(fleet.root, site, _tenants(fleet))])


@lru_cache(maxsize=16)
def _tenants(fleet: Fleet) -> frozenset[str]:
    """The names of all tenants, whether their documents can be used or not."""
    return frozenset([*fleet.tenants, *(name for section, name in fleet.broken if section == "tenants")])


def _fleet_document(root: Path, drafts: Drafts, tenants: Collection[str]) -> Document:
    if not (root / FLEET_FILE).exists():
        hint = "run the composer inside a fleet or name one with -C DIR"
        raise Rejected(
            [error("D024", "there is no fleet here: it has no sites/fleet.yaml", Place(FLEET_FILE), hint=hint)]
        )
    document = _read(root, drafts, FLEET_FILE)
    findings = check_schema(document, "Fleet") or [
        *_check_points(document),
        *check_document(root, document, tenants),
    ]
    if findings:
        raise Rejected(findings)
    return document


def _check_points(document: Document) -> list[Diagnostic]:
    """What the fleet's device profiles lack. Those of tenants are looked at once layers are merged."""
    found = point_lacks(document.data["spec"])
    return [error("D012", f"spec.{lack.message}", document.place(("spec", *lack.route))) for lack in found]


def _shared(
    root: Path, drafts: Drafts, listing: Listing, kind: str, tenants: Collection[str]
) -> tuple[dict[str, Document], Broken]:
    """The documents of a listing that can be used, and what is wrong with the others, by name."""
    good: dict[str, Document] = {}
    broken: Broken = dict(listing.doubles)
    for name in sorted(listing.files.keys() - listing.doubles.keys()):
        try:
            document = _read(root, drafts, listing.files[name])
        except Rejected as rejected:
            broken[name] = rejected.diagnostics
            continue
        findings = check_schema(document, kind) or [
            *_check_name(document, name),
            *check_document(root, document, tenants),
        ]
        if findings:
            broken[name] = tuple(findings)
        else:
            good[name] = document
    return good, broken


def _read(root: Path, drafts: Drafts, file: str) -> Document:
    return drafts.get(file) or read_document(root, file)


def _check_name(document: Document, name: str) -> list[Diagnostic]:
    """Whether the document is called *name*, as its file is."""
    found = document.data["metadata"]["name"]
    if found == name:
        return []
    place = document.place(("metadata", "name"))
    fault = name_fault(found)
    if fault:
        return [error("D020", f"{found!r} cannot be a name: {fault}", place, hint=f"the file says {name}")]
    message = f"metadata.name is {found!r}, but the file is called {name}.yaml"
    return [error("D022", message, place, hint=f"write name: {name}, or call the file {found}.yaml")]
