"""Where the values of an object come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from composer.diagnostic import Place
from composer.source.document import Route

Reads = tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """A *value* that a template states where it gives it a *name* for another one."""

    name: str
    value: Any
    place: Place


@dataclass(frozen=True, slots=True)
class Origin:
    """The leaf of a template that a value came from, its source, and the routes of the context that it read.

    *source* is "" for a value that the template states. *whole* says that the value lies at the route. *lines* tells for
    reads of text templates which line of theirs read it. *stated* is what it read that a template gave a name.
    """

    place: Place
    source: str = ""
    reads: Reads = ()
    whole: bool = False
    lines: tuple[tuple[Route, Place], ...] = ()
    stated: tuple[Stated, ...] = ()

    def of(self, key: str | int) -> Origin:
        """The origin of the item *key* of the value."""
        return replace(self, reads=tuple((*route, key) for route in self.reads)) if self.whole else self


Origins = Origin | dict[str, Any] | list[Any]
"""The shape of an object or a part of it, with an Origin in the place of each value that one leaf made."""


def origin_of(origins: Origins, key: str | int) -> Origins:
    """The origins of the item *key*."""
    if isinstance(origins, Origin):
        return origins.of(key)
    item: Origins = origins[key]  # type: ignore[index]
    return item


def leaves(origins: Origins, route: Route = ()) -> Iterator[tuple[Route, Origin]]:
    """Every leaf at or below, with its route, in the order of the object."""
    if isinstance(origins, Origin):
        yield route, origins
    else:
        for key, below in origins.items() if isinstance(origins, dict) else enumerate(origins):
            yield from leaves(below, (*route, key))


def merged_origins(lower: tuple[Any, Origins], upper: tuple[Any, Origins]) -> Origins:
    """The origins of *upper* merged over *lower*; each is a mapping with its origins."""
    (below, below_origins), (above, above_origins) = lower, upper
    result = {key: origin_of(below_origins, key) for key in below}
    for key, value in above.items():
        origins = origin_of(above_origins, key)
        both = isinstance(value, dict) and isinstance(below.get(key), dict)
        result[key] = merged_origins((below[key], result[key]), (value, origins)) if both else origins
    return result
