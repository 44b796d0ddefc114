"""Arithmetic that can tell what it did: the same formulas run over plain numbers, or over numbers that remember."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

SUM, PRODUCT, ATOM = 1, 2, 3
"""How tightly a text binds."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A number, the formula it came from, and the names that the formula reads."""

    amount: float
    text: str
    binds: int = ATOM
    names: tuple[str, ...] = field(default=())

    def __add__(self, other: Number) -> Traced:
        return _join(self, _traced(other), "+", SUM, self.amount + _amount(other))

    def __radd__(self, other: float) -> Traced:
        return _traced(other) + self

    def __sub__(self, other: Number) -> Traced:
        return _join(self, _traced(other), "-", SUM, self.amount - _amount(other))

    def __rsub__(self, other: float) -> Traced:
        return _traced(other) - self

    def __mul__(self, other: Number) -> Traced:
        return _join(self, _traced(other), "x", PRODUCT, self.amount * _amount(other))

    def __rmul__(self, other: float) -> Traced:
        return _traced(other) * self

    def __truediv__(self, other: Number) -> Traced:
        return _join(self, _traced(other), "/", PRODUCT, self.amount / _amount(other))


Number = float | Traced


def _amount(number: Number) -> float:
    return number.amount if isinstance(number, Traced) else number


def _traced(number: Number) -> Traced:
    return number if isinstance(number, Traced) else Traced(number, f"{number:g}")


def _join(left: Traced, right: Traced, sign: str, binds: int, amount: float) -> Traced:
    one = left.text if left.binds >= binds else f"({left.text})"
    two = right.text if right.binds > binds or (right.binds == binds and sign in "+x") else f"({right.text})"
    return Traced(amount, f"{one} {sign} {two}", binds, left.names + right.names)


def largest(*numbers: Number) -> Number:
    """The largest of the numbers."""
    if Traced not in map(type, numbers):
        return max(numbers)  # type: ignore[type-var]  # all are plain
    traced = [_traced(n) for n in numbers]
    names = tuple(name for n in traced for name in n.names)
    return Traced(max(n.amount for n in traced), f"the largest of {', '.join(n.text for n in traced)}", SUM, names)


def _rounded(number: Number, rounding: Callable[[float], float]) -> Number:
    if isinstance(number, Traced):
        return Traced(rounding(number.amount), f"{number.text}, rounded up", SUM, number.names)
    return rounding(number)


NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def in_counts(number: Number) -> Number:
    """Rounded up to one of the steps 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100 and so on."""
    return _rounded(number, _count_step)


def in_bytes(number: Number, steps: Number) -> Number:
    """Rounded up to a size of which there are *steps* for each doubling, and to whole MiB."""
    return _rounded(number, lambda amount: _byte_step(amount, int(_amount(steps))))


@lru_cache(maxsize=4096)
def _count_step(amount: float) -> float:
    if amount <= 10:
        return float(math.ceil(amount))
    power = 10.0 ** math.floor(math.log10(amount) + 1e-12)
    return next(float(round(nice * power)) for nice in NICE if round(nice * power) >= amount)


@lru_cache(maxsize=4096)
def _byte_step(amount: float, steps: int) -> float:
    mebibytes = max(1, math.ceil(amount / 2**20))
    power = 1 << (mebibytes.bit_length() - 1)
    found = next(found for i in range(steps + 1) if (found := math.ceil(power + power * i / steps)) >= mebibytes)
    return float(found * 2**20)
