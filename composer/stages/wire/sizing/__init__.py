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
from composer.stages.wire.sizing.sizes import (
    MOST,
    PARAMETERS,
    as_quantity,
    explained_formulas,
    figure,
    figures,
    replicas_of,
    size,
    unit_of,
)
from composer.stages.wire.surroundings import OFFLINE

__all__ = [
    "MOST",
    "PARAMETERS",
    "Part",
    "as_quantity",
    "check_sizing",
    "explained_formulas",
    "figure",
    "figures",
    "needs_of",
    "part_place",
    "parts_of",
    "replicas_of",
    "sizing_of",
    "unit_of",
]


Specs = Mapping[Component, Mapping[str, Any]]
"""Component -> its spec in the common shape."""


def sizing_of(stack: Stack, specs: Specs, traffic: Traffic, ingress: Component | None, sites: int = 0) -> Sizing:
    """The sizing of the site's broker, where the uplinks of so many *sites* end."""
    constants, _ = constants_of(stack.fleet)
    tenants = demands(rows_of(stack, specs, traffic, sites), tuple(stack.tenants))
    front = next((c for c in stack.components if c.role == "front"), None)
    return size(tenants, ingress, constants, duration(stack.spec.get("offline", OFFLINE)), front)


def check_sizing(
    stack: Stack, specs: Specs, traffic: Traffic, ingress: Component | None, sizing: Sizing, sites: int = 0
) -> list[Diagnostic]:
    """What is wrong with the constants that a *sizing* started from, and each need that is not met."""
    _, wrong = constants_of(stack.fleet)
    needs = needs_of(stack, sizing, ingress)
    return [*wrong, *check_needs(stack, sizing, ingress, lambda: parts_of(stack, specs, traffic, sites), needs)]
