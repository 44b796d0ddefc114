"""From template trees to one Python function that yields all objects of a component.

The result is a Jinja2 syntax tree for `codegen`. What an expression yields passes one of the functions of
`values`, as a filter whose name no template can write.
"""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

from composer.stages.render.codegen import OWN
from composer.stages.render.sharing import Level, Region, Sharing, Way, inside, key_of, names_of, share
from composer.stages.render.tree import (
    Bind,
    Constant,
    Each,
    Entry,
    Expression,
    Many,
    MappingNode,
    Merge,
    Node,
    Root,
    Scalar,
    SequenceNode,
    Text,
    When,
    is_optional,
)


def program_tree(roots: Sequence[Root]) -> nodes.Template:
    """A syntax tree that yields, for each root in order, its index and the list of its objects."""
    compiler = _Compiler(share([root.node for root in roots]))
    way = (Level(compiler.sharing.top),)
    outputs = [
        nodes.Output([nodes.Const(index), nodes.List(compiler.items(root.node, way))], lineno=index + 1)
        for index, root in enumerate(roots)
    ]
    shared = compiler.shared(compiler.sharing.top, way)
    return nodes.Template([nodes.Scope([*shared, *outputs])], lineno=1)


class _Compiler:
    def __init__(self, sharing: Sharing) -> None:
        self.sharing = sharing
        self._variables: dict[tuple[int, str], str] = {}

    def shared(self, region: Region, way: Way) -> list[nodes.Node]:
        """The assignments at the start of *region*: expressions first, then texts, which are made of them."""
        found = sorted(region.direct.items(), key=lambda item: isinstance(item[1], Text))
        return [
            nodes.Assign(nodes.Name(self._variable(region, key), "store"), self._evaluated(node, way), lineno=1)
            for key, node in found
            if self.sharing.is_shared(region, key)
        ]

    def items(self, node: Node, way: Way) -> list[nodes.Node]:
        """What *node* puts among the items of a list."""
        match node:
            case Many():
                return [made for item in node.items for made in self.items(item, way)]
            case When():
                return [nodes.If(node.test.node, self.items(node.body, inside(node, way)), [], [])]
            case Each():
                region = self.sharing.regions[id(node)]
                inner = inside(node, way, region)
                return [self._loop(node, [*self.shared(region, inner), *self.items(node.body, inner)])]
            case Bind():
                return [self._bind(node, way, self.items(node.body, inside(node, way)))]
            case _:
                return [self.value(node, way)]

    def value(self, node: Node, way: Way) -> nodes.Node:
        """The expression for a node that yields exactly one value."""
        match node:
            case Constant():
                return nodes.Const(node.value)
            case Expression() | Text():
                return self._wanted(node, way)
            case MappingNode():
                return _mapping(self._entries(node, way))
            case SequenceNode():
                return _list(self.items(node.items, way))
            case Merge():
                return _call("$merge", nodes.List(self.items(node.parts, way)))
            case Bind():
                return self._bind(node, way, [self.value(node.body, inside(node, way))])
            case _:
                raise AssertionError(f"{type(node).__name__} is not one value")

    def _entries(self, node: MappingNode, way: Way) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for entry in node.entries:
            if isinstance(entry, Entry):
                made.append(self._entry(entry, entry.value, way))
            else:
                region = self.sharing.regions[id(entry)]
                inner = inside(entry, way, region)
                made.append(self._loop(entry, [*self.shared(region, inner), *self._spliced(entry.body, inner)]))
        return made

    def _entry(self, entry: Entry, value: Node, way: Way) -> nodes.Node:
        """The entry with *value*; a condition on the value is one on the whole entry."""
        if is_optional(value):
            assert isinstance(value, When | Bind)
            inner = self._entry(entry, value.body, inside(value, way))
            if isinstance(value, Bind):
                return self._bind(value, way, [inner])
            return nodes.If(value.test.node, [inner], [], [])
        return nodes.Pair(self._key(entry.key, way), self.value(value, way))

    def _spliced(self, node: Node, way: Way) -> list[nodes.Node]:
        """The entries of a mapping that goes into another one."""
        match node:
            case MappingNode():
                return self._entries(node, way)
            case When():
                return [nodes.If(node.test.node, self._spliced(node.body, inside(node, way)), [], [])]
            case Bind():
                return [self._bind(node, way, self._spliced(node.body, inside(node, way)))]
            case _:
                return [nodes.ExprStmt(_call("$mapping", self.value(node, way)))]

    def _key(self, key: Scalar, way: Way) -> nodes.Node:
        made = self.value(key, way)
        return _call("$name", made) if isinstance(key, Expression) else made

    def _loop(self, node: Each, body: list[nodes.Node]) -> nodes.Node:
        targets = [nodes.Name(name, "store") for name in node.names]
        each = node.each.node if is_path(node.each.node) else _call("$plain", node.each.node)
        if len(targets) == 1:
            return nodes.For(targets[0], _call("$each", each), body, [], None, False)
        return nodes.For(nodes.Tuple(targets, "store"), _call("$pairs", each), body, [], None, False)

    def _bind(self, node: Bind, way: Way, body: list[nodes.Node]) -> nodes.Node:
        targets = [nodes.Name(name, "param") for name in node.names]
        return nodes.With(targets, [self.value(value, way) for value in node.values], body)

    def _wanted(self, node: Expression | Text, way: Way) -> nodes.Node:
        """The value of *node*: worked out here, or the variable that holds it."""
        key = key_of(node)
        region = self.sharing.home(way, key, names_of(node))
        if region is None or not self.sharing.is_shared(region, key):
            return self._evaluated(node, way)
        return nodes.Name(self._variable(region, key), "load")

    def _evaluated(self, node: Expression | Text, way: Way) -> nodes.Node:
        if isinstance(node, Text):
            return _call("$join", nodes.Tuple([self._part(part, way) for part in node.parts], "load"))
        return checked(node)

    def _part(self, part: str | Expression, way: Way) -> nodes.Node:
        return nodes.Const(part) if isinstance(part, str) else _call("$piece", self._wanted(part, way))

    def _variable(self, region: Region, key: str) -> str:
        return self._variables.setdefault((id(region), key), f"{OWN}v{len(self._variables)}")


def _mapping(entries: list[nodes.Node]) -> nodes.Node:
    """A mapping of *entries*, which is one constant where all of them are constant."""
    if all(isinstance(entry, nodes.Pair) and _is_constant(entry.key, entry.value) for entry in entries):
        return nodes.Const({entry.key.value: entry.value.value for entry in entries})  # type: ignore[attr-defined]
    return nodes.Dict(entries)


def _list(items: list[nodes.Node]) -> nodes.Node:
    """A list of *items*, which is one constant where all of them are constant."""
    if _is_constant(*items):
        return nodes.Const([item.value for item in items])  # type: ignore[attr-defined]
    return nodes.List(items)


def _is_constant(*items: nodes.Node) -> bool:
    return all(isinstance(item, nodes.Const) for item in items)


def _call(helper: str, node: nodes.Node) -> nodes.Node:
    return nodes.Filter(node, helper, [], [], None, None)


def checked(expression: Expression) -> nodes.Node:
    """The value of *expression* as part of an object."""
    return _call("$leaf" if is_path(expression.node) else "$plain", expression.node)


def is_path(node: nodes.Expr) -> bool:
    """Whether the expression only looks something up: its value is plain already."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            return False
        node = node.node
    return isinstance(node, nodes.Name | nodes.Const)
