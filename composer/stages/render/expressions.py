"""The expressions in a manifest: from the text of a leaf to syntax trees, with every finding."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from composer.diagnostic import Diagnostic, error
from composer.stages.render.names import Names
from composer.stages.render.refusal import Refused
from composer.stages.render.tree import Constant, Expression, Scalar, Spot, Text, anything
from composer.stages.render.values import MAX_DEPTH

Scope = Mapping[str, str]
"""The names that enclosing `$for` and `$use` bind, each with the name it has in the compiled program."""

_LEAVES = Environment(
    comment_start_string="\0#",
    comment_end_string="#\0",
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - objects are no markup
)
"""Reads leaves, which are no markup; a `{#` in a leaf is text."""

_NO_STATEMENTS = "a leaf takes {{ expressions }}; for conditions and loops there are `$if` and `$for`"


class Expressions:
    """Reads the expressions of one blueprint's manifests; *findings* collects what is wrong with them."""

    def __init__(self, names: Names, findings: list[Diagnostic]) -> None:
        self.names = names
        self.findings = findings

    def leaf(self, text: str, spot: Spot, scope: Scope) -> Scalar:
        """What the string *text* of a manifest means."""
        if "{{" not in text and "{%" not in text:
            return Constant(text, spot)
        try:
            parts = _parts(text)
        except (TemplateSyntaxError, Refused, RecursionError) as failure:
            self.report(_syntax(failure), spot)
            return anything(spot)
        return self._scalar(text, parts, spot, scope)

    def bare(self, text: object, spot: Spot, scope: Scope, directive: str) -> Expression:
        """The expression that a directive takes, written without braces."""
        if not isinstance(text, str) or not text.strip():
            self.report(Refused("T005", f"`{directive}` takes an expression, such as params.tls"), spot)
            return anything(spot)
        if text.lstrip().startswith("{{"):
            self.report(
                Refused("T001", f"`{directive}` takes an expression without braces", "drop the {{ and }}"),
                spot,
            )
            return anything(spot)
        try:
            node = _parse_bare(text)
        except (TemplateSyntaxError, RecursionError) as failure:
            self.report(_syntax(failure), spot)
            return anything(spot)
        return self._expression(text, node, spot, scope)

    def report(self, refusal: Refused, spot: Spot) -> None:
        """Adds *refusal* to the findings, at *spot*."""
        self.findings.append(error(refusal.code, refusal.message, spot.place, hint=refusal.hint))

    def _scalar(self, text: str, parts: list[nodes.Expr], spot: Spot, scope: Scope) -> Scalar:
        if all(isinstance(part, nodes.TemplateData) for part in parts):
            return Constant("".join(_data(part) for part in parts), spot)
        if len(parts) == 1:
            return self._expression(text, parts[0], spot, scope)
        read = (
            part.data if isinstance(part, nodes.TemplateData) else self._expression(text, part, spot, scope)
            for part in parts
        )
        return Text(text, tuple(read), spot)

    def _expression(self, source: str, node: nodes.Expr, spot: Spot, scope: Scope) -> Expression:
        whole = nodes.Output([node])
        if _depth(whole) > MAX_DEPTH:
            self.report(Refused("T001", "the expression is nested too deeply"), spot)
            return anything(spot)
        refusals = [*self.names.check(whole, scope), *self.names.check_calls(whole), *_constants(whole)]
        for refusal in refusals:
            self.report(refusal, spot)
        return anything(spot) if refusals else Expression(source, _renamed(whole, scope), spot)


def _parts(text: str) -> list[nodes.Expr]:
    """Literal text and expressions of a leaf, in order."""
    if any(kind in ("block_begin", "raw_begin") for _, kind, _ in _LEAVES.lex(text)):
        raise Refused("T002", "a statement ({% ... %}) in a leaf", _NO_STATEMENTS)
    body = _LEAVES.parse(text).body
    return [part for output in body if isinstance(output, nodes.Output) for part in output.nodes]


def _parse_bare(text: str) -> nodes.Expr:
    parser = Parser(_LEAVES, text, state="variable")
    node = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("something follows the expression", parser.stream.current.lineno)
    return node


def _syntax(failure: Exception) -> Refused:
    if isinstance(failure, Refused):
        return failure
    if isinstance(failure, RecursionError):
        return Refused("T001", "the expression is nested too deeply")
    return Refused("T001", f"the expression cannot be read: {failure}")


def _constants(node: nodes.Node) -> Iterable[Refused]:
    for constant in node.find_all(nodes.Const):
        if isinstance(constant.value, float) and not math.isfinite(constant.value):
            yield Refused("T001", f"{constant.value} is not a number that a document can hold")


def _renamed(whole: nodes.Output, scope: Scope) -> nodes.Expr:
    """The expression in *whole*, with bound names as the program knows them."""
    for name in whole.find_all(nodes.Name):
        name.name = scope.get(name.name, name.name)
    return whole.nodes[0]


def _depth(node: nodes.Node) -> int:
    """How many levels the tree has, counted level by level."""
    depth, level = 0, [node]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [child for parent in level for child in parent.iter_child_nodes()]
    return depth


def _data(part: nodes.Expr) -> str:
    assert isinstance(part, nodes.TemplateData)
    return part.data
