"""The names a template may use: a misspelt one is found when the blueprint is compiled, not at some site."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite

from jinja2 import nodes

from composer.diagnostic import did_you_mean
from composer.model.blueprint import Blueprint
from composer.stages.render.filters import FILTERS, TESTS
from composer.stages.render.refusal import Refused

CONTEXT = frozenset(
    [
        "site",
        "fleet",
        "platform",
        "delivery",
        "component",
        "params",
        "images",
        "spec",
        "tenant",
        "tenants",
        "clients",
        "client",
        "listeners",
        "bridge",
        "sizing",
        "front",
        "hub",
        "broker",
        "routes",
        "bridges",
        "network",
        "architectures",
        "licences",
    ]
)
"""What the composer hands to the templates of a component; docs/blueprints.md describes each."""

FUNCTIONS = frozenset({"text", "range"})

_HALVES = re.compile("[\ud800-\udfff]")
"""What UTF-16 writes a character of many bits with, and nothing else knows."""

_GUARDS = ("default", "defined", "undefined")
_TEST_AT = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that take a test by name, and which argument it is."""


@dataclass(frozen=True)
class Names:
    """What is known before rendering: parameters and images that a blueprint declares, its text templates."""

    params: frozenset[str]
    images: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, blueprint: Blueprint) -> Names:
        files = (path.removeprefix("files/") for path in blueprint.files if path.endswith(".j2"))
        return cls(frozenset(blueprint.params.data or {}), frozenset(blueprint.images), frozenset(files))

    def check(self, found: Iterable[nodes.Node], bound: Collection[str]) -> Iterator[Refused]:
        """What is wrong with the names among the nodes *found*, around which *bound* are bound."""
        optional = {id(name) for name in _guarded(found)}
        known = frozenset({*CONTEXT, *FUNCTIONS, *bound})
        for node in found:
            if isinstance(node, nodes.Filter | nodes.Test):
                yield from _filters_and_tests(node)
            elif isinstance(node, nodes.Getattr | nodes.Getitem):
                yield from self._member(node, bound)
            elif isinstance(node, nodes.Name) and node.ctx == "load" and id(node) not in optional:
                yield from _unknown("T003", "name", node.name, known, node)
            elif isinstance(node, nodes.Const):
                yield from _constant(node)

    def check_calls(self, found: Iterable[nodes.Node]) -> Iterator[Refused]:
        """What is wrong with the calls in an expression of a manifest, which knows no macros."""
        for call in found:
            if not isinstance(call, nodes.Call):
                continue
            if not isinstance(call.node, nodes.Name) or call.node.name not in FUNCTIONS:
                hint = "data has no methods; use a filter, such as x|items"
                yield Refused("T004", "only text(...) and range(...) can be called", hint, call.lineno)
            elif call.node.name == "text":
                yield from self.check_text(call.args[0] if call.args else nodes.Const(None), call)

    def check_text(self, name: nodes.Expr, at: nodes.Node) -> Iterator[Refused]:
        """What is wrong with *name* as the name of a text template."""
        if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
            yield Refused("T007", "a text template is named by a string in quotes", "text('app.conf.j2')", at.lineno)
        else:
            yield from _unknown("T007", "text template", name.value, self.texts, at)

    def _member(self, node: nodes.Getattr | nodes.Getitem, bound: Collection[str]) -> Iterator[Refused]:
        """A parameter or an image that the blueprint does not declare."""
        name = _key(node)
        if not isinstance(node.node, nodes.Name) or node.node.name in bound or name is None:
            return
        if node.node.name == "params":
            yield from _unknown("T003", "parameter", name, self.params, node)
        elif node.node.name == "images":
            yield from _unknown("T003", "image", name, self.images, node)


def handed_over(found: Iterable[nodes.Node]) -> frozenset[str]:
    """The names that the nodes *found* hand to text templates: text('app.conf.j2', name=...)."""
    return frozenset(keyword.key for call in found if isinstance(call, nodes.Call) for keyword in call.kwargs)


def _key(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None


def _guarded(found: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Names that may be unknown: it is asked whether they are defined, or they have a default."""
    for node in found:
        if isinstance(node, nodes.Filter | nodes.Test) and node.name in _GUARDS and node.node is not None:
            yield node.node


def _constant(node: nodes.Const) -> Iterator[Refused]:
    """What is wrong with a number or string that an expression states."""
    value = node.value
    if isinstance(value, float) and not isfinite(value):
        yield Refused("T001", f"{value} is not a number that a document can hold", "", node.lineno)
    elif isinstance(value, str) and not value.isascii() and _HALVES.search(value):
        message = f"{value!r} holds half a character, which no document can"
        yield Refused("T001", message, "write the character itself, or \\U and eight digits", node.lineno)


def _filters_and_tests(node: nodes.Filter | nodes.Test) -> Iterator[Refused]:
    if node.name.startswith("$"):
        return  # put in by the compiler; no template can write such a name
    table, kind = (FILTERS, "filter") if isinstance(node, nodes.Filter) else (TESTS, "test")
    yield from _unknown("T004", kind, node.name, table, node)
    if node.name == "map":
        yield from _named(node, 0, "filter", FILTERS)
    elif node.name in _TEST_AT:
        yield from _named(node, _TEST_AT[node.name], "test", TESTS)


def _named(node: nodes.Filter | nodes.Test, index: int, kind: str, table: Collection[str]) -> Iterator[Refused]:
    """The filter or test that stands as a string in the argument *index*."""
    argument = node.args[index] if len(node.args) > index else None
    if isinstance(argument, nodes.Const):
        yield from _unknown("T004", kind, str(argument.value), table, node)


def _unknown(code: str, kind: str, name: str, known: Collection[str], at: nodes.Node) -> Iterator[Refused]:
    if name not in known:
        some = ", ".join(sorted(known)[:20]) or "none"
        yield Refused(code, f"there is no {kind} {name!r}", did_you_mean(name, known) or f"known: {some}", at.lineno)
