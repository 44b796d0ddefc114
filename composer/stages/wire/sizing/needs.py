"""What is needed at a site beside what is given: the rows of `composer capacity`, and what its findings come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.model.figures import Need, Sizing
from composer.model.stack import Component, Stack
from composer.model.units import quantity

QUOTAS = {"cpu": "cores", "memory": "bytes", "storage": "bytes"}
"""Figure of a tenant's quota that nodes have to hold -> its unit."""


def needs_of(stack: Stack, sizing: Sizing, ingress: Component | None) -> list[Need]:
    """Every row, that of the whole site first, then tenant by tenant."""
    nodes = stack.spec["cluster"].get("nodes") or []
    found = list(_quotas(stack.tenants, nodes))
    if ingress:
        fronts = [c for c in stack.components if c.role == "front"]
        found = [*_broker(sizing), *_node(sizing, nodes), *_front(sizing, fronts), *found, *_tenants(stack, sizing)]
    return found


def _broker(sizing: Sizing) -> Iterator[Need]:
    """What the broker needs and gets, and what one broker can do at all."""
    amounts, given = sizing.amounts, sizing.given
    rows = (
        ("connections", "connections", float(given["maxConnections"]), "connections", "maxConnections"),
        ("connections of one broker", "connections", amounts["brokerConnections"], "connections", "one thread"),
        ("messages", "load", amounts["messages"], "a second", "one core"),
        ("queued messages", "offlineMessages", float(given["maxQueuedMessages"]), "messages", "maxQueuedMessages"),
        ("queued bytes", "offlineBytes", quantity(given["maxQueuedBytes"]), "bytes", "maxQueuedBytes"),
        ("memory", "leastLimit", quantity(given["memoryLimit"]), "bytes", "resources.limits.memory"),
        ("volume", "stored", quantity(given["volume"]), "bytes", "storage.size"),
        ("open files", "files", amounts["nodeDescriptors"], "", "a process at its node"),
    )
    for key, figure, amount, unit, by in rows:
        yield Need(key, figure, "", amounts[figure], amount, unit, by)


def _node(sizing: Sizing, nodes: Sequence[Mapping[str, Any]]) -> Iterator[Need]:
    """What the broker takes of the one node that it runs on."""
    amounts, given = sizing.amounts, sizing.given
    memory = [(quantity(node["memory"]), node["name"]) for node in nodes if "memory" in node]
    if memory:
        most, name = max(memory)
        request = quantity(given["memoryRequest"])
        yield Need("memory of one node", "memoryRequest", "", request, most, "bytes", f"node {name}")
    storage = [(quantity(node["storage"]), node["name"]) for node in nodes if "storage" in node]
    if storage:
        most, name = max(storage)
        yield Need("storage of one node", "volume", "", quantity(given["volume"]), most, "bytes", f"node {name}")
    cores = [(quantity(node["cpu"]), node["name"]) for node in nodes if "cpu" in node]
    if cores:
        fewest, name = min(cores)
        table = max(amounts["conntrackMin"], fewest * amounts["conntrackPerCore"])
        yield Need("connection table", "entries", "", amounts["entries"], table, "", f"node {name}")


def _front(sizing: Sizing, fronts: Sequence[Component]) -> Iterator[Need]:
    """Source ports: each connection through a proxy takes one of those it has towards the broker."""
    for front in fronts:
        proxies = int(front.params.get("replicas") or 1)
        ports = proxies * sizing.amounts["proxyPorts"]
        amount = sizing.amounts["connections"]
        yield Need("source ports", "connections", "", amount, ports, "", f"{proxies} x {front.name}")


def _quotas(tenants: Mapping[str, Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]]) -> Iterator[Need]:
    """The sums of what tenants may take, beside what all nodes have."""
    for name, unit in QUOTAS.items():
        if not nodes or not all(name in node for node in nodes):
            continue
        here = sum(quantity(node[name]) * int(node.get("count", 1)) for node in nodes)
        asked = [quantity(quota[name]) for spec in tenants.values() if name in (quota := spec.get("quota") or {})]
        if asked:
            yield Need(f"{name} of all quotas", name, "", sum(asked), here, unit, "all nodes")


def _tenants(stack: Stack, sizing: Sizing) -> Iterator[Need]:
    """What a tenant's documents come to, beside its quota."""
    for tenant, spec in stack.tenants.items():
        sums, quota = sizing.tenants[tenant], spec.get("quota") or {}
        if "connections" in quota:
            needed = sums["devices"] + sums["gateways"] + sums["jobs"]
            yield Need("connections", "", tenant, needed, quota["connections"], "connections", "quota.connections")
        if "messagesPerSecond" in quota:
            amount = sums["messagesIn"]
            yield Need(
                "messages", "", tenant, amount, quota["messagesPerSecond"], "a second", "quota.messagesPerSecond"
            )
