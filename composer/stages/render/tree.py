"""A structural template, read: what each place of a manifest is, before anything is compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from jinja2 import nodes

from composer.diagnostic import Place
from composer.source.document import Document, Route


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands in a template: the value at *route* of *document*, or its key."""

    document: Document = field(repr=False)
    route: Route
    key: bool = False

    @property
    def place(self) -> Place:
        return self.document.place(self.route, key=self.key)

    def __truediv__(self, step: str | int) -> Spot:
        """The value one step further."""
        return Spot(self.document, (*self.route, step))

    def key_of(self, key: str) -> Spot:
        """The key *key* of the mapping here."""
        return Spot(self.document, (*self.route, key), key=True)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A scalar without expression."""

    value: str | int | float | bool
    spot: Spot


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """An expression. *source* is what the author wrote, *node* its syntax tree with bound names renamed.

    *names* are those it reads; *key* is the same for expressions that mean the same.
    """

    source: str
    node: nodes.Expr = field(repr=False)
    spot: Spot
    key: str = field(repr=False)
    names: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A string in which expressions stand between literal text."""

    source: str
    parts: tuple[str | Expression, ...]
    spot: Spot


Scalar: TypeAlias = Constant | Expression | Text


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A key of a mapping and its value, which may be under a condition and then takes the key with it."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class MappingNode:
    """A mapping; an Each among the entries splices the entries of its body."""

    entries: tuple[Entry | Each, ...]
    spot: Spot


@dataclass(frozen=True, slots=True, eq=False)
class SequenceNode:
    """A list."""

    items: Many
    spot: Spot


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """Several items in the place of one, only among the items of a list."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class When:
    """`$if`: *body*, or nothing at all."""

    test: Expression
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """`$for`: *body* once for each item of *each*, bound to *names* (two names take a pair apart)."""

    names: tuple[str, ...]
    each: Expression
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Bind:
    """`$use` with names: *body*, in which the names have the values of *values*."""

    names: tuple[str, ...]
    values: tuple[Node, ...]
    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """`$merge`: the mappings of *parts*, later ones over earlier ones."""

    parts: Many
    spot: Spot


Node: TypeAlias = Scalar | MappingNode | SequenceNode | Many | When | Each | Bind | Merge


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """What stands at the top of a manifest and yields any number of objects; *line* is where it starts."""

    node: Node
    spot: Spot
    line: int


def anything(spot: Spot) -> Expression:
    """What stands where a finding was made; it fits everywhere, so that it causes no others."""
    return Expression("", nodes.Const(None), spot, "", frozenset())


def core(node: Node) -> Node:
    """*node* without the conditions and names around it."""
    return core(node.body) if isinstance(node, When | Bind) else node


def is_optional(node: Node) -> bool:
    """Whether *node* may yield nothing at all."""
    return isinstance(node, When) or (isinstance(node, Bind) and is_optional(node.body))


def expressions(node: Node | Entry) -> Iterator[Expression]:
    """Every expression at or below *node*, in the order in which it is written."""
    if isinstance(node, Expression):
        yield node
    elif isinstance(node, Text):
        yield from (part for part in node.parts if isinstance(part, Expression))
    elif not isinstance(node, Constant):
        for child in children(node):
            yield from expressions(child)


def children(node: Node | Entry) -> tuple[Node | Entry, ...]:
    """What *node* consists of, in order."""
    below: tuple[Node | Entry, ...] = ()
    match node:
        case MappingNode():
            below = node.entries
        case Entry():
            below = (node.key, node.value)
        case SequenceNode():
            below = node.items.items
        case Merge():
            below = node.parts.items
        case Many():
            below = node.items
        case When():
            below = (node.test, node.body)
        case Each():
            below = (node.each, node.body)
        case Bind():
            below = (*node.values, node.body)
    return below
