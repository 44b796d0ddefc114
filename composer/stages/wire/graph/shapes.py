"""Whether everything one JSON Schema describes is accepted by another, as far as types, fields and listed values go.

Bounds of numbers, patterns and formats depend on data and are not compared. Where a schema gives a choice (`anyOf`, `oneOf`,
`if`), what it says besides counts, and nothing is concluded from what it does not say.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CHOICES = ("anyOf", "oneOf", "if", "not", "dependentSchemas", "$dynamicRef", "$recursiveRef", "patternProperties")
MOST_PAIRS = 5000
"""Pairs of schemas that one comparison looks at; nothing is concluded from what schemas grown together say beyond."""


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A schema inside of the document *root*, in which its references count."""

    schema: Any
    root: Any


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """What a schema says outright. *open* tells that it may say more about fields than stands here.

    *types* and *values* are None where it says nothing of them; *more* is whether fields besides *fields* may be there, and
    *others* what such fields are.
    """

    types: tuple[str, ...] | None
    values: tuple[str, ...] | None
    fields: Mapping[str, Node]
    required: tuple[str, ...]
    more: bool
    open: bool
    items: Node | None
    others: Node | None = None

    @property
    def is_object(self) -> bool:
        """Whether it speaks of JSON objects alone."""
        return bool(self.types == ("object",) or (self.types is None and (self.fields or self.required)))

    @property
    def may_be_object(self) -> bool:
        """Whether it speaks of JSON objects, perhaps among other things."""
        return self.is_object or (self.types is not None and "object" in self.types)


ANYTHING = Shape(None, None, {}, (), True, True, None)


def shape(node: Node) -> Shape:
    """The node's shape, with what its references and `allOf` add; each schema adds once, also where it leads to itself."""
    parts: list[Shape] = []
    pending: list[Any] = [node.schema]
    seen: dict[int, Any] = {}
    while pending:
        schema = pending.pop()
        if not isinstance(schema, dict):
            parts.append(ANYTHING)
        elif id(schema) not in seen:
            seen[id(schema)] = schema
            parts.append(_own(schema, node.root))
            pending += reversed(schema.get("allOf") or ())
            if isinstance(schema.get("$ref"), str):
                target = _target(schema["$ref"], node.root)
                pending.append(target.schema if target else None)
    found = parts[0]
    for part in parts[1:]:
        found = _both(found, part)
    return found


def _own(schema: Mapping[str, Any], root: Any) -> Shape:
    said = schema.get("type")
    types = (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else None
    listed = schema["enum"] if isinstance(schema.get("enum"), list) else None
    listed = [schema["const"]] if "const" in schema else listed
    if types is None and listed:
        types = tuple(dict.fromkeys(map(_kind, listed)))
    items, others = schema.get("items"), schema.get("additionalProperties")
    return Shape(
        types,
        tuple(map(_as_text, listed)) if listed is not None else None,
        {name: Node(inner, root) for name, inner in (schema.get("properties") or {}).items()},
        tuple(schema["required"]) if isinstance(schema.get("required"), list) else (),
        schema.get("additionalProperties", True) is not False,
        any(key in schema for key in CHOICES),
        Node(items, root) if isinstance(items, dict) else None,
        Node(others, root) if isinstance(others, dict) else None,
    )


_KINDS = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object", type(None): "null"}


def _kind(value: Any) -> str:
    """The type of a value, as schemas call it. A number without a fraction is an integer, however it is written."""
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return _KINDS[type(value)]


def _as_text(value: Any) -> str:
    """The value in JSON, so that equal ones are written alike."""
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value, sort_keys=True)


def _target(reference: str, root: Any) -> Node | None:
    """What a reference inside of the document leads to."""
    if reference not in ("#", "") and not reference.startswith("#/"):
        return None
    found = root
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return Node(found, root)


def _both(one: Shape, other: Shape) -> Shape:
    """What holds where both hold."""
    if one.types is None or other.types is None:
        types = one.types or other.types
    else:
        types = tuple(t for t in one.types if _accepted(t, other.types)) or one.types
    fields = {**one.fields}
    for name, node in other.fields.items():
        fields[name] = Node({"allOf": [fields[name].schema, node.schema]}, node.root) if name in fields else node
    return Shape(
        types,
        one.values if other.values is None else other.values,
        fields,
        tuple(dict.fromkeys((*one.required, *other.required))),
        one.more and other.more,
        one.open or other.open,
        one.items or other.items,
        one.others or other.others,
    )


def _accepted(kind: str, kinds: Sequence[str]) -> bool:
    return kind in kinds or (kind == "integer" and "number" in kinds)


Pair = tuple[str, Node, Node]
"""Where two schemas meet, what is sent there, and what is accepted."""


def misfits(sent: Node, accepted: Node) -> Iterator[str]:
    """What of messages like *sent* is not *accepted*, a sentence each. Two schemas are compared once, wherever they meet."""
    pending: deque[Pair] = deque([("", sent, accepted)])
    seen: dict[tuple[int, int], Pair] = {}
    while pending and len(seen) < MOST_PAIRS:
        pair = pending.popleft()
        path, there, here = pair
        key = (id(there.schema), id(here.schema))
        if key in seen and isinstance(here.schema, dict):
            continue
        seen[key] = pair
        if here.schema is False:
            yield f"{path or 'the message'} is not accepted"
            continue
        have, want = shape(there), shape(here)
        wrong = _wrong_type(have, want, path) or _wrong_value(have, want, path)
        if wrong:
            yield wrong
            continue
        if have.may_be_object:
            yield from _field_misfits(have, want, path)
        pending += _inner(have, want, path)


def _inner(have: Shape, want: Shape, path: str) -> Iterator[Pair]:
    """What of two schemas has to be compared inside of them."""
    for name, field in have.fields.items() if have.may_be_object else ():
        wanted = want.fields.get(name) or (None if want.open else want.others)
        if wanted:
            yield _inside(path, name), field, wanted
    if have.items and want.items:
        yield f"{path}[]", have.items, want.items


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong_type(have: Shape, want: Shape, path: str) -> str:
    if not have.types or not want.types:
        return ""
    outside = [kind for kind in have.types if not _accepted(kind, want.types)]
    return f"{path or 'the message'} is {_or(have.types)}, accepted is {_or(want.types)}" if outside else ""


def _wrong_value(have: Shape, want: Shape, path: str) -> str:
    if have.values is None or want.values is None:
        return ""
    outside = [value for value in have.values if value not in want.values]
    return f"{path or 'the message'} may be {outside[0]}, accepted is {_or(want.values)}" if outside else ""


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)


def _field_misfits(have: Shape, want: Shape, path: str) -> Iterator[str]:
    for name in want.required if not have.open else ():
        where = _inside(path, name)
        if name in have.required:
            continue
        if name in have.fields:
            yield f"{where} is required, but is not always sent"
        else:
            yield f"{where} is required, but {'nothing says that it is sent' if have.more else 'is not sent'}"
    if not want.more and not want.open:
        yield from (
            f"{_inside(path, name)} is sent, but is not accepted" for name in have.fields if name not in want.fields
        )
