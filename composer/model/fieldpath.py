"""Field paths as people type them: dotted, list items by index or [name=value], keys with dots as [the.key]."""

from __future__ import annotations

import re
from typing import Any

from composer.source.document import Route

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")

_WHOLE = re.compile(r"(?:[^.\[\]]+|\[[^\]]+\])(?:\.[^.\[\]]+|\.?\[[^\]]+\])*")


def resolve_path(path: str, value: Any) -> Route | None:
    """The route that *path* means inside *value*, or None where it leads nowhere.

    "spec.containers.0.image", "spec.containers[name=broker].image" and "data.[mosquitto.conf]" are paths.
    """
    route: list[str | int] = []
    for bracketed, plain in _STEP.findall(path):
        step = _step(bracketed or plain, value)
        if step is None:
            return None
        route.append(step)
        value = value[step]
    return tuple(route)


def _step(word: str, value: Any) -> str | int | None:
    if isinstance(value, dict):
        return word if word in value else None
    if not isinstance(value, list):
        return None
    if word.isdecimal():
        return int(word) if int(word) < len(value) else None
    key, _, wanted = word.partition("=")
    return next((i for i, item in enumerate(value) if isinstance(item, dict) and str(item.get(key)) == wanted), None)


def place_for(path: str, value: Any) -> Route:
    """The route that *path* means inside *value*, whose last steps need not be there yet: keys, or the index after a
    list's last item. Raises ValueError with what is wrong.
    """
    if not _WHOLE.fullmatch(path):
        raise ValueError(f"{path!r} is not a path such as spec.components.ingress.params.maxConnections")
    route: list[str | int] = []
    for bracketed, plain in _STEP.findall(path):
        word, here = bracketed or plain, path_text(tuple(route)) or "the document"
        if value is not None and not isinstance(value, dict | list):
            raise ValueError(f"{here} is {value!r}, which holds nothing called {word!r}")
        step: str | int | None = _step(word, value)
        if step is None and isinstance(value, list):
            if word != str(len(value)):
                raise ValueError(f"{here} has {len(value)} items, and none is {word!r}; the next one is {len(value)}")
            step = len(value)
        step = word if step is None else step
        route.append(step)
        there = (isinstance(value, dict) and step in value) or (isinstance(step, int) and step < len(value))
        value = value[step] if there else None
    return tuple(route)


def value_at(route: Route, value: Any) -> Any:
    """The value at *route*; raises KeyError or IndexError where there is none."""
    for step in route:
        value = value[step]
    return value


def path_text(route: Route) -> str:
    """The route as people write it: keys with dots in brackets."""
    words = (
        f"[{step}]" if isinstance(step, str) and not re.fullmatch(r"[^.\[\]]+", step) else str(step) for step in route
    )
    return ".".join(words)
