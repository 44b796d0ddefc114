"""Expressions evaluated on a message, with the meaning that Bento gives to their Bloblang."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from composer.model.expression.nodes import Binary, Call, Expression, Field, Literal, Unary


class EvaluationError(ValueError):
    """The expression has no value for this message: a text where a number is needed, a division by zero."""


def evaluate(expression: Expression, message: Mapping[str, Any]) -> Any:
    """The value of the expression for one message; a missing field is null. Raises EvaluationError."""
    match expression:
        case Literal(value):
            return value
        case Field(path):
            return _field(path, message)
        case Unary(sign, operand):
            return _UNARY[sign](evaluate(operand, message))
        case Binary("and" | "or" as word, left, right):
            decided = _truth(evaluate(left, message)) is (word == "or")
            return word == "or" if decided else _truth(evaluate(right, message))
        case Binary(sign, left, right):
            return _BINARY[sign](evaluate(left, message), evaluate(right, message))
        case Call(function, arguments):
            return _CALLS[function](*(evaluate(argument, message) for argument in arguments))


def _field(path: tuple[str, ...], message: Any) -> Any:
    for step in path:
        if not isinstance(message, Mapping):
            return None
        message = message.get(step)
    return message


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise EvaluationError(f"expected true or false, not {value!r}")


def _number(value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise EvaluationError(f"expected a number, not {value!r}")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise EvaluationError(f"expected a text, not {value!r}")


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        return left + _text(right)
    return _number(left) + _number(right)


def _divide(left: Any, right: Any) -> float:
    dividend, divisor = _number(left), _number(right)
    if divisor == 0:
        raise EvaluationError("division by zero")
    return float(dividend) / float(divisor)


def _modulo(left: Any, right: Any) -> int:
    """The remainder of whole numbers, with the sign of the left one, as Go has it; fractions are cut off."""
    dividend, divisor = int(_number(left)), int(_number(right))
    if divisor == 0:
        raise EvaluationError("division by zero")
    return int(math.copysign(abs(dividend) % abs(divisor), dividend))


def _truth(value: Any) -> bool:
    """What `and` and `or` take a value for: a number is true unless it is 0."""
    return _boolean(value) if isinstance(value, bool) else _number(value) != 0


def _same(left: Any, right: Any) -> bool:
    """Whether two values are equal. As in Bento, a truth value on the left takes a number for one, too."""
    if isinstance(left, bool) and isinstance(right, int | float):
        return left is _truth(right)
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison of two numbers or of two texts."""

    def comparison(left: Any, right: Any) -> bool:
        check = _text if isinstance(left, str) else _number
        return compare(check(left), check(right))

    return comparison


_UNARY: Mapping[str, Callable[[Any], Any]] = {
    "-": lambda value: 0 - _number(value),
    "not": lambda value: not _boolean(value),
}

_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": lambda left, right: _number(left) - _number(right),
    "*": lambda left, right: _number(left) * _number(right),
    "/": _divide,
    "%": _modulo,
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
}


def _round(value: Any, digits: int = 0) -> int | float:
    """Rounded half away from zero."""
    scale = int(10**digits)
    scaled = _number(value) * scale
    rounded = math.floor(abs(scaled) + 0.5) * (-1 if scaled < 0 else 1)
    return rounded / scale if digits else rounded


def _length(value: Any) -> int:
    """Bytes of a text, entries of a list or mapping."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list | Mapping):
        return len(value)
    raise EvaluationError(f"expected a text or a list, not {value!r}")


_CALLS: Mapping[str, Callable[..., Any]] = {
    "abs": lambda value: abs(_number(value)),
    "ceil": lambda value: math.ceil(_number(value)),
    "exists": lambda value: value is not None,
    "floor": lambda value: math.floor(_number(value)),
    "length": _length,
    "lower": lambda value: _text(value).lower(),
    "max": lambda *values: max(map(_number, values)),
    "min": lambda *values: min(map(_number, values)),
    "round": _round,
    "upper": lambda value: _text(value).upper(),
}
