"""One tenant's part of a site's traffic, and who reaches whom in it. Tenants do not reach each other but through relays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from composer.model.matching import Reach, reach
from composer.model.stack import Stack
from composer.model.topics import covers
from composer.model.traffic import Publication, Subscription, Traffic
from composer.stages.wire.rates import is_named, named_device


@dataclass(frozen=True, eq=False)
class Graph:
    """*reached* holds, for each of the *subscriptions*, the indexes of the *publications* that it gets messages of."""

    stack: Stack
    tenant: str
    publications: tuple[Publication, ...]
    subscriptions: tuple[Subscription, ...]
    reached: Reach


def graphs(stack: Stack, traffic: Traffic) -> list[Graph]:
    """The graph of each tenant at the site, in the order of the traffic's rows."""
    publications: dict[str, list[Publication]] = {tenant: [] for tenant in stack.tenants}
    subscriptions: dict[str, list[Subscription]] = {tenant: [] for tenant in stack.tenants}
    for publication in traffic.publications:
        publications[publication.principal.tenant].append(publication)
    for subscription in traffic.subscriptions:
        subscriptions[subscription.principal.tenant].append(subscription)
    return [
        Graph(stack, tenant, tuple(published), tuple(listening), tuple(_reached(stack, published, listening)))
        for tenant, published in publications.items()
        if (listening := subscriptions[tenant]) or published
    ]


def _reached(stack: Stack, published: list[Publication], listening: list[Subscription]) -> Iterator[tuple[int, ...]]:
    reached = reach(tuple(p.filter for p in published), tuple(s.filter for s in listening))
    for subscription, found in zip(listening, reached, strict=True):
        if all(covers(subscription.filter, published[index].filter) for index in found):
            yield found
        else:
            yield tuple(index for index in found if _really(stack, published[index], subscription))


def _really(stack: Stack, publication: Publication, subscription: Subscription) -> bool:
    """Whether the filter does not ask for a device by a name that no device of the class has."""
    if publication.principal.kind != "class" or covers(subscription.filter, publication.filter):
        return True
    device = named_device(publication.topic, subscription.filter)
    names = stack.tenants[publication.principal.tenant]["devices"][publication.principal.name].get("names", "")
    return device is None or (bool(device) and (not names or is_named(names, device)))


def label(row: Publication | Subscription) -> str:
    """How messages name whoever publishes or listens: "stream press-mean of tenant acme"."""
    principal = row.principal
    if principal.kind == "uplink":
        return f"the uplink of tenant {principal.tenant}"
    kind = "device class" if principal.kind == "class" else principal.kind
    return f"{kind} {principal.name} of tenant {principal.tenant}"


def written(row: Publication | Subscription) -> str:
    """The row's topic as people write it: a device behind a gateway by its placeholder."""
    if row.principal.kind != "gateway" or len(row.said.route) < 2:
        return row.topic
    device = str(row.said.route[1])
    return "/".join("{device}" if level == device else level for level in row.topic.split("/"))
