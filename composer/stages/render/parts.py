"""Which parts of a render context a template can read. Where these are the same, so is what comes of it.

A template can read nothing but its context, and what it names of it is known when it is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from marshal import dumps
from typing import Any

from jinja2 import nodes

from composer.stages.render.names import CONTEXT

Part = tuple[str, ...]
"""A name of the context, or one of its entries: ("site",) or ("site", "name")."""

_FORMAT = 2
"""The last version of marshal's format that writes equal values alike, however they came about."""


def parts_in(tree: nodes.Node) -> Iterator[Part]:
    """The parts named in one tree. A bound name that hides one of the context counts as that one, to be safe."""
    found = (node for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name))
    entries = {id(node.node): node.attr for node in found}
    for name in tree.find_all(nodes.Name):
        if name.name in CONTEXT:
            yield (name.name, entries[id(name)]) if id(name) in entries else (name.name,)


def widest(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts in order, without entries of names that are there as a whole."""
    named = frozenset(parts)
    return tuple(sorted(part for part in named if len(part) == 1 or part[:1] not in named))


def written(context: Mapping[str, Any], parts: Iterable[Part]) -> bytes:
    """The values of *parts* as bytes: equal bytes, equal values of equal types. A part that is not there is told from null."""
    return dumps([_value(context, part) for part in parts], _FORMAT)


def each_written(context: Mapping[str, Any], parts: Iterable[Part]) -> list[bytes]:
    """The same of each part for itself."""
    return [dumps(_value(context, part), _FORMAT) for part in parts]


def _value(context: Mapping[str, Any], part: Part) -> Any:
    value: Any = context
    try:
        for step in part:
            value = value[step]
    except (KeyError, TypeError):
        return ...
    return value


def dumped(value: Any) -> bytes:
    """Plain data as bytes."""
    return dumps(value, _FORMAT)
