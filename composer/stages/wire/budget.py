"""The uplink's budget: what of a site's traffic goes up to its hub, and how many bytes that is on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.merge import origin
from composer.model.budget import DAY, Budget, Sent, Wire
from composer.model.conventions import hub_prefix
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.model.topics import bind, covers, overlaps, to_filter, unshared
from composer.model.traffic import Publication, Said, Traffic
from composer.model.units import duration, show_rate, show_size, size
from composer.model.uplink import filters_of
from composer.stages.wire.places import place_of, tenant_place
from composer.stages.wire.rates import named_device


class Overhead(NamedTuple):
    """Bytes around a packet: *tls* of one record, *tcp* of one segment with its IP header (constants of sizing)."""

    tls: int
    tcp: int

    @classmethod
    def of(cls, amounts: Mapping[str, float]) -> Overhead:
        """The overhead by the constants of sizing, name -> number."""
        return cls(round(amounts["tlsOverhead"]), round(amounts["tcpOverhead"]))


PUBACK = 4
"""Bytes of a PUBACK without a reason (MQTT 5, section 3.4)."""

PING = 2
"""Bytes of a PINGREQ or PINGRESP (MQTT 5, sections 3.12 and 3.13)."""

SEGMENT = 1448
"""Payload of a TCP segment at an MTU of 1,500 bytes."""

KEEPALIVE = "60s"
"""Of a bridge whose blueprint has no parameter `bridge.keepalive`."""

DEVICE_NAME = 16
"""Characters of a device's name where it is not known."""

NAMED = 3
"""How many of the largest contributors a finding points at."""

DEVICES = frozenset({"class", "gateway"})
"""Kinds of principals whose words come before any stream job."""


def budget(stack: Stack, traffic: Traffic, overhead: Overhead) -> Budget | None:
    """What goes over the site's uplink in a day, both ways; None at a site without one."""
    uplink = stack.spec.get("uplink")
    if not uplink:
        return None
    limit = size(uplink["dailyBudget"]) if "dailyBudget" in uplink else None
    filters = {tenant: _filters(stack, tenant) for tenant in stack.tenants}
    sent = tuple(_sent(stack, traffic, filters, overhead))
    received = tuple(_received(stack, traffic, overhead))
    raw = tuple(
        _message(stack, publication, publication.rate, overhead)
        for publication in traffic.publications
        if publication.principal.kind in DEVICES and publication.rate
    )
    return Budget(sent, received, raw, _pings(stack, (*sent, *received), overhead), limit)


def _filters(stack: Stack, tenant: str) -> tuple[str, ...]:
    written = filters_of((stack.tenants[tenant].get("uplink") or {}).get("up"))
    return tuple(to_filter(unshared(bind(text, site=stack.site))) for text in written)


def _sent(stack: Stack, traffic: Traffic, filters: dict[str, tuple[str, ...]], overhead: Overhead) -> Iterator[Sent]:
    for publication in traffic.publications:
        principal = publication.principal
        if principal.kind != "uplink" and publication.rate:
            share = _share(publication, filters[principal.tenant])
            if share:
                yield _message(stack, publication, publication.rate * share, overhead)


def _received(stack: Stack, traffic: Traffic, overhead: Overhead) -> Iterator[Sent]:
    """What comes down: the hub sends, and the site answers. Wildcards stand for names as long as a device's."""
    for publication in traffic.publications:
        if publication.principal.kind == "uplink":
            named = publication.topic.replace("+", "{device}").replace("#", "{device}")
            found = _message(stack, publication._replace(topic=named), publication.rate, overhead)
            wire = Wire(found.wire.packet, found.wire.down, found.wire.up)
            yield replace(found, topic=publication.topic, wire=wire)


def _share(publication: Publication, filters: Sequence[str]) -> float:
    """How much of a publication the uplink's filters take: of a class perhaps only the devices that they name."""
    named: set[str] = set()
    for each in filters:
        if covers(each, publication.filter):
            return 1
        if not overlaps(each, publication.filter):
            continue
        device = named_device(publication.topic, each) if publication.senders > 1 else None
        if device is None:
            return 1
        named |= {device} if device else set()
    return min(1, len(named) / publication.senders)


