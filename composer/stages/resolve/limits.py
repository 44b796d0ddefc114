"""The fleet's limits on tenants, which no layer can exceed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Related, error
from composer.merge import origin
from composer.model.fleet import Fleet
from composer.model.stack import Layer
from composer.model.units import quantity

LIMIT_ROUTE = ("spec", "policies", "tenantLimits")


def check_limits(fleet: Fleet, tenant: str, spec: Mapping[str, Any], layers: Sequence[Layer]) -> list[Diagnostic]:
    """A finding for each figure of the tenant's quota above what policies.tenantLimits allows."""
    limits = (fleet.document.data["spec"].get("policies") or {}).get("tenantLimits") or {}
    quota = spec.get("quota") or {}
    return [
        _too_much(fleet, tenant, name, quota[name], limits[name], layers)
        for name in sorted(limits.keys() & quota.keys())
        if quantity(quota[name]) > quantity(limits[name])
    ]


def _too_much(
    fleet: Fleet, tenant: str, name: str, wanted: object, limit: object, layers: Sequence[Layer]
) -> Diagnostic:
    found = origin(layers, ("quota", name))
    declared = fleet.document.place((*LIMIT_ROUTE, name))
    return error(
        "L012",
        f"tenant {tenant} asks for {name} {wanted}, the fleet allows a tenant at most {limit}",
        found.place if found else declared,
        related=[Related("limit declared here", declared)],
    )
