"""What the rest of a fleet says once some of its sites are gone: of them, only hubs know."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from composer.diagnostic import Diagnostic, Place, error
from composer.model.fleet import Fleet
from composer.model.wording import count, first_few
from composer.pipeline.line import Composed
from composer.pipeline.links import hubs_of
from composer.pipeline.run import compose_all


def consequences(fleet: Fleet, going: Collection[str], jobs: int) -> tuple[Diagnostic, ...]:
    """The findings that the sites which stay have only without those that are *going*."""
    hubs = _above(fleet, going)
    if not hubs:
        return ()
    rest = replace(fleet, sites={name: file for name, file in fleet.sites.items() if name not in going})
    before = {(finding.code, finding.place) for finding in _findings(fleet, hubs, jobs)}
    return tuple(each for each in _findings(rest, hubs, jobs) if (each.code, each.place) not in before)


def refusal(documents: Mapping[str, str], found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Why the sites must not go, where errors are among what is *found*: these, and what helps."""
    errors = [finding for finding in found if finding.is_error]
    if not errors:
        return []
    broken = sorted({finding.site for finding in errors})
    message = (
        f"without {first_few(sorted(documents))}, {count(len(errors), 'error')} would arise at {first_few(broken)}"
    )
    place = Place(next(iter(documents.values())))
    return [*found, error("B085", message, place, hint="mend that first, or say --allow-errors")]


def _above(fleet: Fleet, going: Collection[str]) -> list[str]:
    """The hubs that stay of the sites that go, and those above them, in order."""
    found: set[str] = set()
    waiting = sorted(going)
    while waiting:
        hubs = (hub for hub in hubs_of(fleet, waiting.pop()) if hub in fleet.sites and hub not in going)
        new = sorted(set(hubs) - found)
        found.update(new)
        waiting += new
    return sorted(found)


def _findings(fleet: Fleet, hubs: Sequence[str], jobs: int) -> list[Diagnostic]:
    return [finding for findings in compose_all(fleet, hubs, jobs, _said) for finding in findings]


def _said(composed: Composed) -> tuple[Diagnostic, ...]:
    return composed.findings
