"""Filters on lists and mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from jinja2 import Environment, pass_environment
from jinja2.filters import make_attrgetter

from composer.stages.render import values
from composer.stages.render.filters.quoted import joined
from composer.stages.render.limits import MAX_LIST, add, check_list
from composer.stages.render.refusal import Refused, kind_of


@pass_environment
def join(environment: Environment, value: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """The items (or an item of each) as one string."""
    if isinstance(value, str):
        raise Refused("T011", "expected a list to join, found a string")
    getter = make_attrgetter(environment, attribute) if attribute is not None else None
    return joined(value if getter is None else map(getter, value), values.piece(separator))


@pass_environment
def total(environment: Environment, value: Iterable[Any], attribute: str | None = None, start: float = 0) -> Any:
    """The sum of numbers."""
    getter = make_attrgetter(environment, attribute) if attribute is not None else None
    result: Any = start
    for item in value if getter is None else map(getter, value):
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise Refused("T011", f"expected numbers to add up, found {kind_of(item)}")
        result = add(result, item)
    return result


def batch(value: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of *size* items each; the last one may be shorter."""
    if not 0 < size <= MAX_LIST:
        raise Refused("T011", f"cannot make batches of {size}")
    items = iter(value)
    while part := list(islice(items, size)):
        yield part


def merge(value: Any, other: Any) -> dict[str, Any]:
    """The mapping with *other* laid over it: later wins, mappings deep, lists replace."""
    return values.merge(values.mapping(value), values.mapping(other))


def keys(value: Any) -> list[str]:
    """The keys of the mapping, in its order."""
    return list(values.mapping(value))


def flatten(value: Sequence[Sequence[Any]]) -> list[Any]:
    """The items of the lists in the list."""
    parts = list(value)
    check_list(sum(map(len, parts)))
    return [item for part in parts for item in part]


FILTERS: dict[str, Callable[..., Any]] = {
    "join": join,
    "sum": total,
    "batch": batch,
    "merge": merge,
    "keys": keys,
    "flatten": flatten,
}
