"""What does not fit: each with the number, at the line that has to change, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.merge import origin
from composer.model.figures import Need, Sizing, show_amount
from composer.model.stack import Component, Stack
from composer.model.units import quantity, show_duration, show_quantity
from composer.stages.wire.places import param_place, place_of, tenant_place
from composer.stages.wire.sizing.demand import Part
from composer.stages.wire.sizing.needs import FRONT, LESS
from composer.stages.wire.sizing.sizes import PARAMETERS

MOST_RELATED = 3
CONNECTING = ("devices", "gateways", "jobs", "sites")


@dataclass(frozen=True, eq=False)
class Case:
    """A need that is not met, with everything that a message about it may want to say."""

    stack: Stack
    sizing: Sizing
    ingress: Component
    parts: Sequence[Part]
    need: Need

    @property
    def short(self) -> str:
        """The two numbers: "needs 12,000 connections and gets 10,000"."""
        return f"{self.amount(self.need.needed)}, {self.need.by} is {self.amount(self.need.given)}"

    def amount(self, amount: float) -> str:
        unit = self.need.unit
        return show_quantity(int(amount), binary=True) if _is_round(amount, unit) else show_amount(amount, unit)

    def largest(self, sums: Iterable[str]) -> list[Part]:
        """What adds most to the sums, of the tenant whose need it is, if it is one's."""
        names = frozenset(sums)
        mine = [p for p in self.parts if p.sum in names and p.tenant and self.need.tenant in ("", p.tenant)]
        return sorted(mine, key=lambda part: -part.amount)[:MOST_RELATED]

    def related(self, sums: Sequence[str], unit: str) -> list[Related]:
        sites = self.sizing.amounts["sites"] if "sites" in sums and not self.need.tenant else 0
        below = f"{show_amount(sites, unit)}: sites whose uplinks end here"
        return [
            *([Related(below, self.stack.document.place(("metadata", "name")))] if sites else []),
            *(
                Related(f"{show_amount(p.amount, unit)}: {p.label} of tenant {p.tenant}", part_place(self.stack, p))
                for p in self.largest(sums)
            ),
        ]

    def offline_place(self) -> Place:
        """Where `offline` is said, or else the uplink whose absence it is about."""
        for route in (("offline",), ("uplink",)):
            found = origin(self.stack.layers, route)
            if found:
                return found.place
        return place_of(self.ingress, key=True)

    def largest_place(self, sums: Sequence[str] = CONNECTING) -> Place:
        """Where it is said what adds most to the sums."""
        first = self.largest(sums)
        if "sites" in sums and self.sizing.amounts["sites"] > (first[0].amount if first else 0):
            return self.stack.document.place(("metadata", "name"))
        return part_place(self.stack, first[0]) if first else place_of(self.ingress, key=True)

    def node_place(self, resource: str) -> Place:
        """Where it is said how much the node that the need is about has of a resource."""
        name = self.need.by.removeprefix("node ").removesuffix(LESS)
        index = next(i for i, node in enumerate(self.stack.spec["cluster"]["nodes"]) if node["name"] == name)
        found = origin(self.stack.layers, ("cluster", "nodes", index, resource))
        return found.place if found else place_of(self.ingress, key=True)

    def chosen_place(self, figure: str) -> Place | None:
        """Where a document says outright what is given, if one does."""
        return param_place(self.ingress, PARAMETERS[figure][0]) if figure in self.sizing.chosen else None


def _is_round(amount: float, unit: str) -> bool:
    return unit == "bytes" and amount >= 2**20 and amount % 2**20 == 0


def part_place(stack: Stack, part: Part) -> Place:
    """The line that a part comes from."""
    said = part.said
    if said.component is not None:
        return place_of(said.component, said.route, key=not said.route)
    return tenant_place(stack, said.tenant, said.route)


def check_needs(
    stack: Stack,
    sizing: Sizing,
    ingress: Component | None,
    parts_of: Callable[[], Sequence[Part]],
    needs: Iterable[Need],
) -> list[Diagnostic]:
    """A finding for each need that is not met."""
    short = [need for need in needs if need.needed > need.given]
    parts = parts_of() if short else []
    return [
        _quota_sum(stack, need)
        if need.key.endswith("all quotas") or ingress is None
        else _RULES[need.tenant != "", need.key](Case(stack, sizing, ingress, parts, need))
        for need in short
    ]


def _connections(case: Case) -> Diagnostic:
    needed = case.amount(case.need.needed)
    message = f"the broker takes {case.amount(case.need.given)}, but {needed} are expected"
    place = case.chosen_place("maxConnections")
    hint = f"say at least {case.sizing.amounts['connections']:.0f}, or leave maxConnections out"
    if place is None:
        place, hint = case.largest_place(), "it cannot be told more; spread devices over more sites or hubs"
    return error("W061", message, place, hint=hint, related=case.related(CONNECTING, "connections"))


ALONE = "a broker of Mosquitto has no replicas"
"""Why more pods are no remedy."""


