"""Which expressions are evaluated once and used many times.

A *region* is a piece of a program that runs as a whole: the program itself, and the body of each loop. An
expression that occurs somewhere in a region under no condition is worked out at the start of the region, for
all places below that need the same, as long as no name in it is bound further in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from composer.stages.render.tree import (
    Bind,
    Constant,
    Each,
    Entry,
    Expression,
    MappingNode,
    Node,
    Text,
    When,
    children,
    is_optional,
)

Key = str


@dataclass(frozen=True, eq=False)
class Region:
    """What occurs in it under no condition."""

    direct: dict[Key, Expression | Text] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Level:
    """One step on the way from the program to a place: a region, a condition, or bound names."""

    region: Region | None = None
    bound: frozenset[str] = frozenset()
    conditional: bool = False


Way = tuple[Level, ...]


@dataclass(frozen=True, eq=False)
class Sharing:
    """The regions of a program, by their loops, and how often each of their expressions is wanted."""

    top: Region
    regions: dict[int, Region]
    wanted: Counter[tuple[int, Key]]

    def home(self, way: Way, key: Key, names: frozenset[str]) -> Region | None:
        """The outermost region on *way* in which the expression may be worked out for others too."""
        return _home(way, key, names)

    def is_shared(self, region: Region, key: Key) -> bool:
        return self.wanted[id(region), key] > 1


def share(roots: Iterable[Node]) -> Sharing:
    """Looks over a whole program."""
    top = Region()
    regions: dict[int, Region] = {}
    found: list[tuple[Way, Key, frozenset[str]]] = []

    def visit(node: Node | Entry, way: Way) -> None:
        if isinstance(node, Expression | Text):
            occur(node, way)
        elif isinstance(node, When):
            visit(node.body, inside(node, way))
        elif isinstance(node, Each):
            regions[id(node)] = Region()
            visit(node.body, inside(node, way, regions[id(node)]))
        elif isinstance(node, Bind):
            for value in node.values:
                visit(value, way)
            visit(node.body, inside(node, way))
        elif isinstance(node, MappingNode):
            for entry in node.entries:
                visit(entry, way)
        elif isinstance(node, Entry):
            visit(node.key, (*way, Level(conditional=True)) if is_optional(node.value) else way)
            visit(node.value, way)
        elif not isinstance(node, Constant):
            for child in children(node):
                visit(child, way)

    def occur(node: Expression | Text, way: Way) -> None:
        key, names = key_of(node), names_of(node)
        region = _unconditional(way, names)
        if region is not None:
            region.direct.setdefault(key, node)
        found.append((way, key, names))
        if isinstance(node, Text):
            for part in node.parts:
                if isinstance(part, Expression):
                    occur(part, way)

    for root in roots:
        visit(root, (Level(top),))
    wanted = Counter((id(home), key) for way, key, names in found if (home := _home(way, key, names)) is not None)
    return Sharing(top, regions, wanted)


def inside(node: When | Each | Bind, way: Way, region: Region | None = None) -> Way:
    """The way to the body of *node*, which is *region* if it is a loop."""
    match node:
        case When():
            return (*way, Level(conditional=True))
        case Each():
            return (*way, Level(region, frozenset(node.names)))
        case Bind():
            return (*way, Level(bound=frozenset(node.names)))


def key_of(node: Expression | Text) -> Key:
    """Equal for expressions that yield the same value in the same place."""
    if isinstance(node, Expression):
        return node.key
    return repr([part if isinstance(part, str) else (part.key,) for part in node.parts])


def names_of(node: Expression | Text) -> frozenset[str]:
    """The names that *node* reads."""
    if isinstance(node, Expression):
        return node.names
    return frozenset(name for part in node.parts if isinstance(part, Expression) for name in part.names)


def _unconditional(way: Way, names: frozenset[str]) -> Region | None:
    """The innermost region on *way*, if the place is reached whenever it runs and sees the same names."""
    for level in reversed(way):
        if level.region is not None:
            return level.region
        if level.conditional or level.bound & names:
            return None
    return None


def _home(way: Way, key: Key, names: frozenset[str]) -> Region | None:
    outermost = 0
    for index, level in enumerate(way):
        if level.bound & names:
            outermost = index
    for level in way[outermost:]:
        if level.region is not None and key in level.region.direct:
            return level.region
    return None
