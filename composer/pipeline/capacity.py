"""What many sites need and get."""

from __future__ import annotations

from collections.abc import Sequence

from composer.model.capacity import SiteCapacity
from composer.model.figures import Need
from composer.model.fleet import Fleet
from composer.model.stack import Wiring
from composer.model.units import duration
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.stages.wire.sizing import needs_of


def site_capacities(fleet: Fleet, names: Sequence[str], jobs: int) -> list[SiteCapacity]:
    """The rows of each site, in the order of *names*."""
    return list(compose_all(fleet, names, jobs, _capacity))


def _capacity(composed: Composed) -> SiteCapacity:
    if not composed.ok or composed.wiring is None:
        return SiteCapacity(composed.site, ok=False, findings=composed.findings)
    return SiteCapacity(composed.site, True, composed.findings, *_rows(composed.wiring))


def _rows(wiring: Wiring) -> tuple[tuple[Need, ...], float, float | None]:
    ingress = next((c for c in wiring.stack.components if c.role == "ingress"), None)
    if wiring.sizing is None:
        return (), 0, None
    saved = ingress.params.get("autosaveInterval") if ingress else None
    needs = tuple(needs_of(wiring.stack, wiring.sizing, ingress))
    return needs, wiring.sizing.amounts["reconnect"], duration(saved) if saved is not None else None
