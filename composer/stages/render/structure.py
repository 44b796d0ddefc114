"""From the plain data of a manifest to its tree: directives, loops, fragments. All findings at once.

A place in a manifest is either *listed* (among the items of a list, or a manifest's root), where a directive
may put any number of items, or it takes one value.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from math import isfinite
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean
from composer.source.document import Document
from composer.stages.render.codegen import OWN
from composer.stages.render.expressions import Expressions, Scope
from composer.stages.render.names import CONTEXT, FUNCTIONS, Names
from composer.stages.render.refusal import Refused, kind_of
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
    Spot,
    When,
    anything,
    core,
    is_optional,
)
from composer.stages.render.values import MAX_DEPTH

MAX_PARTS = 50_000
"""Parts of all manifests of a blueprint, with their fragments put in."""

MAX_LOOPS = 8
"""Loops in loops. Python's own compiler fails, in some versions badly, at twenty."""

_DIRECTIVES = ("$if", "$for", "$do", "$merge", "$use")
_MAY_HIDE = frozenset({"tenant", "client"})
"""Names of the context that a loop may take: the natural ones for an entry of `tenants` and `clients`."""


class Structure:
    """Reads the manifests of one blueprint; *findings* collects what is wrong with them."""

    def __init__(self, names: Names, fragments: Mapping[str, Document], findings: list[Diagnostic]) -> None:
        self.expressions = Expressions(names, findings)
        self.fragments = fragments
        self._numbers = count(1)
        self._parts = 0
        self._depth = 0
        self._loops = 0
        self._open: list[str] = []

    def roots(self, document: Document) -> list[Root]:
        """The trees of a manifest, which is one object, a loop or a fragment, or a list of them."""
        data, spot = document.data, Spot(document, ())
        if isinstance(data, list):
            return [self._root(item, spot / index) for index, item in enumerate(data)]
        return [self._root(data, spot)]

    def _root(self, data: Any, spot: Spot) -> Root:
        if not isinstance(data, dict):
            return Root(self._nothing("T015", f"a manifest holds an object, found {kind_of(data)}", spot), spot, 0)
        return Root(self._node(data, spot, {}, listed=True), spot, spot.place.line)

    def _node(self, data: Any, spot: Spot, scope: Scope, *, listed: bool = False) -> Node:
        """The tree of *data*."""
        self._parts += 1
        if self._parts > MAX_PARTS or self._depth > MAX_DEPTH:
            message = "the manifests are too large or too deep, with their fragments put in"
            return self._nothing("T013", message, spot)
        self._depth += 1
        node = self._read(data, spot, scope, listed)
        self._depth -= 1
        return node

    def _read(self, data: Any, spot: Spot, scope: Scope, listed: bool) -> Node:
        if isinstance(data, dict):
            return self._conditional(data, spot, scope, listed)
        if isinstance(data, list):
            return SequenceNode(self._items(data, spot, scope), spot)
        if isinstance(data, str):
            return self.expressions.leaf(data, spot, scope)
        if data is None or (isinstance(data, float) and not isfinite(data)):
            return self._nothing("T008", f"{kind_of(data)} cannot be part of an object", spot, "leave the field out")
        return Constant(data, spot)

    def _items(self, data: list[Any], spot: Spot, scope: Scope) -> Many:
        return Many(tuple(self._node(item, spot / index, scope, listed=True) for index, item in enumerate(data)))

    def _body(self, data: Any, spot: Spot, scope: Scope, listed: bool) -> Node:
        """The tree of a directive's body; a list among the items of a list stands for its items."""
        if listed and isinstance(data, list):
            return self._items(data, spot, scope)
        return self._node(data, spot, scope, listed=listed)

    def _conditional(self, data: dict[str, Any], spot: Spot, scope: Scope, listed: bool) -> Node:
        """A mapping or the directive that it is, under the condition of `$if` if there is one."""
        self._check_directives(data, spot)
        if "$if" not in data:
            return self._mapping(data, spot, scope, listed)
        test = self.expressions.bare(data["$if"], spot / "$if", scope, "$if")
        return When(test, self._mapping(data, spot, scope, listed))

    def _mapping(self, data: dict[str, Any], spot: Spot, scope: Scope, listed: bool) -> Node:
        if "$use" in data:
            return self._use(data, spot, scope, listed)
        if "$merge" in data:
            return self._merge(data, spot, scope)
        if "$for" in data and listed and data.keys() <= {"$for", "$do", "$if"}:
            return self._each(data, spot, scope, listed=True)
        if "$do" in data and "$for" not in data:
            self._alone(data, "$do", spot)
            return self._body(data["$do"], spot / "$do", scope, listed)
        return self._entries(data, spot, scope)

    def _check_directives(self, data: dict[str, Any], spot: Spot) -> None:
        for key in data:
            if key.startswith("$") and not key.startswith("$$") and key not in _DIRECTIVES:
                hint = did_you_mean(key, _DIRECTIVES) or f"for the literal key write `${key}`"
                self._report("T005", f"there is no directive `{key}`", spot.key_of(key), hint)
        if "$do" in data and not data.keys() & {"$if", "$for"}:
            self._report("T005", "`$do` belongs to a `$for` or an `$if`", spot.key_of("$do"))

    def _entries(self, data: dict[str, Any], spot: Spot, scope: Scope) -> Node:
        entries: list[Entry | Each] = []
        for key, value in data.items():
            if key == "$for":
                entries.append(self._each(data, spot, scope, listed=False))
            elif key not in _DIRECTIVES:
                name = self._key(key, spot.key_of(key), scope)
                entries.append(Entry(name, self._node(value, spot / key, scope)))
        self._report_doubles(entries)
        return MappingNode(tuple(entries), spot)

    def _key(self, key: str, spot: Spot, scope: Scope) -> Scalar:
        return Constant(key[1:], spot) if key.startswith("$$") else self.expressions.leaf(key, spot, scope)

    def _report_doubles(self, entries: list[Entry | Each]) -> None:
        """Keys that only their spelling in the template tells apart."""
        seen: set[object] = set()
        for entry in entries:
            if isinstance(entry, Entry) and isinstance(entry.key, Constant):
                if entry.key.value in seen:
                    self._report("T010", f"the key {entry.key.value!r} comes twice in one mapping", entry.key.spot)
                seen.add(entry.key.value)

    def _each(self, data: dict[str, Any], spot: Spot, scope: Scope, *, listed: bool) -> Each:
        loop, here = data["$for"], spot / "$for"
        if not isinstance(loop, dict) or loop.keys() != {"each", "as"} or "$do" not in data:
            self._report("T005", "`$for` has the form `$for: {each: expression, as: name}`, with `$do` beside it", here)
            return Each((), anything(here), anything(here))
        each = self.expressions.bare(loop["each"], here / "each", scope, "each")
        bound = self._bound(loop["as"] if isinstance(loop["as"], list) else [loop["as"]], here / "as")
        self._loops += 1
        if self._loops > MAX_LOOPS:
            self._report("T013", f"more than {MAX_LOOPS} loops in one another", here)
        body = self._body(data["$do"], spot / "$do", {**scope, **bound}, listed)
        self._loops -= 1
        if not listed and not isinstance(core(body), MappingNode | Merge | Expression):
            hint = "to make items of a list, write the `$for` as an item of it: `- $for: ...`"
            self._report(
                "T005",
                "the `$do` of a `$for` in a mapping yields entries, so it is a mapping",
                spot / "$do",
                hint,
            )
        return Each(tuple(bound.values()), each, body)

    def _bound(self, names: list[Any], spot: Spot) -> dict[str, str]:
        """The names that a directive binds, each with a name that is unique in the program."""
        bound: dict[str, str] = {}
        for name in names:
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("_") or name in bound:
                self._report("T005", f"{name!r} is not a name that can be bound", spot, "take letters, digits and _")
            elif name in (CONTEXT | FUNCTIONS) - _MAY_HIDE:
                self._report("T005", f"{name!r} would hide what the composer calls so", spot, "choose another name")
            else:
                bound[name] = f"{OWN}{next(self._numbers)}_{name}"
        return bound

    def _merge(self, data: dict[str, Any], spot: Spot, scope: Scope) -> Node:
        self._alone(data, "$merge", spot)
        if not isinstance(data["$merge"], list):
            return self._nothing("T005", "`$merge` takes a list of mappings", spot / "$merge")
        return Merge(self._items(data["$merge"], spot / "$merge", scope), spot)

    def _use(self, data: dict[str, Any], spot: Spot, scope: Scope, listed: bool) -> Node:
        """The tree of a fragment, in the place of `$use`."""
        self._alone(data, "$use", spot)
        used, here = data["$use"], spot / "$use"
        name, given = (used.get("name"), used.get("with", {})) if isinstance(used, dict) else (used, {})
        if not isinstance(given, dict) or (isinstance(used, dict) and not used.keys() <= {"name", "with"}):
            return self._nothing("T005", "`$use` takes a name, or `{name: ..., with: {name: value}}`", here)
        if not isinstance(name, str) or name not in self.fragments:
            hint = did_you_mean(str(name), self.fragments) or f"known: {', '.join(sorted(self.fragments)) or 'none'}"
            return self._nothing("T006", f"there is no fragment {name!r}", here, hint)
        if name in self._open:
            return self._nothing("T006", f"fragment {name!r} uses itself: {' > '.join([*self._open, name])}", here)
        bound = self._bound(list(given), here)
        values = tuple(self._argument(given[key], here / "with" / key, scope) for key in bound)
        self._open.append(name)
        body = self._body(self.fragments[name].data, Spot(self.fragments[name], ()), {**scope, **bound}, listed)
        self._open.pop()
        return Bind(tuple(bound.values()), values, body) if bound else body

    def _argument(self, data: Any, spot: Spot, scope: Scope) -> Node:
        value = self._node(data, spot, scope)
        if is_optional(value):
            return self._nothing("T005", "a value given to a fragment cannot be under an `$if`", spot)
        return value

    def _alone(self, data: dict[str, Any], directive: str, spot: Spot) -> None:
        for key in data:
            if key not in (directive, "$if"):
                message = f"`{directive}` stands alone in its mapping; only `$if` may stand beside it"
                self._report("T005", message, spot.key_of(key), "to add entries, put both mappings into a `$merge`")

    def _nothing(self, code: str, message: str, spot: Spot, hint: str = "") -> Expression:
        self._report(code, message, spot, hint)
        return anything(spot)

    def _report(self, code: str, message: str, spot: Spot, hint: str = "") -> None:
        self.expressions.report(Refused(code, message, hint), spot)
