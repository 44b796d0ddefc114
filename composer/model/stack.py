"""One site on its way down the line: components with merged parameters, then what the composer worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from composer.model.component import Component, Layer
from composer.model.figures import Sizing
from composer.model.fleet import Fleet
from composer.model.grants import Flow, Grant, Permission
from composer.model.links import LinkSummary
from composer.model.share import Share
from composer.model.traffic import NO_TRAFFIC, Traffic
from composer.source.document import Document

__all__ = ["Component", "HubLink", "Layer", "Rendered", "Stack", "Wired", "Wiring"]


@dataclass(frozen=True, eq=False)
class Stack:
    """A site, resolved: *spec* is its merged spec, *tenants* maps each tenant at the site to its merged spec.

    *layers* are the layers of *spec*, *tenant_layers* those of each tenant's spec, lowest first.
    """

    site: str
    fleet: Fleet
    document: Document
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    tenants: Mapping[str, Mapping[str, Any]]
    components: tuple[Component, ...]
    layers: tuple[Layer, ...] = field(repr=False, default=())
    tenant_layers: Mapping[str, tuple[Layer, ...]] = field(repr=False, default_factory=dict)


class Wired(NamedTuple):
    """A component with the plain data its templates may read (docs/blueprints.md lists it)."""

    component: Component
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HubLink:
    """What a site knows of its hub: the hub's name, the host its bridge connects to, and the CA it trusts there."""

    site: str
    host: str
    ca: str


@dataclass(frozen=True, eq=False)
class Wiring:
    """A stack with everything the composer worked out: what each component renders from, who may do what, and what flows.

    *permissions* is what delivery may do at the cluster's API, *sizing* how large the broker has to be.
    *children* is what the site knows of the sites whose uplinks end there, *summary* what it tells its own hub.
    """

    stack: Stack
    wired: tuple[Wired, ...]
    grants: tuple[Grant, ...]
    flows: Mapping[Component, tuple[Flow, ...]]
    traffic: Traffic = NO_TRAFFIC
    permissions: tuple[Permission, ...] = ()
    sizing: Sizing | None = None
    shares: tuple[Share, ...] = ()
    children: tuple[LinkSummary, ...] = field(repr=False, default=())
    summary: LinkSummary | None = None


@dataclass(frozen=True, eq=False)
class Rendered:
    """One object and where it comes from: the component, the manifest template and the line its template starts on."""

    object: dict[str, Any]
    component: Component
    manifest: str
    line: int
