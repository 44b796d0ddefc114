"""Derived figures as data: what was worked out, by which formula, from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from composer.model.units import show_duration, show_rate, show_size

SHOWN = {
    "bytes": lambda amount: show_size(round(amount)),
    "seconds": lambda amount: show_duration(round(amount, 3) if amount < 1 else round(amount)),
    "a second": lambda amount: show_rate(amount) if amount else "0/s",
    "bytes a second": lambda amount: f"{show_size(round(amount))}/s",
    "share": lambda amount: f"{amount * 100:.3g}%",
}
"""Unit -> how people read an amount of it; all others are plain counts."""


def show_amount(amount: float, unit: str) -> str:
    """The amount for people: "97.3MB", "72h", "441/s", "1,815,000 messages"."""
    if unit in SHOWN:
        return SHOWN[unit](amount)
    number = f"{amount:,.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.3g}"
    return f"{number} {unit}".strip()


@dataclass(frozen=True, slots=True)
class Term:
    """One input of a formula. *key* says what it is: the name of a figure, a constant or a sum over the documents."""

    key: str
    amount: float
    unit: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A derived figure. *formula* reads like arithmetic over the keys of *inputs*."""

    key: str
    amount: float
    unit: str
    meaning: str
    formula: str
    inputs: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Sizing:
    """How large a site's broker has to be.

    *amounts* holds every figure, sum and constant by its key, *tenants* the sums of each tenant ("" is the platform's own).
    *given* is what the broker gets: as documents say, or else as worked out; templates read it as `sizing`. *chosen* are the keys
    of what documents say.
    """

    amounts: Mapping[str, float]
    tenants: Mapping[str, Mapping[str, float]]
    given: Mapping[str, Any]
    chosen: frozenset[str]
    line: str
