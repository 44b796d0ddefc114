"""What is needed at a site beside what is given: the rows of `composer capacity`, and what its findings come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.model.figures import Need, Sizing
from composer.model.machines import Machine, Reserve, machines_of
from composer.model.stack import Component, Stack
from composer.model.units import quantity
from composer.stages.wire.sizing.sizes import replicas_of

QUOTAS = {"cpu": "cores", "memory": "bytes", "storage": "bytes"}
"""Figure of a tenant's quota that nodes have to hold -> its unit."""


def needs_of(stack: Stack, sizing: Sizing, ingress: Component | None) -> list[Need]:
    """Every row, that of the whole site first, then tenant by tenant."""
    nodes = stack.spec["cluster"].get("nodes") or []
    machines = machines_of(nodes, Reserve.of(sizing.amounts)) if nodes else ()
    found = list(_quotas(stack.tenants, machines))
    if ingress:
        fronts = [c for c in stack.components if c.role == "front"]
        found = [
            *_broker(sizing),
            *_node(sizing, machines, nodes),
            *_front(sizing, fronts),
            *_buffer(stack, sizing),
            *found,
            *_tenants(stack, sizing),
        ]
    return found


def _broker(sizing: Sizing) -> Iterator[Need]:
    """What the broker needs and gets, and what one broker can do at all."""
    amounts, given = sizing.amounts, sizing.given
    rows = (
        ("connections", "connections", float(given["maxConnections"]), "connections", "maxConnections"),
        ("connections of one broker", "connections", amounts["brokerConnections"], "connections", "one thread"),
        ("messages", "load", amounts["messages"], "a second", "one core"),
        ("queued messages", "keptMessages", float(given["maxQueuedMessages"]), "messages", "maxQueuedMessages"),
        ("queued bytes", "keptBytes", quantity(given["maxQueuedBytes"]), "bytes", "maxQueuedBytes"),
        ("memory", "leastLimit", quantity(given["memoryLimit"]), "bytes", "resources.limits.memory"),
        ("volume", "stored", quantity(given["volume"]), "bytes", "storage.size"),
        ("open files", "files", amounts["nodeDescriptors"], "", "a process at its node"),
    )
    for key, figure, amount, unit, by in rows:
        yield Need(key, figure, "", amounts[figure], amount, unit, by)


def _node(sizing: Sizing, machines: Sequence[Machine], nodes: Sequence[Mapping[str, Any]]) -> Iterator[Need]:
    """What the broker takes of the one node that it runs on, of what the system leaves there."""
    amounts, given = sizing.amounts, sizing.given
    for resource, figure in (("memory", "memoryRequest"), ("storage", "volume")):
        left = [(machine.left[resource] / 1000, machine.name) for machine in machines if resource in machine.left]
        if left:
            most, name = max(left)
            by = f"node {name}{LESS}"
            yield Need(f"{resource} of one node", figure, "", quantity(given[figure]), most, "bytes", by)
    cores = [(quantity(node["cpu"]), node["name"]) for node in nodes if "cpu" in node]
    if cores:
        fewest, name = min(cores)
        table = max(amounts["conntrackMin"], fewest * amounts["conntrackPerCore"])
        yield Need("connection table", "entries", "", amounts["entries"], table, "", f"node {name}")


def _front(sizing: Sizing, fronts: Sequence[Component]) -> Iterator[Need]:
    """Connections of devices through the pods of a front, and the source ports that these take towards the broker."""
    amounts = sizing.amounts
    for front in fronts:
        pods = replicas_of(front, amounts)
        by = f"{pods} x {front.name}"
        yield Need(FRONT, "frontClients", "", amounts["frontClients"], pods * amounts["perFront"], "connections", by)
        yield Need("source ports", "connections", "", amounts["connections"], pods * amounts["proxyPorts"], "", by)


FRONT = "connections of the front"


def _buffer(stack: Stack, sizing: Sizing) -> Iterator[Need]:
    """What the buffer on disk has to hold and to take, where there is one."""
    for buffer in (c for c in stack.components if c.role == "buffer"):
        amounts = sizing.amounts
        volume = (buffer.params.get("storage") or {}).get("size") or amounts["bufferVolume"]
        yield Need("buffer", "bufferStore", "", amounts["bufferStore"], quantity(volume), "bytes", BUFFER)
        yield Need(
            "messages of the buffer",
            "bufferLoad",
            "",
            amounts["bufferLoad"],
            amounts["bufferMessages"],
            "a second",
            ONE,
        )


BUFFER, ONE = "storage.size of the buffer", "one buffer"
"""What gives the buffer's rows their amounts."""

LESS = ", less the system"
"""Of nodes: without what the system takes of them, as in the fit of all pods."""


def _quotas(tenants: Mapping[str, Mapping[str, Any]], machines: Sequence[Machine]) -> Iterator[Need]:
    """The sums of what tenants may take at most, beside what all nodes have: a ceiling, of which pods may ask for less."""
    for name, unit in QUOTAS.items():
        if not machines or not all(name in machine.has for machine in machines):
            continue
        here = sum(machine.has[name] * machine.machines for machine in machines) / 1000
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
