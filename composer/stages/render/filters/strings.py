"""Filters on strings."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from jinja2.runtime import Undefined

from composer.model.versions import satisfies
from composer.stages.render.filters.quoted import alike
from composer.stages.render.limits import check_length
from composer.stages.render.refusal import Refused, kind_of
from composer.stages.render.values import nothing, piece


def text(value: Any) -> str:
    """*value*, which has to be a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, Undefined | None):
        raise nothing(value)
    raise Refused("T011", f"expected a string, found {kind_of(value)}")


def string(value: Any) -> str:
    """A string, a number or a boolean (true, false) as a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return piece(value)


def lower(value: Any) -> str:
    return text(value).lower()


def upper(value: Any) -> str:
    return text(value).upper()


def trim(value: Any, chars: str | None = None) -> str:
    """Without white space (or *chars*) at both ends."""
    return alike(value, text(value).strip(chars))


def replace(value: Any, old: str, new: str) -> str:
    """Every *old* replaced by *new*."""
    whole = text(value)
    check_length(len(whole) + whole.count(text(old)) * (len(text(new)) - len(old)))
    return whole.replace(old, new)


def indent(value: Any, width: int = 4, first: bool = False) -> str:
    """Every line but the first (with *first*, that too) moved right by *width*; empty lines stay empty."""
    lines = text(value).split("\n")
    check_length(len(value) + len(lines) * width)
    moved = [" " * width + line if line and (first or number) else line for number, line in enumerate(lines)]
    return alike(value, "\n".join(moved))


def split(value: Any, separator: str) -> list[str]:
    """The parts between the separators."""
    return text(value).split(text(separator))


def sha256(value: Any) -> str:
    """The SHA-256 of the string, in hex."""
    return hashlib.sha256(text(value).encode()).hexdigest()


def b64encode(value: Any) -> str:
    """The string in base64."""
    return base64.b64encode(text(value).encode()).decode()


def is_version(value: Any, wanted: str) -> bool:
    """Whether the version lies in the range *wanted*: "1.18" in ">=1.14 <2"."""
    try:
        return satisfies(text(value), wanted)
    except ValueError as problem:
        raise Refused("T011", str(problem)) from None


FILTERS: dict[str, Callable[..., Any]] = {
    "string": string,
    "lower": lower,
    "upper": upper,
    "trim": trim,
    "replace": replace,
    "indent": indent,
    "split": split,
    "sha256": sha256,
    "b64encode": b64encode,
}

TESTS: dict[str, Callable[..., Any]] = {"version": is_version}
