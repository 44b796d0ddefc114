"""Many sites down the line: spread over processes, each under a deadline, none able to stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet
from composer.pipeline.line import Composed, Line
from composer.pipeline.workers import spread
from composer.stages.render import deadline

Result = TypeVar("Result")

SECONDS = 60.0
"""How long one site may take. A thousand times what it needs, so that only a runaway template meets it."""


def compose_all(
    fleet: Fleet, names: Sequence[str], jobs: int, finish: Callable[[Composed], Result]
) -> Iterator[Result]:
    """*finish*(composed site) for each name, in order. It runs beside the rendering, so only its result travels."""
    line = Line(fleet)

    def work(name: str) -> Result:
        try:
            return finish(_in_time(line, name))
        except MemoryError:
            message = f"site {name} needs more memory than a site may use"
            return finish(Composed(name, (error("T091", message, Place(fleet.sites[name])).at_site(name),)))

    def lost(name: str) -> Result:
        finding = error(
            "T090",
            f"the process rendering site {name} died",
            Place(fleet.sites[name]),
            hint="a template may have asked for more memory than a site may use",
        )
        return finish(Composed(name, (finding.at_site(name),)))

    return spread(work, names, jobs, lost)


def _in_time(line: Line, name: str) -> Composed:
    """The site, or a finding where it took too long."""
    try:
        with deadline(SECONDS, Place(line.fleet.sites[name])):
            return line.compose(name)
    except Rejected as expired:
        return Composed(name, tuple(finding.at_site(name) for finding in expired.diagnostics))


def without_objects(composed: Composed) -> Composed:
    """Only what a caller that shows findings needs: the rest would have to travel between processes."""
    return replace(composed, objects=(), copies={}, wiring=None, link=None)
