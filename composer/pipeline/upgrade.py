"""Another version of a blueprint at chosen sites: which references change, and in which documents.

A reference in a site's own document is changed there. One in a shared document (a profile, a tenant, fleet.yaml) is
changed there only where every site that follows it is chosen; else each chosen site says the version itself, and the
others go on as they are. So a rollout may go ring by ring, and its last step leaves the shared documents right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.model.fieldpath import path_text
from composer.model.fleet import Fleet
from composer.pipeline.edit import Assignment, Target
from composer.source.document import Route
from composer.stages.load import FLEET_FILE, load_site
from composer.stages.resolve import Resolver, choose

COMMAND_LINE = Place("command line")
_VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*))?")


@dataclass(frozen=True, slots=True)
class _Reference:
    """What a document says: the *text* after `blueprint:` at *route* of a *file*; *own* where that is the site's own."""

    file: str
    route: Route
    text: str
    own: bool


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What to change, and *kept*: shared document -> how many sites follow it on, which were not chosen."""

    changes: Mapping[Target, Sequence[Assignment]]
    kept: Mapping[str, int] = field(default_factory=dict)


def wanted_reference(fleet: Fleet, name: str, version: str) -> str:
    """How documents write that version. Raises Rejected where it is none, or the fleet has no such blueprint."""
    if not _VERSION.fullmatch(version):
        hint = "a major version, such as 2, or an exact one, such as 1.4.2"
        raise Rejected([error("X002", f"--to {version!r} is not a version", COMMAND_LINE, hint=hint)])
    reference = f"{name}@{version}"
    choose(fleet, reference, lambda: COMMAND_LINE)
    return reference


def plan_upgrade(fleet: Fleet, name: str, reference: str, chosen: Sequence[str]) -> Upgrade:
    """The edits after which the chosen sites use *reference* wherever they use the blueprint called *name*.

    Raises Rejected where a chosen site cannot be looked at, or none uses the blueprint.
    """
    used, broken = _references(fleet, name)
    wanted = frozenset(chosen)
    wrong = [finding for site in chosen for finding in broken.get(site, ())]
    if wrong:
        raise Rejected(wrong)
    if not any(used.get(site) for site in chosen):
        hint = "`composer explain` and `composer images` tell what sites use"
        raise Rejected([error("E005", f"no chosen site uses the blueprint {name}", COMMAND_LINE, hint=hint)])
    followers = _followers(used)
    changes: dict[Target, list[Assignment]] = {}
    kept: dict[str, set[str]] = {}
    for site in chosen:
        for route, found in used.get(site, {}).items():
            if found.text == reference:
                continue
            others = followers[found.file, found.route] - wanted | (broken.keys() - wanted)
            if not found.own and others:
                kept.setdefault(found.file, set()).update(others)
                file, place = fleet.sites[site], ("spec", *route, "blueprint")
            else:
                file, place = found.file, found.route
            assignment = Assignment(path_text(place), reference)
            made = changes.setdefault(_target(fleet, site, file), [])
            if assignment not in made:
                made.append(assignment)
    return Upgrade(changes, {file: len(sites) for file, sites in sorted(kept.items())})


def _references(
    fleet: Fleet, name: str
) -> tuple[dict[str, dict[Route, _Reference]], dict[str, tuple[Diagnostic, ...]]]:
    """Site -> where it uses the blueprint -> what says so; and the sites that cannot be looked at, with the reason."""
    resolver = Resolver(fleet)
    used: dict[str, dict[Route, _Reference]] = {}
    broken: dict[str, tuple[Diagnostic, ...]] = {}
    for site in sorted(fleet.sites):
        try:
            document = load_site(fleet, site)
            uses = resolver.uses(document)
        except Rejected as rejected:
            broken[site] = rejected.diagnostics
            continue
        for route, layers in uses.items():
            layer = next((layer for layer in reversed(layers) if layer.data.get("blueprint")), None)
            if layer is None or layer.data["blueprint"].partition("@")[0] != name:
                continue
            # What the composer gives every site stands in no document: the fleet's defaults are where to say otherwise.
            place = ("spec", "defaults", *route) if layer.name == "composer" else layer.route
            reference = _Reference(
                layer.document.file, (*place, "blueprint"), layer.data["blueprint"], layer.document is document
            )
            used.setdefault(site, {})[route] = reference
    return used, broken


def _followers(used: Mapping[str, Mapping[Route, _Reference]]) -> dict[tuple[str, Route], frozenset[str]]:
    """The sites that follow each reference of a shared document, or have it in their own."""
    found: dict[tuple[str, Route], set[str]] = {}
    for site, references in used.items():
        for reference in references.values():
            found.setdefault((reference.file, reference.route), set()).add(site)
    return {place: frozenset(sites) for place, sites in found.items()}


def _target(fleet: Fleet, site: str, file: str) -> Target:
    if file == fleet.sites[site]:
        return Target("sites", site, file)
    if file == FLEET_FILE:
        return Target("fleet", "", file)
    section, documents = ("profiles", fleet.profiles)
    if not any(document.file == file for document in documents.values()):
        section, documents = ("tenants", fleet.tenants)
    name = next(name for name, document in documents.items() if document.file == file)
    return Target(section, name, file)
