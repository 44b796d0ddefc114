"""What kind of value an expression can have, as far as that shows without a message.

Bento does not start with an expression that can never have a value, so such a one is refused when it is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal as OneOf

from composer.model.expression.evaluate import EvaluationError, evaluate
from composer.model.expression.nodes import Binary, Call, Expression, Literal, Unary, is_constant

Kind = OneOf["number", "text", "boolean", "null", "any"]

_RESULTS: dict[str, Kind] = {"exists": "boolean", "lower": "text", "upper": "text"}
_ARGUMENTS: dict[str, tuple[Kind, ...]] = {
    "exists": ("any",),
    "length": ("text",),
    "lower": ("text",),
    "upper": ("text",),
}
_NAMES = {"number": "a number", "text": "a text", "boolean": "true or false", "null": "null"}


def kind_of(expression: Expression) -> Kind:
    """The kind of the expression's value; "any" where the message decides."""
    match expression:
        case Literal(value):
            return _literal_kind(value)
        case Unary(sign, _):
            return "boolean" if sign == "not" else "number"
        case Binary("+", left, right):
            kinds = {kind_of(left), kind_of(right)} - {"any"}
            return kinds.pop() if kinds else "any"
        case Binary(sign, _, _):
            return "number" if sign in "-*/%" else "boolean"
        case Call(function, _):
            return _RESULTS.get(function, "number")
        case _:
            return "any"


def _literal_kind(value: float | str | bool | None) -> Kind:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def fault_of(expression: Expression) -> str:
    """Why the expression can never have a value, leaving aside what is inside its parts; or ""."""
    match expression:
        case Unary("not", operand):
            fault = _unfit("not", [operand], ("boolean",))
        case Unary(_, operand):
            fault = _unfit("-", [operand], ("number",))
        case Binary(sign, left, right):
            fault = _pair_fault(sign, left, right)
        case Call(function, arguments):
            fault = _unfit(function, arguments, _ARGUMENTS.get(function, ("number",)))
        case _:
            return ""
    return fault or _constant_fault(expression)


def _pair_fault(sign: str, left: Expression, right: Expression) -> str:
    kinds = {kind_of(left), kind_of(right)} - {"any"}
    if sign in ("==", "!="):
        return " and ".join(sorted(_NAMES[x] for x in kinds)) + " are never equal" if len(kinds - {"null"}) > 1 else ""
    if sign in ("and", "or"):
        return _unfit(sign, [left, right], ("boolean",))
    if sign in "-*/%":
        return _unfit(sign, [left, right], ("number",)) or _zero_fault(sign, right)
    if len(kinds) > 1:
        return f"{sign} takes two numbers or two texts"
    return _unfit(sign, [left, right], ("number", "text"))


def _unfit(taker: str, operands: Sequence[Expression], kinds: tuple[Kind, ...]) -> str:
    """Why one of the operands is not what *taker* takes."""
    found = next((kind for kind in map(kind_of, operands) if kind not in (*kinds, "any") and "any" not in kinds), None)
    return f"{taker} takes {' or '.join(_NAMES[x] for x in kinds)}, not {_NAMES[found]}" if found else ""


def _zero_fault(sign: str, divisor: Expression) -> str:
    if sign not in "/%" or not is_constant(divisor):
        return ""
    value = evaluate(divisor, {})
    return "division by zero" if not (int(value) if sign == "%" else value) else ""


def _constant_fault(expression: Expression) -> str:
    """Why an expression of constants alone comes to nothing."""
    if not is_constant(expression):
        return ""
    try:
        value = evaluate(expression, {})
    except (EvaluationError, OverflowError) as fault:
        return str(fault)
    too_large = isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < 2**63)
    return "the result is too large" if too_large else ""
