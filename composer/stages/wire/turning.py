"""What comes down to a site and, by way of its streams and functions, goes up again: half of a circle, of which the other half
is at its hub, or further up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from composer.model.links import EVERY_SITE, LinkSummary, Passing, at_hub
from composer.model.matching import Reach, reach
from composer.model.topics import levels, meet, overlaps, to_filter
from composer.model.traffic import Publication, Subscription

PASSING_ON = frozenset({"stream", "function"})
"""Kinds of principals that publish because a message came."""

UPLINK = "uplink"

Hop = tuple[int, int]
"""A publication, and a subscription that it leads to, by their indexes."""


class Turn(NamedTuple):
    """Where a site turns messages round: what comes *down* to it at its hub, and what of it goes *up*, as topics of the hub."""

    site: str
    down: str
    up: str


def actor(row: Publication | Subscription) -> str:
    """Who passes messages on, "" where nobody does; dead letters are looked at apart."""
    if row.principal.kind not in PASSING_ON or (isinstance(row, Publication) and row.is_dead_letter):
        return ""
    return f"{row.principal.kind} {row.principal.name}"


Turning = Mapping[tuple[str, str], Mapping[str, None]]
"""What comes down and what goes up because of it -> the sites where it does, in order."""


def turning(children: Sequence[LinkSummary]) -> Mapping[str, Turning]:
    """Tenant -> what its parts at sites turn round."""
    found: dict[str, dict[tuple[str, str], dict[str, None]]] = {}
    for child in children:
        for link in child.tenants:
            for pair in link.back:
                found.setdefault(link.tenant, {}).setdefault(pair, {})[child.site] = None
    return found


def turns(here: Turning, publications: Sequence[Publication], subscriptions: Sequence[Subscription]) -> dict[Hop, Turn]:
    """What a hub publishes for a tenant and gets back from one of its sites, by way of what goes on there."""
    found: dict[Hop, Turn] = {}
    for (down, up), sites in here.items():
        below, above = (to_filter(at_hub(Passing(text, 1), EVERY_SITE)) for text in (down, up))
        sent = [i for i, p in enumerate(publications) if _may_turn(p) and overlaps(p.filter, below)]
        heard = [i for i, s in enumerate(subscriptions) if _may_turn(s) and overlaps(s.filter, above)] if sent else ()
        for index in sent:
            for listening in heard:
                ends = (publications[index].filter, subscriptions[listening].filter)
                turn = next(_through(ends, (down, up), sites), None)
                if turn:
                    found.setdefault((index, listening), turn)
    return found


def _may_turn(row: Publication | Subscription) -> bool:
    return row.principal.kind == UPLINK or bool(actor(row))


def _through(ends: tuple[str, str], pair: tuple[str, str], sites: Mapping[str, None]) -> Iterator[Turn]:
    """The sites at which what is sent under the first end comes back under the second."""
    named = [name for name in map(_site_in, ends) if name]
    for site in named[:1] or sites:
        down, up = (to_filter(at_hub(Passing(text, 1), site)) for text in pair)
        if site in sites and overlaps(ends[0], down) and overlaps(ends[1], up):
            yield Turn(site, down, up)


def _site_in(topic_filter: str) -> str:
    """The site that a filter at a hub names, or ""."""
    found = levels(topic_filter)
    return found[1] if len(found) > 1 and found[1] not in ("+", "#") else ""


class Return(NamedTuple):
    """Messages that come down under the publication *start* (an index) and go up under the subscription *end*: of the one what
    is matched by *down*, of the other what is matched by *up*.
    """

    start: int
    end: int
    down: str
    up: str


def returns(
    publications: Sequence[Publication], subscriptions: Sequence[Subscription], through: Mapping[Hop, Turn]
) -> list[Return]:
    """What comes down over the site's uplink, with what goes up because of it; *through* are the turns at sites below."""
    senders = tuple(UPLINK if p.principal.kind == UPLINK else actor(p) for p in publications)
    receivers = tuple(UPLINK if s.principal.kind == UPLINK else actor(s) for s in subscriptions)
    if not through and not any(sender not in ("", UPLINK) for sender in senders):
        return []
    reached = reach(tuple(p.filter for p in publications), tuple(s.filter for s in subscriptions))
    found: dict[Return, None] = {}
    for (start, first), (last, end) in _ways(senders, receivers, widened(reached, through)):
        entering, leaving = through.get((start, first)), through.get((last, end))
        down = entering.down if entering else subscriptions[first].filter
        up = leaving.up if leaving else publications[last].filter
        found[Return(start, end, meet(publications[start].filter, down), meet(subscriptions[end].filter, up))] = None
    return list(found)


def widened(reached: Reach, through: Mapping[Hop, Turn]) -> Reach:
    """What reaches each subscription, with what comes back from sites below."""
    if not through:
        return reached
    more: dict[int, set[int]] = {}
    for index, listening in through:
        more.setdefault(listening, set()).add(index)
    return tuple(tuple(sorted({*found, *more.get(listening, ())})) for listening, found in enumerate(reached))


@lru_cache(maxsize=1024)
def _ways(senders: tuple[str, ...], receivers: tuple[str, ...], reached: Reach) -> tuple[tuple[Hop, Hop], ...]:
    """First and last hop of each way from the uplink to the uplink, by way of somebody who passes messages on."""
    publications: dict[str, list[int]] = {}
    for index, sender in enumerate(senders):
        publications.setdefault(sender, []).append(index)
    heard: dict[int, list[int]] = {}
    for listening, indexes in enumerate(reached):
        for index in indexes:
            heard.setdefault(index, []).append(listening)
    found: dict[tuple[Hop, Hop], None] = {}
    for start in publications.get(UPLINK, ()):
        for first in heard.get(start, ()):
            hops = [(start, first)]
            met = {""}
            while hops:
                index, listening = hops.pop()
                receiver = receivers[listening]
                if receiver == UPLINK:
                    found[(start, first), (index, listening)] = None
                elif receiver not in met:
                    met.add(receiver)
                    hops += [(each, to) for each in publications.get(receiver, ()) for to in heard.get(each, ())]
    return tuple(found)
