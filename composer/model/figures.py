"""Derived figures as data: what was worked out, by which formula, from what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from composer.model.units import show_duration, show_rate, show_size


def _rate(amount: float) -> str:
    if amount >= 1000:
        return f"{amount:,.0f}/s"
    return show_rate(amount) if amount else "0/s"


SHOWN: Mapping[str, Callable[[float], str]] = {
    "bytes": lambda amount: show_size(round(amount)),
    "seconds": lambda amount: show_duration(round(amount, 3) if amount < 1 else round(amount)),
    "a second": _rate,
    "bytes a second": lambda amount: f"{show_size(round(amount))}/s",
    "share": lambda amount: f"{amount * 100:.3g}%",
}
"""Unit -> how people read an amount of it; all others are plain counts."""


def show_amount(amount: float, unit: str) -> str:
    """The amount for people: "97.3MB", "72h", "441/s", "1,815,000 messages"."""
    if unit in SHOWN:
        return SHOWN[unit](amount)
    number = f"{amount:,.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.3g}"
    return f"{number} {unit.removesuffix('s') if number == '1' else unit}".strip()


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


BESIDES: Mapping[str, str] = {
    "bytes of all messages": "traffic",
    "bytes of idle clients": "keepAliveBytes",
    "time to come back": "reconnect",
}
"""What `composer capacity` says besides its rows, for which nobody gives anything -> the figure."""


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


class Need(NamedTuple):
    """Something that is needed and something that gives it. *key* is the row of NEEDS it belongs to, *figure* what is needed.

    *tenant* is "" for the platform, *by* what gives it, as people call it.
    """

    key: str
    figure: str
    tenant: str
    needed: float
    given: float
    unit: str
    by: str

    @property
    def headroom(self) -> float:
        """How far what is given stands above what is needed: 0.25 is a quarter; infinite where nothing is needed."""
        return self.given / self.needed - 1 if self.needed else float("inf")

    @property
    def label(self) -> str:
        """How people call it: "memory", "connections of acme"."""
        return f"{self.key} of {self.tenant}" if self.tenant else self.key
