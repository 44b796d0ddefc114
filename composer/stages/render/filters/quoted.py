"""Text that may stand in a text template as it is: written by its author, or quoted for the target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from composer.stages.render.limits import check_length
from composer.stages.render.values import piece


class Quoted(str):
    """A string that needs no quoting any more."""

    __slots__ = ()


def is_quoted(value: object) -> bool:
    """Whether *value* needs no quoting: quoted text, or a number, which all languages write alike."""
    return isinstance(value, Quoted) or (isinstance(value, int | float) and not isinstance(value, bool))


def joined(parts: Iterable[Any], separator: str = "") -> str:
    """The *parts* as one string, which counts as quoted when all of them do."""
    values = list(parts)
    pieces = [piece(value) for value in values]
    check_length(sum(map(len, pieces)) + len(separator) * len(pieces))
    text = separator.join(pieces)
    return Quoted(text) if all(is_quoted(value) for value in values) else text


def concat(parts: Iterable[str]) -> Quoted:
    """What a macro or a block printed, as one string."""
    found = list(parts)
    check_length(sum(map(len, found)))
    return Quoted("".join(found))


def alike(model: str, text: str) -> str:
    """*text*, counting as quoted when *model* does."""
    return Quoted(text) if isinstance(model, Quoted) else text