def _message(stack: Stack, publication: Publication, rate: float, overhead: Overhead) -> Sent:
    principal = publication.principal
    topic = hub_prefix(principal.tenant, stack.site) + publication.topic
    topic_bytes = len(topic.encode()) + topic.count("{device}") * (_name_length(stack, publication) - len("{device}"))
    packet = wire(topic_bytes, publication.bytes, min(publication.qos, 1), overhead)
    return Sent(principal.tenant, principal.name, publication.topic, rate, publication.bytes, packet, publication.said)


def _name_length(stack: Stack, publication: Publication) -> int:
    if publication.principal.kind != "class":
        return DEVICE_NAME
    names = stack.tenants[publication.principal.tenant]["devices"][publication.principal.name].get("names", "")
    return expand_names(names).longest if names else DEVICE_NAME


def publish_bytes(topic_bytes: int, payload: int, qos: int) -> int:
    """A PUBLISH of MQTT 5 (sections 2.1.4 and 3.3): type, remaining length in groups of 7 bits, topic with its length, packet
    identifier where it is acknowledged, no properties, payload."""
    remaining = 2 + topic_bytes + (2 if qos else 0) + 1 + payload
    return 1 + max(1, ceil(remaining.bit_length() / 7)) + remaining


@lru_cache(maxsize=4096)
def wire(topic_bytes: int, payload: int, qos: int, overhead: Overhead) -> Wire:
    """One message with all that answers it, each packet in a record and a segment of its own, so that no more can be sent.

    Up go the message and TCP's word for its acknowledgement, down comes the acknowledgement (which is TCP's word for the
    message too); at QoS 0 only TCP's word comes down.
    """
    packet = publish_bytes(topic_bytes, payload, qos)
    up = _on_wire(packet, overhead)
    if not qos:
        return Wire(packet, up, overhead.tcp)
    return Wire(packet, up + overhead.tcp, _on_wire(PUBACK, overhead))


def _on_wire(packet: int, overhead: Overhead) -> int:
    records = max(1, ceil(packet / 16_384))  # RFC 5246, section 6.2.1
    bytes_ = packet + records * overhead.tls
    return bytes_ + ceil(bytes_ / SEGMENT) * overhead.tcp


def _pings(stack: Stack, sent: Sequence[Sent], overhead: Overhead) -> float:
    """What keeps the connection open while nothing else is said: a ping and its answer after each silence."""
    ingress: Component | None = next((c for c in stack.components if c.role == "ingress"), None)
    chosen = (ingress.params.get("bridge") or {}).get("keepalive", KEEPALIVE) if ingress else KEEPALIVE
    messages = sum(each.rate for each in sent)
    silences = max(0.0, DAY / duration(chosen) - messages * DAY)
    return silences * (2 * _on_wire(PING, overhead) + overhead.tcp)


def check_budget(stack: Stack, traffic: Traffic, overhead: Overhead) -> list[Diagnostic]:
    """W080 where more goes over the uplink than the site's budget allows."""
    found = budget(stack, traffic, overhead) if "dailyBudget" in (stack.spec.get("uplink") or {}) else None
    if found is None or found.limit is None or found.total <= found.limit:
        return []
    place = origin(stack.layers, ("uplink", "dailyBudget"))
    largest = found.largest[:NAMED]
    message = (
        f"the uplink carries {show_size(ceil(found.total))} a day, more than the daily budget of {show_size(found.limit)}; "
        f"the largest: {', '.join(_words(each) for each in largest) or 'keeping the connection open'}"
    )
    hint = "send less: slower rates, longer windows, fewer topics in uplink.up or uplink.down; or raise dailyBudget"
    related = [
        Related(f"{each.topic}: {show_size(ceil(each.daily))} a day", _place(stack, each.said)) for each in largest
    ]
    at = place.place if place else stack.document.place(("spec", "uplink"))
    return [error("W080", message, at, hint=hint, related=related)]


def _words(each: Sent) -> str:
    comes_down = " coming down" if each.direction == "down" else ""
    return (
        f"{each.topic} of tenant {each.tenant}{comes_down} {show_size(ceil(each.daily))} "
        f"({show_rate(each.rate)} of {each.bytes} bytes, {each.wire.both} on the wire)"
    )


def _place(stack: Stack, said: Said) -> Place:
    if said.component is not None:
        return place_of(said.component, said.route)
    return tenant_place(stack, said.tenant, said.route)
