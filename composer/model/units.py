"""Amounts with a unit as people write them: quantities, durations, data sizes, rates, percentages, ports,
address ranges.

Each function takes what a document holds, gives a plain number, and raises UnitError, whose text ends the
sentence "expected ...". Each compiled pattern beside it tells the same by `fullmatch`, except for bounds.
"""

from __future__ import annotations

import ipaddress
import math
import re
from decimal import ROUND_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

LONGEST = 40
"""No amount needs more characters; longer texts are refused unread."""

MOST = 2**63 - 1
"""The largest amount Kubernetes can hold."""

_EXACT = Context(prec=80)
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"

QUANTITY = re.compile(r"\+?(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?")
DURATION = re.compile(
    rf"(?=[0-9])(?:(?P<w>{_NUMBER})w)?(?:(?P<d>{_NUMBER})d)?(?:(?P<h>{_NUMBER})h)?"
    rf"(?:(?P<m>{_NUMBER})m(?!s))?(?:(?P<s>{_NUMBER})s)?(?:(?P<ms>{_NUMBER})ms)?"
)
SIZE = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<unit>B|(?:[kKMGTP]|[KMGTP]i)B?)")
RATE = re.compile(rf"(?P<number>{_NUMBER})/(?P<every>{_NUMBER})?(?P<unit>ms|s|min|m|h|d)")
PERCENTAGE = re.compile(rf"(?P<number>{_NUMBER})%")

