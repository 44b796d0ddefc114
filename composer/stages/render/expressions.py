"""The expressions in a manifest: from the text of a leaf to syntax trees, with every finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from composer.diagnostic import Diagnostic, error
from composer.stages.render.names import Names
from composer.stages.render.refusal import Refused
from composer.stages.render.syntax import below
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
"""Reads leaves; a `{#` in a leaf is text."""

_NO_STATEMENTS = "a leaf takes {{ expressions }}; for conditions and loops there are `$if` and `$for`"


@dataclass(frozen=True, slots=True)
class _Read:
    """An expression as read in some scope, wherever it stands."""

    node: nodes.Expr
    key: str
    names: frozenset[str]
    refusals: tuple[Refused, ...]


_Parts = tuple[str | _Read, ...]
_Parse = Callable[[str], list[nodes.Expr]]


class Expressions:
    """Reads the expressions of one blueprint's manifests; *findings* collects what is wrong with them."""

    def __init__(self, names: Names, findings: list[Diagnostic]) -> None:
        self.names = names
        self.findings = findings
        self._names_in: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[str, tuple[str, ...]], _Parts] = {}

    def leaf(self, text: str, spot: Spot, scope: Scope) -> Scalar:
        """What the string *text* of a manifest means."""
        if "{{" not in text and "{%" not in text:
            return Constant(text, spot)
        parts = self._parts(text, spot, scope, _parse_leaf)
        if parts is None:
            return anything(spot)
        if len(parts) == 1 and isinstance(parts[0], _Read):
            return self._placed(text, parts[0], spot)
        literal = [part for part in parts if isinstance(part, str)]
        if len(literal) == len(parts):
            return Constant("".join(literal), spot)
        placed = (part if isinstance(part, str) else self._placed(text, part, spot) for part in parts)
        return Text(text, tuple(placed), spot)

    def bare(self, text: object, spot: Spot, scope: Scope, directive: str) -> Expression:
        """The expression that a directive takes, written without braces."""
        if not isinstance(text, str) or not text.strip():
            self.report(Refused("T005", f"`{directive}` takes an expression, such as params.tls"), spot)
        elif text.lstrip().startswith("{{"):
            message = f"`{directive}` takes an expression without braces"
            self.report(Refused("T001", message, "drop the {{ and }}"), spot)
        else:
            parts = self._parts(text, spot, scope, _parse_bare)
            if parts is not None and isinstance(parts[0], _Read):
                return self._placed(text, parts[0], spot)
        return anything(spot)

    def report(self, refusal: Refused, spot: Spot) -> None:
        """Adds *refusal* to the findings, at *spot*."""
        self.findings.append(error(refusal.code, refusal.message, spot.place, hint=refusal.hint))

    def _placed(self, source: str, read: _Read, spot: Spot) -> Expression:
        for refusal in read.refusals:
            self.report(refusal, spot)
        return anything(spot) if read.refusals else Expression(source, read.node, spot, read.key, read.names)

    def _parts(self, text: str, spot: Spot, scope: Scope, parse: _Parse) -> _Parts | None:
        try:
            return self._read(text, scope, parse)
        except (TemplateSyntaxError, Refused, RecursionError) as failure:
            self.report(_syntax(failure), spot)
            return None

    def _read(self, text: str, scope: Scope, parse: _Parse) -> _Parts:
        """The parts of *text*. The same text is read once for all places where its names mean the same."""
        if text in self._names_in:
            known = self._known.get((text, self._meaning(text, scope)))
            if known is not None:
                return known
        trees = [(part, below(part, MAX_DEPTH)) for part in parse(text)]
        self._names_in[text] = frozenset(name for _, found in trees for name in _names(found))
        parts = tuple(self._part(part, found, scope) for part, found in trees)
        self._known[text, self._meaning(text, scope)] = parts
        return parts

    def _meaning(self, text: str, scope: Scope) -> tuple[str, ...]:
        return tuple(sorted(scope[name] for name in self._names_in[text] if name in scope))

    def _part(self, part: nodes.Expr, found: list[nodes.Node], scope: Scope) -> str | _Read:
        if isinstance(part, nodes.TemplateData):
            return part.data
        refusals = (*self.names.check(found, scope), *self.names.check_calls(found))
        for name in found:
            if isinstance(name, nodes.Name):
                name.name = scope.get(name.name, name.name)
        return _Read(part, repr(part), frozenset(_names(found)), refusals)


def _parse_leaf(text: str) -> list[nodes.Expr]:
    """Literal text and expressions of a leaf, in order."""
    if "{%" in text and any(kind in ("block_begin", "raw_begin") for _, kind, _ in _LEAVES.lex(text)):
        raise Refused("T002", "a statement ({% ... %}) in a leaf", _NO_STATEMENTS)
    body = _LEAVES.parse(text).body
    return [part for output in body if isinstance(output, nodes.Output) for part in output.nodes]


def _parse_bare(text: str) -> list[nodes.Expr]:
    parser = Parser(_LEAVES, text, state="variable")
    node = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("something follows the expression", parser.stream.current.lineno)
    return [node]


def _syntax(failure: Exception) -> Refused:
    if isinstance(failure, Refused):
        return failure
    if isinstance(failure, RecursionError):
        return Refused("T001", "the expression is nested too deeply")
    return Refused("T001", f"the expression cannot be read: {failure}")


def _names(found: list[nodes.Node]) -> Iterator[str]:
    return (node.name for node in found if isinstance(node, nodes.Name))
