"""Where every value of a text stands, worked out only when a place is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from composer.diagnostic import Place
from composer.source.document import Document, Route
from composer.source.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    Mark,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    events,
)
from composer.source.syntax import Source


@dataclass(slots=True)
class Spot:
    """Where a value and its key stand. A collection in *block* style starts where its first entry does."""

    start: Mark
    end: Mark
    block: bool = False
    key: Any = None


@dataclass(slots=True)
class _Level:
    route: Route
    mapping: bool
    index: int = 0
    key: Any = None


@dataclass
class Positions:
    """The spots of one text by route. What an alias repeats has none of its own."""

    source: Source
    spots: dict[Route, Spot] = field(default_factory=dict)


def positions(text: str) -> Positions:
    """The spots of the first document of a text that was read without findings."""
    found = Positions(Source(text, ""))
    levels: list[_Level] = []
    seen = 0
    for event in events(text):
        kind = type(event)
        seen += kind is DocumentStartEvent
        if seen > 1:
            break
        if kind in (MappingEndEvent, SequenceEndEvent):
            found.spots[levels.pop().route].end = event.end_mark
        elif kind in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
            _enter(found.spots, levels, event)
    return found


def _enter(spots: dict[Route, Spot], levels: list[_Level], event: Any) -> None:
    level = levels[-1] if levels else None
    if level is not None and level.mapping and level.key is None:
        level.key = event
        return
    spot = Spot(event.start_mark, event.end_mark)
    route: Route = ()
    if level is not None:
        route = (*level.route, _step(level))
        spot.key, level.key = level.key, None
    spots[route] = spot
    if type(event) in (MappingStartEvent, SequenceStartEvent):
        spot.block = not event.flow_style
        levels.append(_Level(route, type(event) is MappingStartEvent))


def _step(level: _Level) -> str | int:
    if not level.mapping:
        level.index += 1
        return level.index - 1
    return str(level.key.value) if type(level.key) is ScalarEvent else ""


def place_of(found: Positions, document: Document, route: Route, *, key: bool = False) -> Place:
    """The place of the value at *route*, or of its key; of the nearest enclosing one where there is none.

    A mapping or list in block style starts where its first entry does, which would mislead, so its key is
    shown.
    """
    wanted = route
    while route and route not in found.spots:
        route = route[:-1]
    spot = found.spots.get(route)
    return replace(_place(found.source, spot, key=key or route != wanted), file=document.file)


def _place(source: Source, spot: Spot | None, *, key: bool) -> Place:
    if spot is None:
        return Place("")
    if spot.key is not None and (key or spot.block):
        return source.place(spot.key.start_mark, spot.key.end_mark)
    return source.place(spot.start) if spot.block else source.place(spot.start, spot.end)
