"""Layers of plain data put on top of each other, and where a value of the result comes from.

Mappings merge key by key; lists and scalars replace; null removes what lower layers said. Nothing is copied
that stays the same, nothing given is ever changed, and origins are worked out only when asked for, by
replaying the layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Diagnostic, Place, error
from composer.model.stack import Layer
from composer.source.document import Route


def merge(lower: Any, upper: Any) -> Any:
    """*upper* on top of *lower*. A null that removes nothing is passed over."""
    return _merged(lower, upper, [])


def merge_layers(layers: Sequence[Layer]) -> tuple[dict[str, Any], list[Diagnostic]]:
    """What the layers (lowest first) come to, with a finding for each null that has nothing to remove."""
    merged: dict[str, Any] = {}
    findings: list[Diagnostic] = []
    for layer in layers:
        vain: list[str] = []
        lower, merged = merged, _merged(merged, layer.data or {}, vain)
        if vain:
            findings += [_nothing_to_remove(layer, route) for route in _vain_nulls(lower, layer.data, ())]
    return merged, findings


def _merged(lower: Any, upper: Any, vain: list[str]) -> Any:
    """The merge; *vain* takes the keys of nulls with nothing to remove, where there are any."""
    if not isinstance(upper, dict):
        return upper
    if not isinstance(lower, dict):
        return _without_nulls(upper, vain)
    if not upper:
        return lower
    result = dict(lower)
    for key, value in upper.items():
        if value is None:
            if result.pop(key, None) is None:
                vain.append(key)
        elif isinstance(value, dict):
            result[key] = _merged(result.get(key), value, vain)
        else:
            result[key] = value
    return result


def _without_nulls(new: dict[str, Any], vain: list[str]) -> dict[str, Any]:
    """A mapping that nothing lies under: itself, unless there are nulls in it."""
    same = True
    result: dict[str, Any] = {}
    for key, value in new.items():
        if value is None:
            vain.append(key)
            same = False
            continue
        kept = _without_nulls(value, vain) if isinstance(value, dict) else value
        same = same and kept is value
        result[key] = kept
    return new if same else result


def _vain_nulls(lower: Any, upper: Any, route: Route) -> Iterator[Route]:
    """The routes of the nulls in *upper* that remove nothing of *lower*."""
    below = lower if isinstance(lower, dict) else {}
    for key, value in upper.items():
        if value is None and below.get(key) is None:
            yield (*route, key)
        elif isinstance(value, dict):
            yield from _vain_nulls(below.get(key), value, (*route, key))


def _nothing_to_remove(layer: Layer, route: Route) -> Diagnostic:
    return error(
        "L101",
        f"null removes {dotted(route)}, but no lower layer sets it",
        layer.document.place((*layer.route, *route), key=True),
        hint="remove the line, or check the name",
    )


def dotted(route: Route) -> str:
    """The route as people write it: spec.nodes[0].name."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in route).lstrip(".")


@dataclass(frozen=True, slots=True)
class Origin:
    """What one layer says about a value: it set it to *value*, or took it away (*removed*) at *route*.

    A value is taken away by a null, or when something around it is replaced by what no longer holds it;
    *route* is then where that happened. Routes count from the layer's own root.
    """

    layer: Layer
    route: Route
    value: Any
    removed: bool = False

    @property
    def place(self) -> Place:
        """Where the layer's document says so."""
        return self.layer.document.place((*self.layer.route, *self.route), key=self.removed)


def history(layers: Sequence[Layer], route: Route) -> list[Origin]:
    """What each layer that speaks of the value at *route* says about it, lowest first."""
    said: list[Origin] = []
    for layer in layers:
        found = _said(layer, route)
        if found is None or (found.removed and (not said or said[-1].removed)):
            continue
        said.append(found)
    return said


def origin(layers: Sequence[Layer], route: Route) -> Origin | None:
    """The highest layer with a say in the merged value at *route*, or None where there is no such value."""
    said = history(layers, route)
    return said[-1] if said and not said[-1].removed else None


def _said(layer: Layer, route: Route) -> Origin | None:
    """What the layer says about the value at *route*, or None where it leaves it as it is."""
    value: Any = layer.data
    for depth, step in enumerate(route):
        here = route[:depth]
        if isinstance(value, dict):
            if step not in value:
                return Origin(layer, here, value, removed=True) if isinstance(step, int) else None
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return Origin(layer, here, value, removed=True)
        if value is None and isinstance(step, str):
            return Origin(layer, route[: depth + 1], None, removed=True)
    return Origin(layer, route, value)
