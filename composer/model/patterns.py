"""Patterns of routes: where in many documents the same sort of value stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from composer.source.document import Route

Pattern = tuple[str, ...]
"""A route in which "*" stands for every key of a mapping and every index of a list."""


def matching(value: Any, pattern: Pattern, route: Route = ()) -> Iterator[tuple[Route, Any]]:
    """Every value at a route that *pattern* describes, with that route. *value* itself stands at *route*."""
    if not pattern:
        yield route, value
    elif pattern[0] != "*":
        if isinstance(value, dict) and pattern[0] in value:
            yield from matching(value[pattern[0]], pattern[1:], (*route, pattern[0]))
    else:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            yield from matching(inner, pattern[1:], (*route, key))
