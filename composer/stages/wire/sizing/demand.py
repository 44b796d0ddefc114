"""What the documents of a site ask of its broker, in numbers: sums over devices, components and traffic, tenant by tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from composer.model.matching import reach
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.model.traffic import Publication, Said, Subscription, Traffic
from composer.stages.wire.grants import classes_here

JOBS = frozenset({"stream", "function"})
"""Kinds of principals for which the broker keeps messages while their pods start again."""


class Part(NamedTuple):
    """What one line of a document adds to one of the sums."""

    tenant: str
    sum: str
    amount: float
    label: str
    said: Said


@dataclass(frozen=True, slots=True)
class Demand:
    """Sums over one tenant, or over a whole site. Rates are a second, bytes are payload.

    *up* is what the bridge to the hub has to keep at QoS 1 and more, *job* what streams and functions listen to.
    """

    devices: float = 0
    gateways: float = 0
    jobs: float = 0
    sites: float = 0
    uplinks: float = 0
    subscriptions: float = 0
    accessRows: float = 0  # noqa: N815 - named as in formulas
    messagesIn: float = 0  # noqa: N815
    bytesIn: float = 0  # noqa: N815
    messagesOut: float = 0  # noqa: N815
    bytesOut: float = 0  # noqa: N815
    upRate: float = 0  # noqa: N815
    upBytes: float = 0  # noqa: N815
    jobRate: float = 0  # noqa: N815
    jobBytes: float = 0  # noqa: N815
    retainedMessages: float = 0  # noqa: N815
    retainedBytes: float = 0  # noqa: N815

    @property
    def connections(self) -> float:
        return self.devices + self.gateways + self.jobs + self.sites


SUMS: Mapping[str, tuple[str, str]] = {
    "devices": ("connections", "devices that connect by themselves"),
    "gateways": ("connections", "connections of gateways, one for each tenant they serve"),
    "jobs": ("connections", "connections of streams and functions"),
    "sites": ("connections", "sites whose uplinks end here"),
    "uplinks": ("connections", "connections to the hub"),
    "subscriptions": ("subscriptions", "subscriptions of all clients"),
    "accessRows": ("lines", "lines of access lists"),
    "messagesIn": ("a second", "messages published"),
    "bytesIn": ("bytes a second", "payload published"),
    "messagesOut": ("a second", "messages handed out"),
    "bytesOut": ("bytes a second", "payload handed out"),
    "upRate": ("a second", "messages for the hub at QoS 1 and more"),
    "upBytes": ("bytes a second", "payload for the hub at QoS 1 and more"),
    "jobRate": ("a second", "messages for streams and functions at QoS 1 and more"),
    "jobBytes": ("bytes a second", "payload for streams and functions at QoS 1 and more"),
    "retainedMessages": ("messages", "retained messages"),
    "retainedBytes": ("bytes", "payload of retained messages"),
}
"""Sum -> its unit, and what it is."""


def demands(parts: Sequence[Part], tenants: Sequence[str]) -> dict[str, Demand]:
    """The sums of each tenant; under "" those of the platform alone."""
    sums: dict[str, dict[str, float]] = {tenant: {} for tenant in ("", *tenants)}
    for tenant, name, amount, _, _ in parts:
        own = sums[tenant]
        own[name] = own.get(name, 0) + amount
    return {tenant: Demand(**own) for tenant, own in sums.items()}


_FIELDS = tuple(f.name for f in fields(Demand))


def total(found: Mapping[str, Demand]) -> Demand:
    """The sums over the whole site."""
    return Demand(*(sum(getattr(d, name) for d in found.values()) for name in _FIELDS))


def parts_of(stack: Stack, specs: Mapping[Component, Mapping[str, Any]], traffic: Traffic) -> list[Part]:
    """Everything that the site's own documents add, in the order of what they say."""
    return [*_clients(stack, specs), *_traffic_parts(traffic)]


