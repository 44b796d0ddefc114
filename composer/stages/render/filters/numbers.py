"""Filters that yield numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2.filters import do_round
from jinja2.runtime import Undefined

from composer.model import units
from composer.stages.render.filters.strings import text
from composer.stages.render.refusal import Refused
from composer.stages.render.values import nothing


def integer(value: Any) -> int:
    """A whole number, or a string that is one, as an integer. Anything else is refused, never made 0."""
    return int(_number(value, int, "an integer"))


def number(value: Any) -> float:
    """A number, or a string that is one, as a floating-point number."""
    return float(_number(value, float, "a number"))


def rounded(value: Any, precision: int = 0, method: str = "common") -> float:
    """The number rounded to *precision* digits: to the nearest, or up (ceil) or down (floor)."""
    if not 0 <= precision <= 15:
        raise Refused("T011", f"cannot round to {precision} digits", "0 to 15")
    return do_round(number(value), precision, method)  # type: ignore[arg-type]


def absolute(value: Any) -> Any:
    """The number without its sign."""
    return abs(_number(value, float, "a number"))


def _number(value: Any, convert: Callable[[str], Any], expected: str) -> Any:
    if isinstance(value, Undefined | None):
        raise nothing(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if convert is float or value == int(value):
            return value
    elif isinstance(value, str):
        try:
            return convert(value)
        except ValueError:
            pass
    raise Refused("T011", f"expected {expected}, found {value!r}")


def quantity_bytes(value: Any) -> int:
    """The bytes of a Kubernetes quantity: "512Mi"."""
    return int(_unit(units.quantity, value, "a quantity such as 512Mi"))


def seconds(value: Any) -> int:
    """The seconds of a duration: "72h"."""
    return int(_unit(units.duration, value, "a duration such as 90s or 72h"))


def size_bytes(value: Any) -> int:
    """The bytes of a data size: "2GB"."""
    return int(_unit(units.size, value, "a size such as 2GB"))


def per_second(value: Any) -> float:
    """The events a second of a rate: "6/min"."""
    return float(_unit(units.rate, value, "a rate such as 6/min"))


def _unit(convert: Callable[[str], Any], value: Any, expected: str) -> Any:
    try:
        return convert(text(value))
    except ValueError:
        raise Refused("T011", f"expected {expected}, found {value!r}") from None


FILTERS: dict[str, Callable[..., Any]] = {
    "int": integer,
    "float": number,
    "round": rounded,
    "abs": absolute,
    "quantity_bytes": quantity_bytes,
    "seconds": seconds,
    "bytes": size_bytes,
    "per_second": per_second,
}
