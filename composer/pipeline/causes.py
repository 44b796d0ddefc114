"""Which changed line of a document caused which change of an object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from composer.diagnostic import Diagnostic, Place, Rejected, Severity
from composer.git.lines import Lines, changed_lines, on_changed_lines
from composer.model.explanation import Input
from composer.model.fieldpath import resolve_path
from composer.model.fleet import Fleet
from composer.model.stack import Wired
from composer.pipeline.answers import Answers
from composer.pipeline.line import Line
from composer.pipeline.run import in_time
from composer.source.document import Route
from composer.stages.compare import SITE, Action, Comparison, GroupedChange, Identity, identity_of
from composer.stages.render import Traced, compile_blueprint, trace

_SITES = 8
"""Sites that are rendered once more, slowly. A distinct change is asked for at one of its sites."""

_NOTES = 50
_OBJECTS = 5
_ROW = re.compile(r"((?:sites|blueprints)/[^\s:]+):(\d+):(\d+)")
"""The place that stands in a row which the composer worked out."""


def causes(fleet: Fleet, comparison: Comparison, revision: str) -> list[Diagnostic]:
    """A note on each line that differs from *revision* and that a change of an object goes back to.

    What was taken out of a document has no line, and what is new as a whole needs none. Of very many distinct changes,
    only those of a few sites are looked at. Raises Rejected for an unknown revision.
    """
    changed = {file: lines for file, lines in changed_lines(fleet.root, revision).items() if not lines.new}
    if not changed:
        return []
    found: dict[tuple[str, int], tuple[Place, dict[Identity, GroupedChange]]] = {}
    for site, groups in _by_site(comparison):
        for place, group in _at_site(fleet, site, groups, changed):
            caused = found.setdefault((place.file, place.line), (place, {}))[1]
            caused[group.change.identity] = group
    return [_note(place, list(caused.values())) for _, (place, caused) in sorted(found.items())[:_NOTES]]


def _by_site(comparison: Comparison) -> list[tuple[str, list[GroupedChange]]]:
    """The first few sites, with the distinct changes to be asked for there."""
    found: dict[str, list[GroupedChange]] = {}
    for group in comparison.groups:
        if group.change.action is not Action.REMOVED:
            site = next((site for site in group.sites if site in found), group.sites[0])
            found.setdefault(site, []).append(group)
    return list(found.items())[:_SITES]


def _at_site(
    fleet: Fleet, site: str, groups: Sequence[GroupedChange], changed: Mapping[str, Lines]
) -> Iterator[tuple[Place, GroupedChange]]:
    """Each changed line with each change that goes back to it. A site that cannot be traced has none."""
    try:
        with in_time(fleet, site):
            wiring = Line(fleet).wire(site)
            objects = {
                identity_of("", traced.rendered.object): (Answers(wiring, wired), traced)
                for wired in wiring.wired
                for traced in _traced(wired)
            }
    except Rejected:
        return
    for group in groups:
        identity = Identity(*(part.replace(SITE, site) for part in group.change.identity))
        if identity in objects:
            answers, traced = objects[identity]
            places = _places(answers, traced, _routes(group, traced, site))
            yield from ((place, group) for place in places if place.line and on_changed_lines(place, changed))


def _traced(wired: Wired) -> list[Traced]:
    return trace(compile_blueprint(wired.component.blueprint), wired.component, wired.context)


def _routes(group: GroupedChange, traced: Traced, site: str) -> Iterator[Route]:
    """Where in the object the fields are that differ; an object that comes differs as a whole."""
    if group.change.action is Action.ADDED:
        yield ()
    for field in group.change.fields:
        route = resolve_path(field.path.replace(SITE, site), traced.rendered.object)
        if route is not None:
            yield route


def _places(answers: Answers, traced: Traced, routes: Iterator[Route]) -> Iterator[Place]:
    """Where documents say what stands at these fields."""
    reads = dict.fromkeys(read for route in routes for _, origin in traced.at(route) for read in origin.reads)
    for read in reads:
        yield from _said(answers.input(read))


def _said(found: Input) -> Iterator[Place]:
    yield from (said.place for said in found.said)
    for row in found.derived:
        yield from (Place(file, int(line), int(column)) for file, line, column in _ROW.findall(row))


def _note(place: Place, groups: Sequence[GroupedChange]) -> Diagnostic:
    sites = {site for group in groups for site in group.sites}
    named = ", ".join(_named(group) for group in groups[:_OBJECTS])
    more = f" and {len(groups) - _OBJECTS:,} more" if len(groups) > _OBJECTS else ""
    where = next(iter(sites)) if len(sites) == 1 else f"{len(sites):,} sites"
    return Diagnostic("R011", f"changes {named}{more} at {where}", place, Severity.NOTE)


def _named(group: GroupedChange) -> str:
    """An object, and what to look at twice."""
    risks = ", ".join(dict.fromkeys(str(danger.risk) for danger in group.change.dangers))
    return f"{group.change.identity}{f' ({risks})' if risks else ''}"
