"""The line of a document that implies a row: a grant, a network flow or a permission of delivery."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from composer.diagnostic import Place
from composer.merge import origin
from composer.model.fleet import Fleet
from composer.model.grants import Flow, Grant, Permission, Said
from composer.model.links import over_the_link
from composer.model.stack import Component, Layer, Stack
from composer.model.uplink import filters_of
from composer.pipeline.children import uplink_layers
from composer.source.document import Route
from composer.stages.wire.places import place_of, said_place


def grant_place(stack: Stack, grant: Grant) -> Place:
    """Where a document implies the grant. Rows of other sites' bridges are implied by those sites' documents."""
    return _place(stack, grant.said)


def flow_place(stack: Stack, component: Component, flow: Flow) -> Place:
    """Where a document implies the flow: where nothing more than the component itself does, its entry."""
    return _place(stack, flow.said) if flow.said else place_of(component, key=True)


def permission_place(stack: Stack, permission: Permission) -> Place:
    """Where a document implies the permission."""
    return _place(stack, permission.said)


def said_place_of(stack: Stack, said: Said | Route) -> Place:
    """Where a document implies something, or where the site's own spec says what is at a route."""
    return _place(stack, said if isinstance(said, Said) else Said("", said))


def _place(stack: Stack, said: Said | None) -> Place:
    if said is None:
        return stack.document.place(("spec",))
    return _elsewhere(stack.fleet, said) if said.site else said_place(stack, said)


def _elsewhere(fleet: Fleet, said: Said) -> Place:
    """Where the documents of another site let a filter over its uplink: in the tenant's or in its own."""
    *above, text = said.route
    layers = _layers(fleet, said.site).get(said.tenant, ())
    found = origin(layers, tuple(above))
    if found is None:
        return Place(fleet.sites[said.site])
    filters = [over_the_link(each) for each in filters_of(found.value)]
    inner = origin(layers, (*above, filters.index(str(text)))) if text in filters else None
    return (inner or found).place


@lru_cache(maxsize=16)
def _layers(fleet: Fleet, site: str) -> Mapping[str, tuple[Layer, ...]]:
    """Rows come site by site, so few have to be kept."""
    return uplink_layers(fleet, site)
