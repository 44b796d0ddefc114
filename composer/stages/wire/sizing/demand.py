"""What the documents of a site ask of its broker, in numbers: sums over devices, components and traffic, tenant by tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import Any, NamedTuple

from composer.model.matching import reach
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.model.traffic import Publication, Said, Subscription, Traffic
from composer.stages.wire.grants import classes_here
from composer.stages.wire.listeners import device_names

JOBS = frozenset({"stream", "function", "buffer"})
"""Kinds of principals for which the broker keeps messages while their pods start again."""


Why = Publication | Subscription | Component | str
Row = tuple[str, str, float, Why, Subscription | None]
"""A Part before anybody asks about it: there are many, and hardly anybody does."""


class Part(NamedTuple):
    """What one line of a document adds to one of the sums. *why* is what it comes from, *reader* who is handed it, if anybody."""

    tenant: str
    sum: str
    amount: float
    why: Why
    reader: Subscription | None = None

    @property
    def label(self) -> str:
        """How people call it."""
        if isinstance(self.why, str):
            return f"devices of class {self.why}"
        if isinstance(self.why, Component):
            return f"{self.why.role} {self.why.name}"
        topic = self.why.topic if self.reader is None else f"{self.why.topic} to {self.reader.principal.name}"
        return f"{topic} of {self.why.principal.kind} {self.why.principal.name}"

    @property
    def said(self) -> Said:
        """The line."""
        if isinstance(self.why, str):
            return Said(self.tenant, ("devices", self.why))
        return Said(self.tenant, (), self.why) if isinstance(self.why, Component) else self.why.said


class Demand(NamedTuple):
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
    buffered: float = 0

    @property
    def sums(self) -> dict[str, float]:
        """Every sum by its name."""
        return self._asdict()

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
    "buffered": ("", "1 where a buffer on disk keeps what is for the hub, 0 where the broker does"),
}
"""Sum -> its unit, and what it is."""


def demands(parts: Sequence[Row], tenants: Sequence[str]) -> dict[str, Demand]:
    """The sums of each tenant; under "" those of the platform alone."""
    sums: dict[str, dict[str, float]] = {tenant: {} for tenant in ("", *tenants)}
    for tenant, name, amount, _, _ in parts:
        own = sums[tenant]
        own[name] = own.get(name, 0) + amount
    return {tenant: Demand(**own) for tenant, own in sums.items()}


def total(found: Mapping[str, Demand]) -> Demand:
    """The sums over the whole site."""
    return Demand(*map(sum, zip(*found.values(), strict=True)))


def parts_of(
    stack: Stack, specs: Mapping[Component, Mapping[str, Any]], traffic: Traffic, sites: int = 0
) -> list[Part]:
    """Everything that the site's own documents add, in the order of what they say, and the *sites* whose hub it is."""
    return list(map(Part._make, rows_of(stack, specs, traffic, sites)))


def rows_of(stack: Stack, specs: Mapping[Component, Mapping[str, Any]], traffic: Traffic, sites: int = 0) -> list[Row]:
    """The same as rows."""
    bridge: list[Row] = [("", "uplinks", 1, "", None)] if stack.spec.get("uplink") else []
    bridges: list[Row] = [("", "sites", sites, "", None)] if sites else []
    return [*bridge, *bridges, *_clients(stack, specs), *_traffic_parts(traffic)]


def _clients(stack: Stack, specs: Mapping[Component, Mapping[str, Any]]) -> Iterator[Row]:
    for tenant in stack.tenants:
        classes = stack.tenants[tenant].get("devices") or {}
        for name in classes_here(stack, tenant):
            count = device_count(classes[name])
            yield tenant, "devices", count, name, None
            rows = len(classes[name].get("publish") or ()) + len(classes[name].get("subscribe") or ())
            yield tenant, "accessRows", rows * (count if device_names(stack, tenant, name) else 1), name, None
    for component, spec in specs.items():
        sort = "gateways" if component.role == "gateway" else "jobs"
        for tenant, number in component_connections(component, spec).items():
            yield tenant, sort, number, component, None
        if component.role == "buffer":
            yield "", "buffered", 1, component, None
            for each in spec["tenants"]:
                yield each["name"], "accessRows", len(each["filters"]), component, None


