"""The environment of text templates: values pass a quoting filter and are never pasted, and everything is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from jinja2 import BaseLoader, Environment, Template, TemplateNotFound, nodes, pass_context
from jinja2.runtime import Context, Undefined

from composer.stages.render.codegen import ExpressionGenerator
from composer.stages.render.filters.quoted import Quoted
from composer.stages.render.filters.quoting import FILTERS as QUOTING
from composer.stages.render.limits import Meter
from composer.stages.render.refusal import Refused, kind_of
from composer.stages.render.sandbox import Sandbox
from composer.stages.render.syntax import below
from composer.stages.render.values import finite, nothing

MAX_LEVELS = 200
"""Levels of the syntax tree of a text template."""

_LITERAL = "$literal"
_STEPS = "$steps"


@pass_context
def shown(context: Context, value: Any) -> str:
    """*value* as it appears in the text: quoted text and numbers as they are, booleans as true and false."""
    text = value if type(value) is Quoted else _words(value)
    context.environment.meter.text(len(text))  # type: ignore[attr-defined]
    return text


def _words(value: Any) -> str:
    if type(value) is Undefined:
        return ""  # an inline `if` without `else`
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(finite(value))
    raise _unquoted(value)


def _unquoted(value: object) -> Refused:
    if isinstance(value, Undefined | None):
        return nothing(value)
    if isinstance(value, str):
        hint = f"end the expression with a filter of the language of this file: {', '.join(sorted(QUOTING))}"
        return Refused("T012", "a string is pasted into the text without quoting", hint)
    return Refused("T012", f"{kind_of(value)} has no text of its own", "use |json, |yaml, |toml or |join")


@pass_context
def steps(context: Context, values: Any) -> Iterator[Any]:
    """The items of *values*, each counted as a turn of a loop."""
    if isinstance(values, Undefined | None):
        raise nothing(values)
    counting = meter(context)
    for value in values:
        counting.text_steps(1)
        yield value


def meter(context: Context) -> Meter:
    """The meter of the component that is being rendered."""
    made: Meter = context.environment.meter  # type: ignore[attr-defined]
    return made


class TextSandbox(Sandbox):
    """The environment of a blueprint's text templates, which may include and import one another only."""

    code_generator_class = ExpressionGenerator

    def __init__(self, meter: Meter) -> None:
        super().__init__(meter, finalize=shown, trim_blocks=True, lstrip_blocks=True)
        self.filters[_LITERAL] = Quoted
        self.filters[_STEPS] = steps

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        for node in below(template, MAX_LEVELS):
            if isinstance(node, nodes.For):
                node.iter = nodes.Filter(node.iter, _STEPS, [], [], None, None, lineno=node.lineno)
            elif isinstance(node, nodes.Output):
                node.nodes = [_with_literals(child) for child in node.nodes]
        return template


class Trees(BaseLoader):
    """Loads templates that are parsed already."""

    def __init__(self, trees: Mapping[str, nodes.Template]) -> None:
        self.trees = trees

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:
        if name not in self.trees:
            raise TemplateNotFound(name)
        code = environment.compile(self.trees[name], name, name)
        return Template.from_code(environment, code, {} if globals is None else globals)


def _with_literals(node: nodes.Expr) -> nodes.Expr:
    """*node*, of which the strings that the author wrote need no quoting."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return nodes.Filter(node, _LITERAL, [], [], None, None, lineno=node.lineno)
    if isinstance(node, nodes.CondExpr):
        other = _with_literals(node.expr2) if node.expr2 is not None else None
        return nodes.CondExpr(node.test, _with_literals(node.expr1), other, lineno=node.lineno)
    if isinstance(node, nodes.Concat):
        return nodes.Concat([_with_literals(part) for part in node.nodes], lineno=node.lineno)
    return node
