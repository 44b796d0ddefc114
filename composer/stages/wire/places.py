"""Where something that wiring talks about was written."""

from __future__ import annotations

from composer.diagnostic import Place
from composer.merge import origin
from composer.model.stack import Component
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
