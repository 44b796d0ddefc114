"""What flows over a site's broker, gathered for a drawing: who publishes what to whom, tenant by tenant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum

from composer.model.stack import Wiring
from composer.model.traffic import Publication, Subscription
from composer.model.wording import count
from composer.stages.wire.graph.tenant import Graph, graphs, written

KINDS = {"class": "device class"}
"""Kinds of principals whose name for people is another one."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever publishes or listens. *devices* is how many a class has, 0 for everybody else."""

    kind: str
    name: str
    devices: int = 0

    @property
    def label(self) -> str:
        kind = KINDS.get(self.kind, self.kind)
        plain = kind if self.name == self.kind else f"{kind} {self.name}"
        return f"{plain} ({count(self.devices, 'device')})" if self.devices else plain


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who listens by a *filter*, with a quality of service."""

    actor: Actor
    filter: str
    qos: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What one actor publishes on one topic: messages a second of all its devices, bytes of one message, and who reads it."""

    actor: Actor
    topic: str
    rate: float
    bytes: int
    qos: int
    retain: bool
    devices: int
    readers: tuple[Reader, ...]


@dataclass(frozen=True, slots=True)
class TenantGraph:
    """One tenant's flows, and the readers whom nobody publishes to."""

    tenant: str
    flows: tuple[Flow, ...]
    unheard: tuple[Reader, ...]


def topic_graph(wiring: Wiring) -> tuple[TenantGraph, ...]:
    """The graphs of all tenants of a site, in the order of its documents."""
    return tuple(_tenant(graph) for graph in graphs(wiring.stack, wiring.traffic))


def _tenant(graph: Graph) -> TenantGraph:
    readers: list[list[Reader]] = [[] for _ in graph.publications]
    unheard = []
    for subscription, reached in zip(graph.subscriptions, graph.reached, strict=True):
        reader = Reader(_listener(subscription), subscription.topic, subscription.qos)
        for index in reached:
            readers[index].append(reader)
        if not reached:
            unheard.append(reader)
    return TenantGraph(graph.tenant, tuple(_flows(graph, readers)), tuple(unheard))


def _listener(row: Subscription) -> Actor:
    return Actor(row.principal.kind, row.principal.name, row.listeners if row.principal.kind == "class" else 0)


def _publisher(row: Publication) -> Actor:
    return Actor(row.principal.kind, row.principal.name, row.senders if row.principal.kind == "class" else 0)


def _flows(graph: Graph, readers: list[list[Reader]]) -> Iterator[Flow]:
    """A flow for each topic as documents have it: devices of a gateway that publish alike are one."""
    groups: dict[tuple[Actor, str], list[int]] = {}
    for index, publication in enumerate(graph.publications):
        groups.setdefault((_publisher(publication), written(publication)), []).append(index)
    for (actor, topic), indexes in groups.items():
        rows = [graph.publications[index] for index in indexes]
        yield Flow(
            actor,
            topic,
            fsum(row.rate for row in rows),
            max(row.bytes for row in rows),
            rows[0].qos,
            rows[0].retain,
            sum(row.senders for row in rows) if actor.kind in ("class", "gateway") else 0,
            tuple(dict.fromkeys(reader for index in indexes for reader in readers[index])),
        )