def device_count(written: Mapping[str, Any]) -> int:
    """How many devices a class has."""
    return len(expand_names(written["names"])) if "names" in written else int(written["count"])


def component_connections(component: Component, spec: Mapping[str, Any]) -> dict[str, int]:
    """Tenant -> connections of the component at its listener: a client for each input, and one for each kind of output."""
    if component.role == "stream":
        return {component.tenant: len(spec["inputs"]) + 1}
    if component.role == "function":
        return {component.tenant: len(spec["on"]) + len(spec["emits"]) + 1}
    if component.role == "buffer":
        return {each["name"]: 1 for each in spec["tenants"]}
    if component.role == "relay":
        ends = [stream[end] for stream in spec["streams"] for end in ("owner", "reader")]
        return {tenant: ends.count(tenant) for tenant in sorted(set(ends))}
    return dict.fromkeys(sorted({device["tenant"] for device in spec.get("devices", ())}), 1)


def _traffic_parts(traffic: Traffic) -> Iterator[Row]:
    published: dict[str, list[Publication]] = {}
    listening: dict[str, list[Subscription]] = {}
    for publication in traffic.publications:
        published.setdefault(publication.principal.tenant, []).append(publication)
        yield from _published(publication)
    for subscription in traffic.subscriptions:
        listening.setdefault(subscription.principal.tenant, []).append(subscription)
    for tenant, found in listening.items():
        yield from _handed_out(tenant, published.get(tenant, []), found)


def _published(row: Publication) -> Iterator[Row]:
    tenant = row.principal.tenant
    if row.rate:
        yield tenant, "messagesIn", row.rate, row, None
        yield tenant, "bytesIn", row.rate * row.bytes, row, None
    if row.retain:
        yield tenant, "retainedMessages", row.senders, row, None
        yield tenant, "retainedBytes", row.senders * row.bytes, row, None
    if row.principal.kind != "class":
        yield tenant, "accessRows", 1, row, None


def _handed_out(tenant: str, published: list[Publication], listening: list[Subscription]) -> Iterator[Row]:
    """What each subscription brings: a copy for every listener, or for the one device that a message is for."""
    reached = reach(tuple([p.filter for p in published]), tuple([s.filter for s in listening]))
    taken: set[int] = set()
    for row, indexes in zip(listening, reached, strict=True):
        yield tenant, "subscriptions", row.listeners, row, None
        if row.principal.kind != "class":
            yield tenant, "accessRows", 1, row, None
        copies = 1 if "{device}" in row.topic or "{site}" in row.topic else row.listeners
        goes_up = row.principal.kind == "uplink"
        if row.rate:
            yield from _from_people(row, row.rate - copies * fsum(published[index].rate for index in indexes))
        for index in indexes:
            if goes_up and index in taken:  # the bridge is one client, which gets a message once
                continue
            if goes_up:
                taken.add(index)
            if published[index].rate:
                yield from _delivery(published[index], row, copies)


def _from_people(row: Subscription, rate: float) -> Iterator[Row]:
    """What the listeners say that is sent to them, as far as no document of the site sends it: people and programs do."""
    if rate > 0:
        for name, amount in (("messages", rate), ("bytes", rate * row.bytes)):
            yield row.principal.tenant, f"{name}In", amount, row, None
            yield row.principal.tenant, f"{name}Out", amount, row, None


def _delivery(publication: Publication, row: Subscription, copies: int) -> Iterator[Row]:
    tenant, rate = row.principal.tenant, publication.rate * copies
    size = rate * publication.bytes
    yield tenant, "messagesOut", rate, publication, row
    yield tenant, "bytesOut", size, publication, row
    if publication.qos and row.principal.kind == "uplink":
        yield tenant, "upRate", rate, publication, row
        yield tenant, "upBytes", size, publication, row
    elif publication.qos and row.qos and row.principal.kind in JOBS:
        yield tenant, "jobRate", rate, publication, row
        yield tenant, "jobBytes", size, publication, row
