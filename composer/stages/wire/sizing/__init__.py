"""How large everything has to be: what the site's documents ask for, figures that follow, and what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composer.diagnostic import Diagnostic
from composer.model.figures import Sizing
from composer.model.stack import Component, Stack
from composer.model.traffic import Traffic
from composer.model.units import duration
from composer.stages.wire.sizing.demand import Part, demands, parts_of, rows_of
from composer.stages.wire.sizing.findings import check_needs, part_place
from composer.stages.wire.sizing.needs import needs_of
from composer.stages.wire.sizing.overrides import constants_of
from composer.stages.wire.sizing.sizes import PARAMETERS, explained_formulas, figure, figures, size, unit_of
from composer.stages.wire.surroundings import OFFLINE

__all__ = [
    "PARAMETERS",
    "Part",
    "explained_formulas",
    "figure",
    "figures",
    "needs_of",
    "part_place",
    "parts_of",
    "sizing_of",
    "unit_of",
]


def sizing_of(
    stack: Stack,
    specs: Mapping[Component, Mapping[str, Any]],
    traffic: Traffic,
    ingress: Component | None,
    findings: list[Diagnostic],
    sites: int = 0,
) -> Sizing:
    """The sizing of the site's broker, where the uplinks of so many *sites* end; *findings* takes what is wrong with it."""
    constants, wrong = constants_of(stack.fleet)
    findings += wrong
    rows = rows_of(stack, specs, traffic, sites)
    tenants = demands(rows, tuple(stack.tenants))
    found = size(tenants, ingress, constants, duration(stack.spec.get("offline", OFFLINE)))
    findings += check_needs(stack, found, ingress, lambda: list(map(Part._make, rows)), needs_of(stack, found, ingress))
    return found
