"""What no layer says although somebody must."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, Place, error
from composer.model.complete import COMPONENT, SITE, TENANT, Lack, lacks, point_lacks
from composer.source.document import Route

Where = Callable[[Route], Place]
"""Where the value at a route was set, or the nearest value around it."""


def check_site(spec: Mapping[str, Any], where: Where) -> list[Diagnostic]:
    """What a site's merged spec lacks."""
    return _findings(lacks(spec, SITE), "", where)


def check_tenant(name: str, spec: Mapping[str, Any], where: Where) -> list[Diagnostic]:
    """What a tenant's merged spec lacks."""
    return _findings([*lacks(spec, TENANT), *point_lacks(spec)], f"tenant {name}: ", where)


def check_component(name: str, role: str, spec: Mapping[str, Any], where: Where) -> list[Diagnostic]:
    """What the merged entry of a stream, function or gateway lacks."""
    return _findings(lacks(spec, COMPONENT.get(role, ())), f"{name}: ", where)


def _findings(found: Iterable[Lack], label: str, where: Where) -> list[Diagnostic]:
    return [error("L013", f"{label}{lack.message}", where(lack.route)) for lack in found]
