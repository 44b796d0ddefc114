"""What a YAML 1.2 scalar means: in the core schema `no`, `on`, `12:30` and `2024-01-01` are strings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
SUSPECT = frozenset("~nNtTfF.+-0123456789")
"""First letters of the plain scalars that may be something else than a string; so may the empty one."""

LOWEST, HIGHEST = -(1 << 63), (1 << 64) - 1
"""The integers that every reader down the line keeps exactly."""


class OutOfRangeError(ValueError):
    """A number that 64 bits cannot hold."""


class MismatchError(ValueError):
    """A scalar that is not what its tag says."""


def plain(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar; raises OutOfRangeError for what 64 bits cannot hold."""
    if text and text[0] not in SUSPECT:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "nNtTfF~":
        return text
    if _DECIMAL.fullmatch(text):
        return _integer(text, 10)
    if _PREFIXED.fullmatch(text):
        return _integer(text[2:], 8 if text[1] == "o" else 16)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _integer(digits: str, base: int) -> int:
    try:
        number = int(digits, base)
    except ValueError:  # Python refuses to convert thousands of digits
        raise OutOfRangeError(digits) from None
    if LOWEST <= number <= HIGHEST:
        return number
    raise OutOfRangeError(digits)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise OutOfRangeError(text)
    return number


def _of_type(*types: type) -> Callable[[str], Scalar]:
    def read(text: str) -> Scalar:
        value = plain(text)
        if type(value) in types:
            return value
        raise MismatchError(text)

    return read


def _as_float(text: str) -> Scalar:
    value = _of_type(int, float)(text)
    assert isinstance(value, int | float)
    return float(value)


_TAG = "tag:yaml.org,2002:"
SCALAR_TAGS: dict[str, Callable[[str], Scalar]] = {
    "!": str,
    f"{_TAG}str": str,
    f"{_TAG}int": _of_type(int),
    f"{_TAG}float": _as_float,
    f"{_TAG}bool": _of_type(bool),
    f"{_TAG}null": _of_type(type(None)),
}
"""What each tag of the core schema makes of a scalar; every other tag is refused."""

MAPPING_TAGS = frozenset(("!", f"{_TAG}map"))
SEQUENCE_TAGS = frozenset(("!", f"{_TAG}seq"))


def tag_name(tag: str) -> str:
    """A tag as people write it: `!!int`, `!foo`."""
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag
