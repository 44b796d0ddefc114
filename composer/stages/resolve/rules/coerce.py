"""What `coerce` can do to a value before it is checked. Each leaves its own results as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from composer.model import units
from composer.model.units import UnitError

_INTEGER = re.compile(r"-?[0-9]{1,18}")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise UnitError("text")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise UnitError("a whole number")


def _lower(value: Any) -> str:
    if isinstance(value, str):
        return value.lower()
    raise UnitError("text")


def _duration(value: Any) -> str:
    if isinstance(value, str):
        return units.show_duration(units.duration(value))
    raise UnitError("a duration with a unit, such as 90s, 15m, 1h30m or 7d")


def _number_from(parse: Callable[[Any], int | float]) -> Callable[[Any], int | float]:
    """Text becomes the number it stands for; a number stays."""

    def number(value: Any) -> int | float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return parse(value if isinstance(value, str) else "")

    return number


COERCIONS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "string": _string,
        "integer": _integer,
        "lower": _lower,
        "duration": _duration,
        "seconds": _number_from(units.duration),
        "bytes": _number_from(units.size),
        "per_second": _number_from(units.rate),
        "fraction": _number_from(units.percentage),
    }
)
"""Name -> what it makes of a value. Raises UnitError."""