def _one_broker(case: Case) -> Diagnostic:
    message = f"{case.amount(case.need.needed)} at one broker, which should hold no more than {case.need.given:,.0f}"
    place = case.largest_place()
    hint = f"{ALONE}; spread devices over more sites or hubs; capacity.brokerConnections in fleet.yaml is the limit"
    return error("W062", message, place, hint=hint, related=case.related(CONNECTING, "connections"))


def _load(case: Case) -> Diagnostic:
    message = f"the broker would have to take and hand out {case.need.needed:,.0f} messages a second, "
    message += f"and can do {case.need.given:,.0f} on its one core"
    place = case.largest_place(("messagesIn", "messagesOut"))
    hint = f"{ALONE}; send less often, let fewer listen, or spread devices over more sites; "
    hint += "capacity.messages in fleet.yaml is the limit"
    return error("W063", message, place, hint=hint, related=case.related(("messagesIn", "messagesOut"), "a second"))


def _queue(case: Case) -> Diagnostic:
    figure, rate = {
        "queued messages": ("maxQueuedMessages", "upRate"),
        "queued bytes": ("maxQueuedBytes", "upBytes"),
    }[case.need.key]
    amounts = case.sizing.amounts
    message = (
        f"{show_duration(amounts['offline'])} without an uplink leave {case.amount(case.need.needed)} for the hub, "
    )
    message += f"and the broker keeps {case.amount(case.need.given)}"
    said = case.chosen_place(figure)
    longest = show_duration(int(case.need.given / amounts[rate] / 60) * 60)
    remedy = "raise it or leave it out, or " if said else ""
    hint = f"{remedy}let offline be at most {longest}, or let a stream send less over the uplink"
    unit = "a second" if rate == "upRate" else "bytes a second"
    return error("W064", message, said or case.offline_place(), hint=hint, related=case.related((rate,), unit))


def _volume(case: Case) -> Diagnostic:
    message = f"the broker's volume of {case.amount(case.need.given)} is too small: "
    message += f"its store is saved as a second copy, and both take {case.amount(case.need.needed)}"
    hint = f"say at least {_ceiling(case.need.needed)}, or leave storage.size out; a shorter offline needs less"
    place = case.chosen_place("volume") or place_of(case.ingress, key=True)
    return error("W065", message, place, hint=hint, related=case.related(("upBytes",), "bytes a second"))


def _memory(case: Case) -> Diagnostic:
    amounts = case.sizing.amounts
    message = f"the broker's memory limit of {case.amount(case.need.given)} is too small: {case.amount(case.need.needed)} are "
    message += f"needed, {show_amount(amounts['queueMemory'], 'bytes')} of them for messages that wait, "
    message += f"{show_amount(amounts['clientMemory'], 'bytes')} for clients"
    hint = f"say at least {_ceiling(case.need.needed)}, or leave it out; a shorter offline needs less"
    place = case.chosen_place("memoryLimit") or case.chosen_place("memoryRequest") or place_of(case.ingress, key=True)
    return error("W066", message, place, hint=hint, related=case.related(("upRate",), "a second"))


def _node(case: Case) -> Diagnostic:
    amounts = case.sizing.amounts
    sort = "memory" if case.need.figure == "memoryRequest" else "storage"
    message = f"the broker needs {case.amount(case.need.needed)} of {sort}; the largest {case.need.by}, "
    message += f"has {case.amount(case.need.given)}"
    held = amounts["queueMemory"] if sort == "memory" else amounts["stored"]
    queue = amounts["upRate"] > 0 and held > case.need.needed / 2
    place = case.chosen_place(case.need.figure) or (case.offline_place() if queue else None)
    if case.need.given < amounts["memoryMin" if sort == "memory" else "volumeMin"]:
        return error(
            "W067", message, case.node_place(sort), hint=f"a node with more {sort}: this is too little for any broker"
        )
    if place is None:
        place = case.largest_place()
    hint = f"more {sort}, fewer devices"
    if queue:
        share = max(0.0, 1 - (case.need.needed - case.need.given) / held)
        longest = show_duration(int(amounts["offline"] * share / 3600) * 3600)
        hint = f"an offline of about {longest}, a stream that sends less over the uplink, or more {sort}"
    related = case.related(("upRate",), "a second") if queue else case.related(CONNECTING, "connections")
    return error("W067", message, place, hint=hint, related=related)


def _kernel(case: Case) -> Diagnostic:
    message = f"{case.need.key}: the broker needs {case.need.needed:,.0f}, {case.need.by} has {case.need.given:,.0f}"
    place = case.largest_place()
    constant = {
        "open files": "raise LimitNOFILE of the container runtime, and say so: capacity.nodeDescriptors in fleet.yaml",
        "connection table": "raise net.netfilter.nf_conntrack_max at the node, and say so: capacity.conntrackMin in fleet.yaml",
        "source ports": "more replicas of the front: each has 64,512 source ports towards one broker",
    }[case.need.key]
    return error("W068", message, place, hint=constant, related=case.related(CONNECTING, "connections"))


