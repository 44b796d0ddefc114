"""The named entries of a section (components, gateways, tenants, streams...) gathered over the layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, error
from composer.model.stack import Layer

Entries = dict[str, tuple[Layer, ...]]
"""Entry name -> what the layers say about it, lowest first."""


def sub_layer(layer: Layer, *keys: str) -> Layer | None:
    """The part of a layer below *keys*, or None where the layer says nothing there."""
    data: Any = layer.data
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
        if data is None:
            return None
    return Layer(layer.name, data, layer.document, (*layer.route, *keys))


def gather(layers: Iterable[Layer], section: str, lower: Entries, findings: list[Diagnostic]) -> Entries:
    """The entries of *section*, on top of those of *lower* layers. A null entry removes what lower layers said.

    An entry no layer touches is the very tuple of *lower*, so that a caller can tell it is shared.
    """
    entries = dict(lower)
    for layer in layers:
        for name, value in (layer.data.get(section) or {}).items():
            route = (*layer.route, section, name)
            if value is not None:
                entries[name] = (*entries.get(name, ()), Layer(layer.name, value, layer.document, route))
            elif entries.pop(name, None) is None:
                findings.append(_nothing_to_remove(layer, section, name))
    return entries


def _nothing_to_remove(layer: Layer, section: str, name: str) -> Diagnostic:
    return error(
        "L101",
        f"null removes {section}.{name}, but no lower layer sets it",
        layer.document.place((*layer.route, section, name), key=True),
        hint="remove the line, or check the name against the tenant document and the profiles",
    )


def without(layers: Sequence[Layer], *keys: str) -> list[Layer]:
    """The layers with *keys* left out of their data."""
    return [Layer(x.name, {k: v for k, v in x.data.items() if k not in keys}, x.document, x.route) for x in layers]
