"""One site on its way down the line: components with merged parameters, then what the composer worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from composer.model.blueprint import Blueprint
from composer.model.fleet import Fleet
from composer.model.grants import Flow, Grant
from composer.source.document import Document, Route


@dataclass(frozen=True, slots=True)
class Layer:
    """One level of values: *data* stands at *route* of *document*; *name* is how people call it ("profile k3s-small")."""

    name: str
    data: Any
    document: Document
    route: Route


@dataclass(frozen=True, eq=False)
class Component:
    """One use of a blueprint at a site. *tenant* is "" for the platform.

    *spec* is the merged entry without its params (from, to, do, on, emits, bus, devices...), *params* the merged,
    checked and normalised parameters. *layers* and *param_layers* are what they were merged from, lowest first, so
    that the origin of any value can be asked for later. *shared* says that no site's own document has a part in it.
    """

    name: str
    role: str
    tenant: str
    blueprint: Blueprint
    spec: Mapping[str, Any]
    params: Mapping[str, Any]
    layers: tuple[Layer, ...] = field(repr=False, default=())
    param_layers: tuple[Layer, ...] = field(repr=False, default=())
    shared: bool = False

    @property
    def label(self) -> str:
        """How messages name it: "press-mean of tenant acme" or "ingress"."""
        return f"{self.name} of tenant {self.tenant}" if self.tenant else self.name


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


@dataclass(frozen=True, eq=False)
class Wired:
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
    """A stack with everything the composer worked out: what each component renders from, and who may do what."""

    stack: Stack
    wired: tuple[Wired, ...]
    grants: tuple[Grant, ...]
    flows: Mapping[Component, tuple[Flow, ...]]


@dataclass(frozen=True, eq=False)
class Rendered:
    """One object and where it comes from: the component, the manifest template and the line its template starts on."""

    object: dict[str, Any]
    component: Component
    manifest: str
    line: int