_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_SECONDS = {
    "w": Fraction(604_800),
    "d": Fraction(86_400),
    "h": Fraction(3_600),
    "min": Fraction(60),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_LONGEST_DURATION = MOST // 1_000_000_000  # Go counts nanoseconds in 64 bits


class UnitError(ValueError):
    """What a document says is not what it should be; the text says what is expected."""


@lru_cache(maxsize=4096, typed=True)
def quantity(value: str | float) -> int | float:
    """A Kubernetes quantity as a number, rounded up to 1n: "500m" is 0.5, "2Gi" is 2147483648."""
    return _plain(Fraction(_quantity(value)))


@lru_cache(maxsize=4096, typed=True)
def milli_quantity(value: str | float) -> int:
    """A Kubernetes quantity in thousandths, rounded up: sums of these are exact, and "100m" of CPU is 100."""
    return math.ceil(Fraction(_quantity(value)) * 1000)


def _quantity(value: str | float) -> Decimal:
    expected = 'a Kubernetes quantity, such as 500m, "4", 512Mi or 64Gi'
    if isinstance(value, float) and math.isfinite(value):
        amount = Decimal(repr(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        amount = Decimal(value)
    else:
        amount = _written_quantity(_match(QUANTITY, value, expected))
    if not 0 <= amount <= MOST:
        raise UnitError(f"{expected}, from 0 to {MOST}")
    return amount.quantize(Decimal("1e-9"), ROUND_UP, _EXACT)


def _written_quantity(found: re.Match[str]) -> Decimal:
    number, suffix = Decimal(found["number"]), found["suffix"] or ""
    if suffix in _DECIMAL:
        return number.scaleb(3 * _DECIMAL[suffix], _EXACT)
    if suffix in _BINARY:
        return _EXACT.multiply(number, Decimal(1024 ** _BINARY.index(suffix)))
    exponent = int(suffix[1:])
    if abs(exponent) > LONGEST:  # no need for exactness where nothing or everything is left
        exponent = LONGEST if exponent > 0 else -LONGEST
    return number.scaleb(exponent, _EXACT)


@lru_cache(maxsize=4096, typed=True)
def duration(value: str | float) -> int | float:
    """A duration in seconds: "1h30m" is 5400. Units are w, d, h, m, s, ms, each once, the largest first."""
    expected = "a duration with a unit, such as 90s, 15m, 1h30m or 7d"
    found = _match(DURATION, value, expected)
    seconds = sum((Fraction(n) * _SECONDS[unit] for unit, n in found.groupdict().items() if n), Fraction(0))
    if seconds > _LONGEST_DURATION:
        raise UnitError(f"{expected}, and no longer than 292 years")
    return _plain(seconds)


@lru_cache(maxsize=4096, typed=True)
def size(value: str | float) -> int:
    """An amount of data in bytes: "2GB" is 2000000000, "2GiB" and "2Gi" are 2147483648, 220 is 220."""
    expected = "an amount of data with a unit, such as 500kB, 2GB or 1GiB"
    if isinstance(value, int) and not isinstance(value, bool):
        amount = Fraction(value)
    else:
        found = _match(SIZE, value, expected)
        amount = Fraction(found["number"]) * _bytes_of(found["unit"].removesuffix("B"))
    if not 0 <= amount <= MOST:
        raise UnitError(f"{expected}, from 0 to {MOST} bytes")
    if amount.denominator != 1:
        raise UnitError(f"{expected}, and a whole number of bytes")
    return int(amount)


def _bytes_of(unit: str) -> int:
    return (
        int(1024 ** _BINARY.index(unit))
        if unit.endswith("i")
        else int(1000 ** " kMGTP".index(unit.replace("K", "k") or " "))
    )


@lru_cache(maxsize=4096, typed=True)
def rate(value: str | float) -> int | float:
    """A rate per second: "6/min" is 0.1, "1/10s" is 0.1, "1000/d" is 0.011574..."""
    expected = "a rate such as 1/s, 6/min, 1/10s or 24/d"
    found = _match(RATE, value, expected)
    every = Fraction(found["every"] or 1)
    if not every:
        raise UnitError(expected)
    return _plain(Fraction(found["number"]) / (every * _SECONDS[found["unit"]]))


@lru_cache(maxsize=4096, typed=True)
def percentage(value: str | float) -> int | float:
    """A share of the whole: "0.1%" is 0.001, "100%" is 1."""
    expected = "a percentage such as 0.1% or 100%"
    share = Fraction(_match(PERCENTAGE, value, expected)["number"]) / 100
    if share > 1:
        raise UnitError(f"{expected}, at most 100%")
    return _plain(share)


def port(value: str | float) -> int:
    """A TCP or UDP port."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_535:
        return value
    raise UnitError("a port number from 1 to 65535")


@lru_cache(maxsize=4096, typed=True)
def cidr(value: str | float) -> str:
    """A range of IP addresses in its shortest spelling: "10.20.0.0/16", "2001:db8::/32"."""
    expected = "an address range in CIDR notation, such as 10.20.0.5/32"
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}", value):
        raise UnitError(expected)
    try:
        found = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise UnitError(expected) from None
    if ipaddress.ip_address(value.partition("/")[0]) != found.network_address:
        raise UnitError(f"{expected}; the range around {value} is {found}")
    return str(found)


def _match(pattern: re.Pattern[str], value: str | float, expected: str) -> re.Match[str]:
    found = pattern.fullmatch(value) if isinstance(value, str) and len(value) <= LONGEST else None
    if found is None:
        raise UnitError(expected)
    return found


def _plain(amount: Fraction) -> int | float:
    return int(amount) if amount.denominator == 1 else float(amount)


@lru_cache(maxsize=4096, typed=True)
def show_quantity(amount: float, *, binary: bool = False) -> str:
    """The shortest Kubernetes quantity that is exactly *amount*, to the nearest 1n above: "500m", "3", with
    *binary* "1536Mi".

    Binary suffixes are for whole numbers of bytes; the decimal ones never go above "" (cores, counts).
    """
    exact = Fraction(_quantity(amount))
    if binary and exact.denominator == 1:
        power = next((p for p in range(6, 0, -1) if exact and exact % 1024**p == 0), 0)
        return f"{exact // 1024**power}{_BINARY[power]}"
    scale = next(s for s in ("", "m", "u", "n") if (exact / Fraction(1000) ** _DECIMAL[s]).denominator == 1)
    return f"{int(exact / Fraction(1000) ** _DECIMAL[scale])}{scale}"


def show_duration(seconds: float) -> str:
    """The duration as Go programs read it too, without days: 5400 is "1h30m", 604800 is "168h"."""
    left = round(seconds * 1000)
    if left < 0:
        raise UnitError("a duration of no less than 0 seconds")
    parts: list[str] = []
    for unit, milliseconds in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, milliseconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def show_size(count: int) -> str:
    """A number of bytes for people, decimal, to three figures: 2147483648 is "2.15GB"."""
    for power, unit in ((5, "PB"), (4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if count >= 1000**power:
            return f"{count / 1000**power:.3g}{unit}"
    return f"{count}B"


def show_rate(per_second: float) -> str:
    """A rate for people, in the first unit that gives at least 1: 0.1 is "6/min"."""
    for unit in ("s", "min", "h", "d"):
        count = per_second * float(_SECONDS[unit])
        if count >= 1 or unit == "d":
            return f"{count:.4g}/{unit}"
    raise AssertionError("the last unit takes every rate")
