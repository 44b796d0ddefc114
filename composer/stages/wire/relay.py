"""The relay between tenants: what it passes on, what it may do, and what nobody else may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import Any

from composer.diagnostic import Diagnostic, Related, error
from composer.model.grants import Grant, Principal
from composer.model.matching import reach
from composer.model.share import RESERVED, Share, relayed
from composer.model.stack import Component, Stack
from composer.model.topics import overlaps, to_filter
from composer.model.traffic import Publication, Subscription, Traffic
from composer.stages.wire.places import said_place
from composer.stages.wire.rates import is_named, named_device
from composer.stages.wire.rows import Draft, Row

KIND = "relay"
EVERYTHING = f"{RESERVED}/#"


def with_relay(stack: Stack, shares: Sequence[Share], findings: list[Diagnostic]) -> tuple[Stack, Component | None]:
    """The stack with a relay only where there is something to pass on, and that relay."""
    relay = next((c for c in stack.components if c.role == KIND), None)
    if shares and relay is None:
        place = said_place(stack, shares[0].used)
        hint = "do not remove components.relay, or name a blueprint: `relay: {blueprint: relay-bento@1}`"
        findings.append(error("W048", f"nothing at site {stack.site} can pass this on", place, hint=hint))
    kept = relay if shares else None
    components = tuple(c for c in stack.components if c.role != KIND or c is kept)
    return (stack if len(components) == len(stack.components) else replace(stack, components=components)), kept


def relay_spec(shares: Sequence[Share]) -> dict[str, Any]:
    """What the relay's templates read: a stream for each share, apart by whether the broker keeps its last messages."""
    streams = []
    for share in shares:
        for retain in (False, True):
            topics = [topic for topic in share.topics if bool(topic.record.get("retain")) is retain]
            if topics:
                streams.append(
                    {
                        "name": f"{share.name}_retained" if retain else share.name,
                        "owner": share.owner,
                        "reader": share.reader,
                        "topics": [topic.filter for topic in topics],
                        "prefix": relayed(share.owner, ""),
                        "qos": min(1, max(topic.record["qos"] for topic in topics)),
                        "retain": retain,
                        "limit": share.name,
                    }
                )
    return {"streams": streams, "limits": [{"name": share.name, **_window(share.limit)} for share in shares]}


def _window(limit: float) -> dict[str, int]:
    """The rate as a whole number of messages in as short a time as there can be; never more than *limit*."""
    count = max(1, floor(limit))
    return {"count": count, "milliseconds": ceil(count / limit * 1000)}


def relay_grants(relay: Component, shares: Sequence[Share]) -> Iterator[Grant]:
    """On the owner's side it reads exactly what is shared, on the reader's it writes that below from/<owner>/."""
    for share in shares:
        for topic in share.topics:
            reading, writing = Principal(share.owner, relay.name, KIND), Principal(share.reader, relay.name, KIND)
            because = f"shared with tenant {share.reader}"
            yield Grant(reading, "subscribe", topic.filter, because, said=share.granted)
            because = f"shared by tenant {share.owner}"
            yield Grant(writing, "publish", relayed(share.owner, topic.filter), because, said=share.used)


def relay_rows(relay: Component, shares: Sequence[Share]) -> Iterator[Row]:
    """What the relay listens to and publishes, at the rate the owner allows."""
    for share in shares:
        stated = sum(topic.rate for topic in share.topics)
        part = min(1, share.limit / stated) if stated else 1
        for topic in share.topics:
            reading, writing = Principal(share.owner, relay.name, KIND), Principal(share.reader, relay.name, KIND)
            qos = min(1, topic.record["qos"])
            schema = topic.record.get("schema", "")
            yield Subscription(reading, topic.topic, topic.filter, "", qos, "", 1, share.granted)
            record = {
                "rate": f"{part * topic.rate / share.devices:.12f}/s",
                "bytes": topic.record.get("bytes", 0),
                "qos": qos,
                "retain": topic.record.get("retain", False),
                "schema": schema,
            }
            there = relayed(share.owner, topic.topic)
            source = f"{share.owner} {share.gateway} {share.source}"
            yield Draft(
                writing, there, to_filter(there), record, share.devices, share.used, source=source, names=share.names
            )


def check_shared(stack: Stack, shares: Sequence[Share], traffic: Traffic) -> Iterator[Diagnostic]:
    """What else of the owner would come through the filter of a class that is shared."""
    for owner in dict.fromkeys(share.owner for share in shares):
        published = [p for p in traffic.publications if p.principal.tenant == owner]
        wide = [
            (share, topic) for share in shares if share.owner == owner and not share.gateway for topic in share.topics
        ]
        reached = reach(tuple(p.filter for p in published), tuple(topic.filter for _, topic in wide))
        for (share, topic), indexes in zip(wide, reached, strict=True):
            own = (Principal(owner, share.source, "class"), topic.topic)
            for other in (published[i] for i in indexes):
                if (other.principal, other.topic) != own and topic.filter != topic.topic:
                    yield _also(stack, share, topic.topic, other)


def _also(stack: Stack, share: Share, topic: str, other: Publication) -> Diagnostic:
    who = f"{other.principal.kind} {other.principal.name}"
    message = (
        f"sharing {topic} of class {share.source} with tenant {share.reader} would share {other.topic} of {who} too"
    )
    related = [Related("that also fits", said_place(stack, other.said))]
    hint = "publish one of them under a topic of its own"
    return error("W047", message, said_place(stack, share.granted), hint=hint, related=related)


def check_reserved(stack: Stack, shares: Sequence[Share], traffic: Traffic) -> Iterator[Diagnostic]:
    """Whoever could publish where a reader finds what others share with it, by a topic whose first level is not fixed.

    One that begins with the reserved level in so many words is a finding of the graph of topics.
    """
    readers = {share.reader for share in shares}
    for each in traffic.publications:
        open_ended = each.topic.split("/", 1)[0] != RESERVED and overlaps(each.filter, EVERYTHING)
        if open_ended and each.principal.tenant in readers and _could_be(stack, each):
            who = "the hub" if each.principal.kind == "uplink" else f"{each.principal.kind} {each.principal.name}"
            message = f"{who} could publish below {RESERVED}/, where it finds what others share: {each.topic!r}"
            hint = "let the topic begin with a level of its own"
            yield error("W040", message, said_place(stack, each.said), hint=hint)


def _could_be(stack: Stack, each: Publication) -> bool:
    """Whether a topic whose first level is not fixed can begin with the reserved one."""
    if each.principal.kind != "class":
        return True
    names = stack.tenants[each.principal.tenant]["devices"][each.principal.name].get("names", "")
    device = named_device(each.topic, EVERYTHING)
    return not names or (device is not None and device != "" and is_named(names, device))
