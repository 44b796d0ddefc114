"""What the steps of a stream make of the messages that a JSON Schema describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from composer.stages.wire.graph.shapes import Node, Shape, shape

FIGURES = ("mean", "min", "max", "sum", "count", "first", "last")
COUNTED = ("sum", "count")
"""Figures that a window has even where no message has the field."""

NUMBER: dict[str, Any] = {"type": "number"}
TEXT: dict[str, Any] = {"type": "string"}
ANY: dict[str, Any] = {}


def after(steps: Sequence[Mapping[str, Any]], node: Node, *, tagged: bool) -> Node | None:
    """The messages behind *steps*, or None where too little is known. *tagged*: the device's name is put into each at first."""
    if not steps:
        return node
    found = shape(node)
    if not found.is_object:
        return None
    if tagged:
        found = _with(found, {"device": TEXT}, node.root)
    for step in steps:
        changed = _step(step, found, node.root)
        if changed is None:
            return None
        found = changed
    return Node(_written(found), node.root)


def _step(step: Mapping[str, Any], found: Shape, root: Any) -> Shape | None:
    if "keep" in step:
        return None if _nested(step["keep"]) or found.open else _only(found, step["keep"])
    if "drop" in step:
        return None if _nested(step["drop"]) else _without(found, step["drop"])
    if "map" in step:
        return None if _nested(step["map"]) else _with(found, dict.fromkeys(step["map"], ANY), root)
    return _window(step["window"], found, root) if "window" in step else found


def _nested(names: Iterable[str]) -> bool:
    return any("." in name for name in names)


def _with(found: Shape, fields: Mapping[str, Any], root: Any) -> Shape:
    made = {name: Node(schema, root) for name, schema in fields.items()}
    required = tuple(dict.fromkeys((*found.required, *fields)))
    return replace(found, fields={**found.fields, **made}, required=required)


def _only(found: Shape, names: Sequence[str]) -> Shape:
    fields = {name: node for name, node in found.fields.items() if name in names}
    if found.more:
        fields.update({name: Node(ANY, None) for name in names if name not in fields})
    return replace(found, fields=fields, required=tuple(n for n in found.required if n in names), more=False)


def _without(found: Shape, names: Sequence[str]) -> Shape:
    fields = {name: node for name, node in found.fields.items() if name not in names}
    return replace(found, fields=fields, required=tuple(n for n in found.required if n not in names))


def _window(window: Mapping[str, Any], found: Shape, root: Any) -> Shape | None:
    """One message for each window, with its figures, the value of `by`, the number of messages and the time."""
    names = [name for figure in FIGURES for name in window.get(figure) or ()]
    by = window.get("by", "")
    if found.open or _nested([*names, by]):
        return None
    fields: dict[str, Node] = {by: found.fields.get(by, Node(ANY, None))} if by else {}
    required = [by] if by in found.required else []
    for figure in FIGURES:
        for name in window.get(figure) or ():
            own = found.fields.get(name, Node(ANY, None))
            fields[f"{name}_{figure}"] = own if figure in ("first", "last") else Node(NUMBER, root)
            if figure in COUNTED or (name in found.required and _has_figure(figure, own)):
                required.append(f"{name}_{figure}")
    fields |= {"messages": Node({"type": "integer"}, root), "time": Node(TEXT, root)}
    return Shape(("object",), None, fields, (*required, "messages", "time"), more=False, open=False, items=None)


def _has_figure(figure: str, field: Node) -> bool:
    """Whether a field that is always there always yields the figure: means and bounds are made of numbers alone."""
    kinds = shape(field).types
    if figure in ("first", "last"):
        return kinds is not None and "null" not in kinds
    return kinds is not None and set(kinds) <= {"number", "integer"}


def _written(found: Shape) -> dict[str, Any]:
    """The shape as a schema again. Fields keep their own; those of other roots have no references."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: node.schema for name, node in found.fields.items()},
        "required": list(found.required),
        "additionalProperties": found.more,
    }
    return {**schema, "anyOf": [True]} if found.open else schema