def _tenant_connections(case: Case) -> Diagnostic:
    tenant, needed = case.need.tenant, case.amount(case.need.needed)
    message = f"tenant {tenant} comes to {needed}, and its quota allows {case.need.given:,.0f}"
    place = tenant_place(case.stack, tenant, ("quota", "connections"))
    hint = f"say at least {case.need.needed:.0f}, or have fewer devices"
    return error("W069", message, place, hint=hint, related=case.related(CONNECTING, "connections"))


def _tenant_messages(case: Case) -> Diagnostic:
    tenant = case.need.tenant
    message = f"what tenant {tenant} publishes comes to {case.need.needed:,.4g} messages a second, "
    message += f"and its quota allows {case.need.given:,.0f}"
    place = tenant_place(case.stack, tenant, ("quota", "messagesPerSecond"))
    hint = f"say at least {int(-(-case.need.needed // 1))}, or send less often"
    return error("W070", message, place, hint=hint, related=case.related(("messagesIn",), "a second"))


def _front(case: Case) -> Diagnostic:
    front = next(c for c in case.stack.components if c.role == "front")
    message = f"{case.need.by} take {case.amount(case.need.given)}, but {case.amount(case.need.needed)} are expected"
    if front.params.get("replicas"):
        place = param_place(front, ("replicas",))
        hint = f"say at least {ceil(case.need.needed / case.sizing.amounts['perFront'])}, or leave replicas out"
    else:
        place = param_place(front, ("maxConnections",))
        hint = "no front has more pods; let each take more (maxConnections), or spread devices over more sites"
    return error("W038", message, place, hint=hint, related=case.related(("devices", "sites"), "connections"))


def _buffer(case: Case) -> Diagnostic:
    buffer = next(c for c in case.stack.components if c.role == "buffer")
    offline = show_duration(case.sizing.amounts["offline"])
    message = f"the buffer's volume of {case.amount(case.need.given)} is too small: {offline} without an uplink leave "
    message += f"{case.amount(case.need.needed)} in it"
    hint = f"say at least {_ceiling(case.need.needed)}, or leave storage.size out; a shorter offline needs less"
    place = param_place(buffer, ("storage", "size"))
    return error("W058", message, place, hint=hint, related=case.related(("upBytes",), "bytes a second"))


def _buffer_load(case: Case) -> Diagnostic:
    message = f"{case.need.needed:,.0f} messages a second go up through the buffer on disk, which takes "
    message += f"{case.need.given:,.0f}"
    first = case.largest(("upRate",))
    place = part_place(case.stack, first[0]) if first else case.offline_place()
    hint = "let a stream send less over the uplink; capacity.bufferMessages in fleet.yaml is the limit"
    return error("W059", message, place, hint=hint, related=case.related(("upRate",), "a second"))


_RULES: dict[tuple[bool, str], Callable[[Case], Diagnostic]] = {
    (False, "connections"): _connections,
    (False, "connections of one broker"): _one_broker,
    (False, "messages"): _load,
    (False, "queued messages"): _queue,
    (False, "queued bytes"): _queue,
    (False, "volume"): _volume,
    (False, "memory"): _memory,
    (False, "memory of one node"): _node,
    (False, "storage of one node"): _node,
    (False, FRONT): _front,
    (False, "buffer"): _buffer,
    (False, "messages of the buffer"): _buffer_load,
    (False, "open files"): _kernel,
    (False, "connection table"): _kernel,
    (False, "source ports"): _kernel,
    (True, "connections"): _tenant_connections,
    (True, "messages"): _tenant_messages,
}
"""Whether a row is a tenant's, and its key -> what is said where it is not met."""


def _quota_sum(stack: Stack, need: Need) -> Diagnostic:
    name = need.figure
    asked = {t: quota[name] for t, spec in stack.tenants.items() if name in (quota := spec.get("quota") or {})}
    order = sorted(asked, key=lambda tenant: (-quantity(asked[tenant]), tenant))
    first, *others = order
    binary = need.unit == "bytes"
    needed, given = (show_quantity(amount, binary=binary) for amount in (need.needed, need.given))
    message = f"the tenants' quotas come to {needed} of {name}, and all nodes together have {given}"
    related = [
        Related(f"{asked[tenant]} for tenant {tenant}", tenant_place(stack, tenant, ("quota", name)))
        for tenant in others[:MOST_RELATED]
    ]
    nodes = origin(stack.layers, ("cluster", "nodes"))
    related += [Related("the nodes", nodes.place)] if nodes else []
    over = show_quantity(need.needed - need.given, binary=binary)
    hint = f"take {over} from the quotas, or add nodes"
    return error("W071", message, tenant_place(stack, first, ("quota", name)), hint=hint, related=related)


def _ceiling(amount: float) -> str:
    """The amount in whole mebibytes, rounded up."""
    return show_quantity(-(-int(amount) // 2**20) * 2**20, binary=True)
