"""The numbers of publications that follow from others: what a stream or function publishes, from what reaches it.

Where something depends on data and no document says `rate` or `keep`, the number is an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import ceil, fsum
from typing import Any, NamedTuple

from composer.model.circles import knots
from composer.model.matching import Reach, reach
from composer.model.names import expand_names
from composer.model.topics import covers
from composer.model.traffic import Subscription
from composer.model.units import duration, percentage, rate
from composer.stages.wire.rows import Draft, Follows

UNCHANGED = frozenset({"filter"})
"""Steps that let a message through as it is."""


class Volume(NamedTuple):
    """Messages a second, bytes of one, and its schema or "". *sources*: device or class -> how many devices they are of."""

    rate: float
    bytes: int
    schema: str
    sources: Mapping[str, int]


NOTHING = Volume(0, 0, "", {})


def volumes(drafts: Sequence[Draft], subscriptions: Sequence[Subscription]) -> list[Volume]:
    """The volume of each of one tenant's *drafts*. What only goes round in a circle counts as nothing."""
    published = tuple(draft.filter for draft in drafts)
    filters = tuple(subscription.filter for subscription in subscriptions)
    by_place = {(id(s.said.component), s.said.route): index for index, s in enumerate(subscriptions)}
    inputs = tuple(
        tuple(by_place[id(draft.said.component), route] for route in draft.follows.inputs) if draft.follows else ()
        for draft in drafts
    )
    reached = reach(published, filters)
    found = [_stated(draft) for draft in drafts]
    for index, sources in _order(published, filters, inputs):
        draft = drafts[index]
        if draft.follows:
            arriving = [
                _part(drafts[each], found[each], filters[listening])
                for listening in inputs[index]
                for each in _reaching(reached, inputs[index], listening, draft.follows)
                if each in sources
            ]
            found[index] = _following(draft, draft.follows, arriving)
    return found


def _stated(draft: Draft) -> Volume:
    """The volume of somebody who listens to nobody: its record says all there is to know."""
    if draft.follows:
        return NOTHING
    record = draft.record
    said = record.get("rate", 0)
    each = rate(said) if isinstance(said, str) else said
    sources = {draft.source: draft.senders} if draft.source else {}
    return Volume(each * draft.senders, record.get("bytes", 0), record.get("schema", ""), sources)


Order = tuple[tuple[int, frozenset[int]], ...]


@lru_cache(maxsize=1024)
def _order(published: tuple[str, ...], filters: tuple[str, ...], inputs: tuple[tuple[int, ...], ...]) -> Order:
    """In which order publications follow from each other, each with those it follows from outside of its own circle."""
    reached = reach(published, filters)
    sources = [sorted({each for listening in own for each in reached[listening]}) for own in inputs]
    return tuple(
        (index, frozenset(sources[index]).difference(knot if len(knot) > 1 else (index,)))
        for knot in knots(sources)
        for index in knot
    )


def _reaching(reached: Reach, inputs: tuple[int, ...], listening: int, follows: Follows) -> list[int]:
    """What reaches one filter; where all filters are of one client, only what none before it has got."""
    if not follows.client:
        return list(reached[listening])
    before = {each for other in inputs[: inputs.index(listening)] for each in reached[other]}
    return [each for each in reached[listening] if each not in before]


def _part(draft: Draft, volume: Volume, topic_filter: str) -> Volume:
    """How much of a publication a filter gets: of a class, only the devices that a narrower filter names."""
    if draft.senders <= 1 or covers(topic_filter, draft.filter):
        return volume
    device = named_device(draft.topic, topic_filter)
    if device is None:
        return volume
    reached = 1 if not draft.names or is_named(draft.names, device) else 0
    share = reached / draft.senders
    return volume._replace(rate=volume.rate * share, sources=dict.fromkeys(volume.sources, reached))


@lru_cache(maxsize=4096)
def named_device(topic: str, topic_filter: str) -> str | None:
    """The one device whose topic *topic_filter* matches, where both overlap and it tells one; "" where there can be none."""
    found: str | None = None
    for level, wanted in zip(topic.split("/"), topic_filter.split("/"), strict=False):
        if "{device}" not in level or wanted in ("+", "#"):
            continue
        parts = [re.escape(part) for part in level.split("{device}")]
        same = re.fullmatch("(.+)".join(parts[:2]) + "".join(f"\\1{part}" for part in parts[2:]), wanted)
        if same is None or (found is not None and found != same[1]):
            return ""
        found = same[1]
    return found


@lru_cache(maxsize=4096)
def is_named(names: str, device: str) -> bool:
    """Whether the name pattern *names* has *device* in it."""
    return device in expand_names(names)


def _following(draft: Draft, follows: Follows, arriving: Sequence[Volume]) -> Volume:
    record = draft.record
    sources = _together(volume.sources for volume in arriving)
    arrives = fsum(volume.rate for volume in arriving)
    out, left = _through(follows, arrives, sources, f"{draft.principal.kind} {draft.principal.name}")
    if "rate" in record:
        out = rate(record["rate"])
    elif "keep" in record:
        out = arrives * percentage(record["keep"])
    schema = record["schema"] if "schema" in record else _common_schema(follows, arriving)
    return Volume(out, record.get("bytes") or _mean_bytes(arriving, arrives), schema, left)


def _together(found: Any) -> dict[str, int]:
    """Devices that several inputs are of, each counted once."""
    sources: dict[str, int] = {}
    for each in found:
        for name, count in each.items():
            sources[name] = max(count, sources.get(name, 0))
    return sources


def _through(follows: Follows, arrives: float, sources: dict[str, int], own: str) -> tuple[float, dict[str, int]]:
    """What is left behind the steps: a window sends one message for each device of which there was one."""
    for step in follows.steps:
        if "window" not in step:
            continue
        if "by" not in step["window"]:
            sources = {own: 1}
        groups = sum(sources.values())
        if groups:
            arrives = min(arrives, groups / duration(follows.window or step["window"]["every"]))
    return arrives, sources


def _common_schema(follows: Follows, arriving: Sequence[Volume]) -> str:
    """The schema of what is passed on unchanged, where all that arrives has the same one."""
    schemas = {volume.schema for volume in arriving}
    unchanged = not follows.client and all(UNCHANGED.issuperset(step) for step in follows.steps)
    return schemas.pop() if unchanged and len(schemas) == 1 else ""


def _mean_bytes(arriving: Sequence[Volume], arrives: float) -> int:
    """The size of a message on average, rounded up, so that bytes a second are kept."""
    if arrives > 0:
        return ceil(fsum(volume.rate * volume.bytes for volume in arriving) / arrives)
    return max((volume.bytes for volume in arriving), default=0)
