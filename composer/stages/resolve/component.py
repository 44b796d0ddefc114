"""One component: which blueprint, which body, which parameters, each from the layers that speak of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.merge import merge_layers, origin
from composer.model.blueprint import Blueprint
from composer.model.fleet import Fleet
from composer.model.stack import Component, Layer
from composer.source.document import Route
from composer.stages.resolve.blueprints import choose
from composer.stages.resolve.complete import check_component
from composer.stages.resolve.entries import sub_layer, without
from composer.stages.resolve.rules import rules_of


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the layering at a site: its name, and its parameters for every use of a blueprint, if it has any."""

    name: str
    everywhere: Layer | None = None


def build(
    fleet: Fleet, levels: Sequence[Level], *, name: str, tenant: str, role: str, layers: Sequence[Layer], shared: bool
) -> tuple[Component, list[Diagnostic]]:
    """The component that *layers* (lowest first) describe. Raises Rejected where no blueprint can be told.

    *role* is the one its blueprint should have, "" for any; what a component of another role lacks is nobody's mistake.
    """
    named = _blueprint_layer(name, layers)
    blueprint = choose(fleet, named.data["blueprint"], lambda: blueprint_place(layers))
    spec, findings = merge_layers(without(layers, "params", "blueprint"))
    param_layers = _param_layers(blueprint, levels, _since_blueprint_changed(layers))
    params, more = merge_layers(param_layers)
    where = place_in(param_layers, lambda: blueprint_place(layers))
    normalised, wrong = rules_of(blueprint).normalise(params, place=where, label=f"{name} ({blueprint.name})")
    component = Component(
        name, blueprint.role, tenant, blueprint, spec, normalised, tuple(layers), param_layers, shared
    )
    around = place_in(layers, lambda: blueprint_place(layers))
    missing = check_component(name, blueprint.role, spec, around) if role in ("", blueprint.role) else []
    return component, [*findings, *more, *wrong, *missing]


def blueprint_place(layers: Sequence[Layer]) -> Place:
    """Where the component's blueprint is named."""
    layer = next((x for x in reversed(layers) if x.data.get("blueprint")), layers[-1])
    return layer.document.place((*layer.route, "blueprint"))


def place_in(layers: Sequence[Layer], fallback: Callable[[], Place]) -> Callable[[Route], Place]:
    """Where the value at a route was set, or the nearest value around it; *fallback* where no document has it."""

    def find(route: Route) -> Place:
        for length in range(len(route), 0, -1):
            found = origin(layers, route[:length])
            if found is not None:
                return found.place
        return fallback()

    return find


def _blueprint_layer(name: str, layers: Sequence[Layer]) -> Layer:
    """The highest layer that names a blueprint."""
    for layer in layers[::-1]:
        if layer.data.get("blueprint"):
            return layer
    place = layers[-1].document.place(layers[-1].route, key=True)
    message = f"{name} has no blueprint: no layer says which one it uses"
    raise Rejected(
        [error("L009", message, place, hint="add `blueprint: name@major`, or check the name for a typing error")]
    )


def _since_blueprint_changed(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The layers from the one that last changed the blueprint's name: parameters of another blueprint mean nothing."""
    start, current = 0, ""
    for index, layer in enumerate(layers):
        name = (layer.data.get("blueprint") or current).partition("@")[0]
        if current and name != current:
            start = index
        current = name
    return layers[start:]


def _param_layers(blueprint: Blueprint, levels: Sequence[Level], layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Blueprint defaults, then level by level what holds for every use and what this use says."""
    own = {layer.name: sub_layer(layer, "params") for layer in layers}
    rules = rules_of(blueprint)
    found = [Layer(f"blueprint {blueprint.label}", rules.defaults, rules.declared, ())]
    for level in levels:
        everywhere = sub_layer(level.everywhere, blueprint.name, "params") if level.everywhere else None
        found += [layer for layer in (everywhere, own.get(level.name)) if layer is not None]
    return tuple(found)
