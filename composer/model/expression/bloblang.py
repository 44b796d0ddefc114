"""Expressions in Bloblang, the mapping language of Bento.

Everything is put in parentheses, since Bloblang gives `&&` and `||` one precedence. A dollar sign never
appears, so that neither `${...}` (which Bento fills in from the environment before it reads a configuration)
nor `${!...}` can arise.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal

from composer.model.expression.nodes import Binary, Call, Expression, Field, Literal, Unary
from composer.model.expression.parser import parse

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = {"and": "&&", "or": "||"}
_METHODS = {
    "abs": "abs",
    "ceil": "ceil",
    "floor": "floor",
    "length": "length",
    "lower": "lowercase",
    "upper": "uppercase",
}


def to_bloblang(expression: Expression | str) -> str:
    """The expression as a Bloblang query over the message, `this`. Raises ExpressionError for other text."""
    parsed = parse(expression) if isinstance(expression, str) else expression
    written = _write(parsed)
    return written[1:-1] if isinstance(parsed, Binary) else written


def _write(expression: Expression) -> str:
    match expression:
        case Literal(value):
            return _literal(value)
        case Field(path):
            return "".join(["this", *(f".{_segment(step)}" for step in path)])
        case Unary("not", operand):
            return f"!({_write(operand)})"
        case Unary(_, operand):
            return f"(0 - {_write(operand)})"
        case Binary(operator, left, right):
            return f"({_write(left)} {_OPERATORS.get(operator, operator)} {_write(right)})"
        case Call(function, arguments):
            return _call(function, [_write(argument) for argument in arguments])


def _call(function: str, arguments: list[str]) -> str:
    if function == "exists":
        return f"({arguments[0]} != null)"
    if function in ("min", "max"):
        return f"[{', '.join(arguments)}].{function}()"
    value = arguments[0] if arguments[0].startswith("(") else f"({arguments[0]})"
    if function != "round":
        return f"{value}.{_METHODS[function]}()"
    if len(arguments) == 1:
        return f"{value}.round()"
    scale = 10 ** int(arguments[1])
    return f"(({value} * {scale}).round() / {scale})"


def _segment(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else _text(name)


def _literal(value: float | str | bool | None) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    return json.dumps(value)


def _text(value: str) -> str:
    """A quoted text, all on one line. Go reads the escapes of JSON, but not those of surrogates."""
    return json.dumps(value, ensure_ascii=False).replace("$", "\\u0024")
