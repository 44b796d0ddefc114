"""What an expression is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, true, false or null."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the message; *path* leads into nested messages."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """*operator* is "-" or "not"."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """*operator* is one of + - * / % == != < <= > >= and or."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the functions in `FUNCTIONS`."""

    function: str
    arguments: tuple[Expression, ...]


Expression = Literal | Field | Unary | Binary | Call


@dataclass(frozen=True, slots=True)
class Signature:
    """How many arguments a function takes; *most* is None where there is no limit."""

    least: int
    most: int | None

    def __str__(self) -> str:
        if self.least == self.most:
            return "1 argument" if self.least == 1 else f"{self.least} arguments"
        return f"{self.least} arguments or more" if self.most is None else f"{self.least} to {self.most} arguments"


FUNCTIONS: dict[str, Signature] = {
    "abs": Signature(1, 1),
    "ceil": Signature(1, 1),
    "exists": Signature(1, 1),
    "floor": Signature(1, 1),
    "length": Signature(1, 1),
    "lower": Signature(1, 1),
    "max": Signature(2, None),
    "min": Signature(2, None),
    "round": Signature(1, 2),
    "upper": Signature(1, 1),
}


def fields_of(expression: Expression) -> tuple[Field, ...]:
    """The fields an expression reads, each once, in the order they are written."""
    return tuple(dict.fromkeys(_fields(expression)))


def _fields(expression: Expression) -> Iterator[Field]:
    if isinstance(expression, Field):
        yield expression
    for part in parts_of(expression):
        yield from _fields(part)


def is_constant(expression: Expression) -> bool:
    """Whether the expression reads no field."""
    return not isinstance(expression, Field) and all(is_constant(part) for part in reversed(parts_of(expression)))


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions an expression is made of."""
    match expression:
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case _:
            return ()
