"""The machines of a site: what `cluster.nodes` says of them, and what of each is left for pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from composer.model.constants import PACKAGED
from composer.model.units import milli_quantity

SERVER, AGENT = "server", "agent"


@dataclass(frozen=True, slots=True)
class Reserve:
    """What the system takes of each machine before any pod: bytes, cores, and the number of pods the kubelet takes at most."""

    server_memory: int
    server_memory_arm: int
    server_cpu: float
    agent_memory: int
    agent_cpu: float
    pods: int

    @classmethod
    def of(cls, amounts: Mapping[str, float]) -> Reserve:
        """The reserve by the constants of sizing, name -> number."""
        return cls(
            round(amounts["serverMemory"]),
            round(amounts["serverMemoryArm"]),
            amounts["serverCpu"],
            round(amounts["agentMemory"]),
            amounts["agentCpu"],
            round(amounts["podsPerNode"]),
        )

    def memory(self, role: str, arch: str) -> int:
        if role == AGENT:
            return self.agent_memory
        return self.server_memory_arm if arch.startswith("arm") else self.server_memory

    def cpu(self, role: str) -> float:
        return self.agent_cpu if role == AGENT else self.server_cpu


RESERVE = Reserve.of(PACKAGED.amounts)
"""What holds where fleet.yaml overrides nothing."""


class Machine(NamedTuple):
    """*machines* equal machines of an entry of `cluster.nodes`, the one at index *entry*.

    *key* tells it from the others of its site, whatever they are called; *arch* is "" where it is not said. *has* and *left* are
    amounts in thousandths, by resource: of the whole machine, and without what the system takes (never below 0). A
    resource that is not in them is not known. *labels* are those that are certain.
    """

    key: str
    name: str
    entry: int
    machines: int
    arch: str
    labels: Mapping[str, str]
    has: Mapping[str, int]
    left: Mapping[str, int]
    offers: Mapping[str, int]


AMOUNTS = ("cpu", "memory", "storage")


def machines_of(nodes: Sequence[Mapping[str, Any]], reserve: Reserve) -> tuple[Machine, ...]:
    """The machines of a site. Where no entry says its role, the first machine is the server and the others are agents."""
    said = any("role" in node for node in nodes)
    found = (m for i, node in enumerate(nodes) for m in _entry(node, i, reserve, first=not said and not i))
    return tuple(machine._replace(key=str(position)) for position, machine in enumerate(found))


def _entry(node: Mapping[str, Any], index: int, reserve: Reserve, *, first: bool) -> Iterator[Machine]:
    count = node.get("count", 1)
    if first:
        yield _machine(node, index, 1, SERVER, reserve)
        if count > 1:
            yield _machine(node, index, count - 1, AGENT, reserve)
    else:
        yield _machine(node, index, count, node.get("role", AGENT), reserve)


def _machine(node: Mapping[str, Any], index: int, count: int, role: str, reserve: Reserve) -> Machine:
    arch = node.get("arch", "")
    has = {name: milli_quantity(node[name]) for name in AMOUNTS if name in node}
    taken = {"cpu": round(reserve.cpu(role) * 1000), "memory": reserve.memory(role, arch) * 1000}
    left = {name: max(0, amount - taken.get(name, 0)) for name, amount in has.items()}
    left["pods"] = reserve.pods * 1000
    labels = {"kubernetes.io/os": "linux", **({"kubernetes.io/arch": arch} if arch else {}), **node.get("labels", {})}
    if node.get("count", 1) == 1:
        labels.setdefault("kubernetes.io/hostname", node["name"])
    return Machine("", node["name"], index, count, arch, labels, has, left, _offers(node))


def _offers(node: Mapping[str, Any]) -> dict[str, int]:
    """Extended resources: what `resources` says, and one for each serial port."""
    offers = {name: milli_quantity(amount) for name, amount in (node.get("resources") or {}).items()}
    for port in node.get("serial") or ():
        offers[port["resource"]] = offers.get(port["resource"], 0) + 1000
    return offers
