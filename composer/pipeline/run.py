"""Many sites down the line: spread over processes, each under a deadline, none able to stop the others. Hubs come last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeVar

from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet
from composer.pipeline.children import Child
from composer.pipeline.line import Composed, Line
from composer.pipeline.links import Links
from composer.pipeline.workers import spread
from composer.stages.render import deadline

Result = TypeVar("Result")
Finish = Callable[[Composed], Result]

SECONDS = 60.0
"""How long one site may take. A thousand times what it needs, so that only a runaway template meets it."""


def compose_all(fleet: Fleet, names: Sequence[str], jobs: int, finish: Finish[Result]) -> Iterator[Result]:
    """*finish*(composed site) for each name: first the sites that are nobody's hub, then hubs, each time in order.

    It runs beside the rendering, so only its result travels.
    """
    links = Links(fleet, jobs)
    for some in in_turn(links, names):
        yield from compose_some(links, some, finish)


def in_turn(links: Links, names: Sequence[str]) -> Iterator[list[str]]:
    """The names in groups: whatever the sites of a group hang on comes in a later one, with all its children known by then."""
    yield [name for name in names if name not in links.hubs]
    for level in links.levels(name for name in names if name in links.hubs):
        links.complete(level)
        yield level


def compose_some(links: Links, names: Sequence[str], finish: Finish[Result]) -> Iterator[Result]:
    """*finish*(composed site) for each of these names, in order; what hubs have to know of them is kept in *links*."""
    line = Line(links.fleet, links.children)

    def done(composed: Composed) -> tuple[Result, Child | None]:
        return finish(composed), composed.child

    def work(name: str) -> tuple[Result, Child | None]:
        try:
            return done(compose_in_time(line, name))
        except MemoryError:
            message = f"site {name} needs more memory than a site may use"
            return done(Composed(name, (error("T091", message, Place(links.fleet.sites[name])).at_site(name),)))

    def lost(name: str) -> tuple[Result, Child | None]:
        finding = error(
            "T090",
            f"the process rendering site {name} died",
            Place(links.fleet.sites[name]),
            hint="a template may have asked for more memory than a site may use",
        )
        return done(Composed(name, (finding.at_site(name),)))

    for result, child in spread(work, names, links.jobs, lost) if names else ():
        links.learn(child)
        yield result


def compose_in_time(line: Line, name: str) -> Composed:
    """The site, or a finding where it took too long."""
    try:
        with in_time(line.fleet, name):
            return line.compose(name)
    except Rejected as expired:
        return Composed(name, tuple(finding.at_site(name) for finding in expired.diagnostics))


def in_time(fleet: Fleet, name: str) -> AbstractContextManager[None]:
    """Rejects where the body, which is about this site, takes longer than a site may."""
    return deadline(SECONDS, Place(fleet.sites[name]))


def without_objects(composed: Composed) -> Composed:
    """Only what a caller that shows findings needs: the rest would have to travel between processes."""
    return replace(composed, objects=(), copies={}, wiring=None, link=None, child=None)
