"""What may become part of an object: plain data only. Compiled templates call this at every leaf."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from jinja2.runtime import Undefined

from composer.stages.render.refusal import Refused, kind_of

MAX_DEPTH = 60
MAX_SIZE = 1 << 20
"""How deep a computed value may be, and how many characters it may have in all."""

_PART = 10
"""How many characters a part counts for."""

_SCALARS = (str, int, bool)
_PLAIN = (*_SCALARS, dict, list)


def leaf(value: Any) -> Any:
    """A value read from the context, for use in an object; raises Refused where there is none."""
    return value if value.__class__ in _PLAIN else plain(value)


def plain(value: Any) -> Any:
    """The value of an expression as plain data, checked all the way down; raises Refused for none.

    Subclasses of str become str, tuples and iterators lists. Null is allowed inside, as it is in the context.
    """
    if value.__class__ in _SCALARS:
        return value
    if value is None:
        raise nothing(value)
    return _Plain().convert(value, 0)


class _Plain:
    """One conversion, counting what it has seen."""

    def __init__(self) -> None:
        self.left = MAX_SIZE

    def convert(self, value: Any, depth: int) -> Any:
        self.left -= _PART + (len(value) if isinstance(value, str) else 0)
        if self.left < 0 or depth > MAX_DEPTH:
            raise Refused("T013", f"an expression makes a value of over {MAX_SIZE} characters or {MAX_DEPTH} levels")
        if isinstance(value, bool | int | None):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, float):
            return finite(value)
        if isinstance(value, Mapping):
            return {self._key(key): self.convert(entry, depth + 1) for key, entry in value.items()}
        if isinstance(value, Undefined):
            raise nothing(value)
        if isinstance(value, list | tuple | Iterator | range):
            return [self.convert(item, depth + 1) for item in value]
        raise Refused("T011", f"an expression made {kind_of(value)}, which cannot be part of an object")

    @staticmethod
    def _key(key: object) -> str:
        if isinstance(key, str):
            return str(key)
        raise Refused("T010", f"a key is {kind_of(key)}; keys are strings")


def finite(value: float) -> float:
    """*value*, refused where YAML and JSON have no number for it."""
    if isfinite(value):
        return value
    raise Refused("T011", f"{value} is not a number that a document can hold")


def nothing(value: Undefined | None) -> Refused:
    """The refusal of null or an undefined value."""
    hint = "leave the field out with `$if`, or give a value with `|default(...)`"
    if value is None:
        return Refused("T008", "the value is null", hint)
    return Refused("T008", value._undefined_message, hint)


def piece(value: Any) -> str:
    """*value* as part of a longer string."""
    if value.__class__ is str:
        return value
    if isinstance(value, Undefined | None):
        raise nothing(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return str(finite(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    hint = _PIECE_HINTS.get(type(value), "")
    raise Refused("T009", f"{kind_of(value)} cannot stand inside a longer string", hint)


_PIECE_HINTS: dict[type, str] = {
    bool: "write the two words yourself: {{ 'true' if x else 'false' }}",
    dict: "say how it becomes text, for example with |json",
    list: "say how it becomes text, for example with |join(',')",
}


def name(value: Any) -> str:
    """*value* as the key of an entry."""
    if value.__class__ is str:
        return value
    if isinstance(value, Undefined | None):
        raise nothing(value)
    if isinstance(value, str):
        return str(value)
    raise Refused("T010", f"a key is {kind_of(value)}; keys are strings", "make it a string with |string")


def mapping(value: Any) -> dict[str, Any]:
    """*value*, which has to be a mapping."""
    if value.__class__ is dict:
        return value
    if isinstance(value, Undefined | None):
        raise nothing(value)
    raise Refused("T011", f"{kind_of(value)} stands where a mapping is wanted")


def unique(entries: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping of *entries*, of which no two may have the same key."""
    made: dict[str, Any] = {}
    for key, value in entries:
        if key in made:
            raise double(key)
        made[key] = value
    return made


def double(key: str) -> Refused:
    """The refusal of a key that is there already."""
    return Refused("T010", f"the key {key!r} comes twice in one mapping", "to override entries, use `$merge`")


def merged(parts: Iterable[Any]) -> dict[str, Any]:
    """The mappings *parts* laid over each other: later wins, mappings deep, everything else replaced."""
    result: dict[str, Any] = {}
    for part in parts:
        result = merge(result, mapping(part))
    return result


def merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """*upper* laid over *lower*; neither is changed."""
    result = dict(lower)
    for key, value in upper.items():
        below = result.get(key)
        result[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