def _clients(stack: Stack, specs: Mapping[Component, Mapping[str, Any]]) -> Iterator[Part]:
    for tenant in stack.tenants:
        classes = stack.tenants[tenant].get("devices") or {}
        for name in classes_here(stack, tenant):
            key = "names" if "names" in classes[name] else "count"
            said = Said(tenant, ("devices", name, key))
            yield Part(tenant, "devices", device_count(classes[name]), f"devices of class {name}", said)
    for component, spec in specs.items():
        sort = "gateways" if component.role == "gateway" else "jobs"
        for tenant, number in component_connections(component, spec).items():
            yield Part(tenant, sort, number, f"{component.role} {component.name}", Said(tenant, (), component))


def device_count(written: Mapping[str, Any]) -> int:
    """How many devices a class has."""
    return len(expand_names(written["names"])) if "names" in written else int(written["count"])


def component_connections(component: Component, spec: Mapping[str, Any]) -> dict[str, int]:
    """Tenant -> connections of the component at its listener: a client for each input, and one for each kind of output."""
    if component.role == "stream":
        return {component.tenant: len(spec["inputs"]) + 1}
    if component.role == "function":
        return {component.tenant: len(spec["on"]) + len(spec["emits"]) + 1}
    return {tenant: 1 for tenant in sorted({device["tenant"] for device in spec.get("devices", ())})}


def _traffic_parts(traffic: Traffic) -> Iterator[Part]:
    published: dict[str, list[Publication]] = {}
    listening: dict[str, list[Subscription]] = {}
    for publication in traffic.publications:
        published.setdefault(publication.principal.tenant, []).append(publication)
        yield from _published(publication)
    for subscription in traffic.subscriptions:
        listening.setdefault(subscription.principal.tenant, []).append(subscription)
    for tenant, found in listening.items():
        yield from _handed_out(tenant, published.get(tenant, []), found)


def _published(row: Publication) -> Iterator[Part]:
    tenant, label = row.principal.tenant, f"{row.principal.kind} {row.principal.name} to {row.topic}"
    if row.rate:
        yield Part(tenant, "messagesIn", row.rate, label, row.said)
        yield Part(tenant, "bytesIn", row.rate * row.bytes, label, row.said)
    if row.retain:
        yield Part(tenant, "retainedMessages", row.senders, label, row.said)
        yield Part(tenant, "retainedBytes", row.senders * row.bytes, label, row.said)
    yield Part(tenant, "accessRows", row.senders, label, row.said)


def _handed_out(tenant: str, published: list[Publication], listening: list[Subscription]) -> Iterator[Part]:
    """What each subscription brings: a copy for every listener, or for the one device that a message is for."""
    reached = reach(tuple(p.filter for p in published), tuple(s.filter for s in listening))
    taken: dict[str, set[int]] = {}
    for row, indexes in zip(listening, reached, strict=True):
        label = f"{row.principal.kind} {row.principal.name} on {row.topic}"
        clients = row.listeners
        yield Part(tenant, "subscriptions", clients, label, row.said)
        yield Part(tenant, "accessRows", clients, label, row.said)
        if row.principal.kind == "uplink":  # one client with several filters gets a message once
            seen = taken.setdefault(row.principal.name, set())
            indexes = tuple(index for index in indexes if index not in seen)  # noqa: PLW2901 - the rest of them
            seen.update(indexes)
        copies = 1 if "{device}" in row.topic else clients
        yield from _deliveries(tenant, row, [published[index] for index in indexes], copies)


def _deliveries(tenant: str, row: Subscription, found: list[Publication], copies: int) -> Iterator[Part]:
    for publication in found:
        if not publication.rate:
            continue
        label = f"{publication.topic} to {row.principal.kind} {row.principal.name}"
        rate, size = publication.rate * copies, publication.rate * copies * publication.bytes
        yield Part(tenant, "messagesOut", rate, label, row.said)
        yield Part(tenant, "bytesOut", size, label, row.said)
        if publication.qos and row.principal.kind == "uplink":
            yield Part(tenant, "upRate", rate, label, publication.said)
            yield Part(tenant, "upBytes", size, label, publication.said)
        elif publication.qos and row.qos and row.principal.kind in JOBS:
            yield Part(tenant, "jobRate", rate, label, publication.said)
            yield Part(tenant, "jobBytes", size, label, publication.said)
