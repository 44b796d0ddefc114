"""What many sites need and get."""

from __future__ import annotations

from collections.abc import Sequence

from composer.model.budget import UplinkDay
from composer.model.capacity import SiteCapacity
from composer.model.figures import BESIDES, Need
from composer.model.fleet import Fleet
from composer.model.stack import Wiring
from composer.model.units import duration
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.pipeline.watch import Watch, counted, unwatched
from composer.stages.check import CheckContext
from composer.stages.check.usage import pod_needs
from composer.stages.wire.budget import Overhead, budget
from composer.stages.wire.sizing import needs_of


def site_capacities(fleet: Fleet, names: Sequence[str], jobs: int, watch: Watch = unwatched) -> list[SiteCapacity]:
    """The rows of each site, in the order of *names*."""
    made = counted(compose_all(fleet, names, jobs, capacity_of), watch, len(names))
    found = {capacity.site: capacity for capacity in made}
    return [found[name] for name in names]


def capacity_of(composed: Composed) -> SiteCapacity:
    """The rows of one site."""
    if not composed.ok or composed.wiring is None:
        return SiteCapacity(composed.site, ok=False, findings=composed.findings)
    needs, saved = _rows(composed.wiring)
    figures = composed.wiring.sizing.amounts if composed.wiring.sizing else dict.fromkeys(BESIDES.values(), 0.0)
    traffic, idle, reconnect = (figures[name] for name in BESIDES.values())
    day = _uplink(composed.wiring)
    needs = (*needs, *pod_needs(composed.objects, CheckContext.of(composed.wiring)), *uplink_needs(day))
    return SiteCapacity(composed.site, True, composed.findings, needs, traffic, idle, reconnect, saved, day)


def _uplink(wiring: Wiring) -> UplinkDay | None:
    if wiring.sizing is None:
        return None
    found = budget(wiring.stack, wiring.traffic, Overhead.of(wiring.sizing.amounts))
    return found.day() if found else None


def uplink_needs(day: UplinkDay | None) -> tuple[Need, ...]:
    """The day's bytes beside the budget, where there is one."""
    if day is None or day.limit is None:
        return ()
    return (Need("uplink in a day", "", "", day.total, day.limit, "bytes", "uplink.dailyBudget"),)


def _rows(wiring: Wiring) -> tuple[tuple[Need, ...], float | None]:
    ingress = next((c for c in wiring.stack.components if c.role == "ingress"), None)
    if wiring.sizing is None:
        return (), None
    saved = ingress.params.get("autosaveInterval") if ingress else None
    needs = tuple(needs_of(wiring.stack, wiring.sizing, ingress))
    return needs, duration(saved) if saved is not None else None
