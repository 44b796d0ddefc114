"""Where something that wiring talks about was written."""

from __future__ import annotations

from composer.diagnostic import Place
from composer.merge import origin
from composer.model.stack import Component, Stack
from composer.model.traffic import Said
from composer.source.document import Route


def place_of(component: Component, route: Route = (), *, key: bool = False) -> Place:
    """Where the value at *route* of the component's entry was set, or its nearest surroundings."""
    for length in range(len(route), 0, -1):
        found = origin(component.layers, route[:length])
        if found is not None:
            layer = found.layer
            return layer.document.place((*layer.route, *route[:length]), key=key)
    top = component.layers[-1]
    return top.document.place(top.route, key=key)


def param_place(component: Component, route: Route) -> Place:
    """Where the parameter at *route* was set, or else the component."""
    found = origin(component.param_layers, route)
    return found.place if found else place_of(component, key=True)


def tenant_place(stack: Stack, tenant: str, route: Route) -> Place:
    """Where the value at *route* of the tenant's merged spec was set."""
    found = origin(stack.tenant_layers[tenant], route)
    return found.place if found else stack.document.place(("spec", "tenants", tenant))


def said_place(stack: Stack, said: Said, *inside: str | int) -> Place:
    """Where a document implies a row of traffic, or what stands *inside* of the value there, such as its qos."""
    route = (*said.route, *inside)
    if said.component is not None:
        return place_of(said.component, route, key=not route)
    if not said.tenant:
        return _spec_place(stack, route)
    for length in range(len(route), 0, -1):
        found = origin(stack.tenant_layers[said.tenant], route[:length])
        if found is not None:
            return found.place
    return tenant_place(stack, said.tenant, route)


def _spec_place(stack: Stack, route: Route) -> Place:
    """Where a layer of the site sets the value at *route*, or its surroundings; or else the fleet."""
    for length in range(len(route), 0, -1):
        found = origin(stack.layers, route[:length])
        if found is not None:
            return found.place
    return stack.fleet.document.place(("spec", *route), key=True)
