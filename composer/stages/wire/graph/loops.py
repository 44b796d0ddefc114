"""Messages that come back to whoever sent them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from composer.diagnostic import Diagnostic, Related, error
from composer.model.circles import circle, knots
from composer.model.matching import Reach
from composer.model.topics import overlaps
from composer.stages.wire.graph.tenant import Graph, label
from composer.stages.wire.places import said_place
from composer.stages.wire.turning import Hop, Turn, Turning, actor, turns, widened


def loops(graph: Graph, below: Turning) -> Iterator[Diagnostic]:
    """A finding for each circle of streams and functions, also by way of what sites *below* turn round, and for each topic
    that the hub would send back.
    """
    senders = tuple(actor(publication) for publication in graph.publications)
    receivers = tuple(actor(subscription) for subscription in graph.subscriptions)
    through = turns(below, graph.publications, graph.subscriptions)
    for hops in _circles(senders, receivers, widened(graph.reached, through)):
        yield _circle(graph, hops, through)
    yield from _dead_letters(graph)
    yield from _sent_back(graph)


@lru_cache(maxsize=1024)
def _circles(senders: tuple[str, ...], receivers: tuple[str, ...], reached: Reach) -> tuple[tuple[Hop, ...], ...]:
    """Circles such that everybody who is on one is on one of these, each hop with a publication and a subscription."""
    actors = list(dict.fromkeys(actor for actor in receivers if actor))
    numbers = {actor: index for index, actor in enumerate(actors)}
    hops: dict[tuple[int, int], Hop] = {}
    for listening, found in enumerate(reached):
        for published in found:
            ends = (numbers.get(senders[published], -1), numbers.get(receivers[listening], -1))
            if -1 not in ends:
                hops.setdefault(ends, (published, listening))
    edges: list[list[int]] = [[] for _ in actors]
    for start, end in hops:
        if start != end:
            edges[start].append(end)
    alone = [[index] for index in range(len(actors)) if (index, index) in hops]
    ways = [*alone, *(way for knot in knots(edges) if len(knot) > 1 for way in _around(edges, knot))]
    return tuple(tuple(hops[a, b] for a, b in zip(way, [*way[1:], *way[:1]], strict=True)) for way in ways)


def _around(edges: list[list[int]], knot: tuple[int, ...]) -> Iterator[list[int]]:
    """Shortest circles through everybody in a knot."""
    met: set[int] = set()
    for index in knot:
        if index not in met:
            way = circle(edges, (index, *(other for other in knot if other != index)))
            met.update(way)
            yield way


def _circle(graph: Graph, hops: tuple[Hop, ...], through: Mapping[Hop, Turn]) -> Diagnostic:
    sent = [graph.publications[published] for published, _ in hops]
    received = [graph.subscriptions[listening] for _, listening in hops]
    names = [f"{p.principal.kind} {p.principal.name}" for p in sent]
    turned = [through.get(hop) if hop[0] not in graph.reached[hop[1]] else None for hop in hops]
    below = [f"site {turn.site} -> {turn.up} -> " if turn else "" for turn in turned]
    steps = zip(names, sent, below, strict=True)
    way = "".join(f"{name} -> {p.topic} -> {site}" for name, p, site in steps) + names[0]
    related = [
        Related(f"{label(listener)} listens to {listener.topic!r}", said_place(graph.stack, listener.said))
        for listener in received
    ]
    related += [
        Related(f"{label(sender)} publishes to {sender.topic!r}", said_place(graph.stack, sender.said, "topic"))
        for sender in sent[1:]
    ]
    message = f"messages of tenant {graph.tenant} go round in a circle: {way}"
    hint = "let one of them publish to a topic that none of them listens to"
    return error("W022", message, said_place(graph.stack, sent[0].said, "topic"), hint=hint, related=related)


def _dead_letters(graph: Graph) -> Iterator[Diagnostic]:
    """Functions that are given what they could not handle once more, and so forever."""
    for subscription, found in zip(graph.subscriptions, graph.reached, strict=True):
        for index in found:
            publication = graph.publications[index]
            if publication.is_dead_letter and publication.principal == subscription.principal:
                message = f"{label(publication)} listens to its own dead letters, {publication.topic!r}, and so gets them forever"
                hint = "narrow `on`, or name another topic as its `deadLetter`"
                yield error("W022", message, said_place(graph.stack, subscription.said), hint=hint)


def _sent_back(graph: Graph) -> Iterator[Diagnostic]:
    """What goes up comes down again where both directions have a topic in common."""
    ups = [s for s in graph.subscriptions if s.principal.kind == "uplink"]
    downs = [p for p in graph.publications if p.principal.kind == "uplink"]
    for up in ups:
        for down in downs:
            if overlaps(up.filter, down.filter):
                message = (
                    f"messages of tenant {graph.tenant} go round in a circle: uplink.up {up.topic!r} -> hub -> "
                    f"uplink.down {down.topic!r} -> uplink.up"
                )
                related = [Related("comes down again here", said_place(graph.stack, down.said))]
                hint = "let no topic match both: what goes up lies at the hub where it comes down from"
                yield error("W022", message, said_place(graph.stack, up.said), hint=hint, related=related)
