"""A component of a site, and the layers that its values come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from composer.model.blueprint import Blueprint
from composer.source.document import Document, Route


class Layer(NamedTuple):
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

    @cached_property
    def label(self) -> str:
        """How messages name it: "press-mean of tenant acme" or "ingress"."""
        return f"{self.name} of tenant {self.tenant}" if self.tenant else self.name
