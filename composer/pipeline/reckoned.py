"""How each row of `composer capacity` came about: formulas and sums, down to lines of documents and constants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from composer.diagnostic import Place, Rejected, did_you_mean, error
from composer.model.budget import FORMULA, Budget
from composer.model.explanation import Reckoned
from composer.model.figures import BESIDES, Need, Sizing, show_amount
from composer.model.fleet import Fleet
from composer.model.machines import Machine, Reserve, machines_of
from composer.model.stack import Rendered, Wiring
from composer.model.units import show_quantity, show_rate, show_size
from composer.pipeline.capacity import capacity_of
from composer.pipeline.line import Line
from composer.pipeline.rows import said_place_of
from composer.pipeline.run import compose_in_time
from composer.pipeline.sized import all_parts, constant_line, sized
from composer.stages.check import CheckContext
from composer.stages.check.usage import Asked, asked_by_pods
from composer.stages.wire.budget import Overhead, budget
from composer.stages.wire.places import param_place, place_of, tenant_place
from composer.stages.wire.sizing import PARAMETERS, part_place, unit_of
from composer.stages.wire.sizing.needs import BUFFER, FRONT, LESS, ONE


def reckon(fleet: Fleet, site: str, wanted: str) -> list[Reckoned]:
    """The rows of a site that are called *wanted*, all of them for "", and after them what is said besides rows.

    Raises Rejected for a site with errors, or no such row.
    """
    composed = compose_in_time(Line(fleet), site)
    if not composed.ok or composed.wiring is None or composed.wiring.sizing is None:
        raise Rejected(composed.findings)
    needs = (*capacity_of(composed).needs, *_besides(composed.wiring.sizing))
    found = [need for need in needs if wanted in ("", need.label)]
    if not found:
        hint = did_you_mean(wanted, [need.label for need in needs]) or f"composer capacity {site} shows all rows"
        raise Rejected([error("X005", f"site {site} has no row {wanted!r}", Place("command line"), hint=hint)])
    reckoning = _Reckoning(composed.wiring, composed.wiring.sizing, composed.objects)
    return [
        Reckoned(need, tuple(reckoning.needed(need)), tuple(reckoning.given(need)) if need.by else ()) for need in found
    ]


def _besides(sizing: Sizing) -> Iterator[Need]:
    """Figures for which nothing is given."""
    for label, key in BESIDES.items():
        yield Need(label, key, "", sizing.amounts[key], 0, unit_of(key), "")


@dataclass(frozen=True, eq=False)
class _Reckoning:
    """Knows where the numbers of one site's rows come from."""

    wiring: Wiring
    sizing: Sizing
    objects: Sequence[Rendered]

    def needed(self, need: Need) -> Iterator[str]:
        """How much, and why."""
        if need.tenant:
            return self._of_tenant(need)
        if need.key in SPECIAL:
            return SPECIAL[need.key](self, need)
        if need.key.endswith(" of all quotas"):
            return self._quotas(need)
        return sized(self.wiring, need.figure) if need.figure else self._pods(need)

    def given(self, need: Need) -> Iterator[str]:
        """What there is for it, and who says so."""
        stack, constant = self.wiring.stack, CONSTANTS_GIVEN.get(need.by)
        if need.tenant:
            yield f"{need.by}, {tenant_place(stack, need.tenant, tuple(need.by.split('.')))}"
        elif need.by in PARAMETERS_GIVEN:
            yield from self._parameter(PARAMETERS_GIVEN[need.by])
        elif need.by == BUFFER:
            yield from self._buffer()
        elif need.by == "uplink.dailyBudget":
            yield f"uplink.dailyBudget, {said_place_of(stack, ('uplink', 'dailyBudget'))}"
        elif constant:
            yield constant_line(self.wiring, self.sizing, constant)
        elif need.key in (FRONT, "source ports"):
            yield from self._front()
            if need.key != FRONT:
                yield constant_line(self.wiring, self.sizing, "proxyPorts")
        else:
            yield from self._nodes(need)

    def _parameter(self, key: str) -> Iterator[str]:
        """What the broker is given: by a document, or as it was worked out."""
        route = PARAMETERS[key][0]
        ingress = next(c for c in self.wiring.stack.components if c.role == "ingress")
        if key in self.sizing.chosen:
            name = ".".join(map(str, route))
            yield f"params.{name} = {self.sizing.given[key]}, {param_place(ingress, route)}"
        else:
            yield from sized(self.wiring, key)

    def _front(self) -> Iterator[str]:
        """How many pods a front has: by a document, or as it was worked out."""
        front = next(c for c in self.wiring.stack.components if c.role == "front")
        said = front.params.get("replicas")
        if said is None:
            yield from sized(self.wiring, "frontReplicas")
        else:
            yield f"params.replicas of {front.label} = {said}, {param_place(front, ('replicas',))}"

    def _buffer(self) -> Iterator[str]:
        """What the buffer's volume is given: by a document, or as it was worked out."""
        buffer = next(c for c in self.wiring.stack.components if c.role == "buffer")
        said = (buffer.params.get("storage") or {}).get("size")
        if said is None:
            yield from sized(self.wiring, "bufferVolume")
        else:
            yield f"params.storage.size of {buffer.label} = {said}, {param_place(buffer, ('storage', 'size'))}"

    def _of_tenant(self, need: Need) -> Iterator[str]:
        """The sums over a tenant's own lines."""
        sums = {"connections": ("devices", "gateways", "jobs"), "messages": ("messagesIn",)}[need.key]
        yield f"{need.key} = {' + '.join(sums)} = {show_amount(need.needed, need.unit)}"
        for part in all_parts(self.wiring):
            if part.tenant == need.tenant and part.sum in sums and part.amount:
                amount = show_amount(part.amount, need.unit)
                yield f"  {part.sum} {amount}: {part.label}, {part_place(self.wiring.stack, part)}"

    def _quotas(self, need: Need) -> Iterator[str]:
        stack = self.wiring.stack
        yield f"{need.key} = the sum of quota.{need.figure} of all tenants"
        for tenant, spec in stack.tenants.items():
            said = (spec.get("quota") or {}).get(need.figure)
            if said is not None:
                yield f"  {said}: tenant {tenant}, {tenant_place(stack, tenant, ('quota', need.figure))}"

    def _pods(self, need: Need) -> Iterator[str]:
        """What pods ask for together: as they run, or with the one workload that grows most beside them."""
        resource, grows = _resource(need), need.by.partition("; ")[2]
        yield f"{need.key} = the sum of pods x what each asks for, volumes with them" + (
            " and while it grows" * bool(grows)
        )
        for asked in asked_by_pods(self.objects, self._context):
            amount = asked.needs.get(resource, 0)
            pods = asked.pods + (asked.more if asked.label == grows else 0)
            if amount and pods:
                yield f"  {pods} x {_amount(amount, resource)}: {asked.label}, {self._place(asked)}"

    def _place(self, asked: Asked) -> str:
        return f"component {asked.component.label}, {place_of(asked.component, key=True)}"

    @property
    def _context(self) -> CheckContext:
        return CheckContext.of(self.wiring)

    def _nodes(self, need: Need) -> Iterator[str]:
        """The nodes, and what the system takes of each."""
        stack, resource = self.wiring.stack, _resource(need)
        machines = machines_of(stack.spec["cluster"].get("nodes") or [], Reserve.of(self.sizing.amounts))
        for machine in machines:
            place = said_place_of(stack, ("cluster", "nodes", machine.entry))
            many = f"{machine.machines} x " if machine.machines > 1 else ""
            yield f"{many}node {machine.name}: {_offer(machine, resource, whole=LESS not in need.by)}, {place}"
        if LESS in need.by or need.key == "connection table":
            for name in SYSTEM.get("table" if need.key == "connection table" else resource, ()):
                yield constant_line(self.wiring, self.sizing, name)

    def _uplink(self, _need: Need) -> Iterator[str]:
        """The day's bytes topic by topic."""
        found = budget(self.wiring.stack, self.wiring.traffic, Overhead.of(self.sizing.amounts))
        yield f"a day = {FORMULA}"
        yield from self._sent(found) if found else ()
        yield constant_line(self.wiring, self.sizing, "tlsOverhead")
        yield constant_line(self.wiring, self.sizing, "tcpOverhead")

    def _sent(self, found: Budget) -> Iterator[str]:
        for each in found.largest:
            by = "coming down for" if each.direction == "down" else f"of {each.principal} of"
            who = f"{each.topic} {by} tenant {each.tenant}"
            sum_ = f"{show_rate(each.rate)} x ({each.wire.up} + {each.wire.down} bytes, {each.bytes} of payload)"
            place = said_place_of(self.wiring.stack, each.said)
            yield f"  {show_size(round(each.daily))}: {who}, {sum_}, {place}"
        for each in found.unknown:
            place = said_place_of(self.wiring.stack, each.said)
            yield f"  not counted: {each.topic} comes down for tenant {each.tenant}, and no document says its rate, {place}"
        if found.pings:
            yield f"  {show_size(round(found.pings))}: pings while nothing else is sent"


PARAMETERS_GIVEN = {
    "maxConnections": "maxConnections",
    "maxQueuedMessages": "maxQueuedMessages",
    "maxQueuedBytes": "maxQueuedBytes",
    "resources.limits.memory": "memoryLimit",
    "storage.size": "volume",
}
"""What gives a row its amount -> the figure that stands for the parameter."""

CONSTANTS_GIVEN = {
    "one thread": "brokerConnections",
    "one core": "messages",
    "a process at its node": "nodeDescriptors",
    ONE: "bufferMessages",
}
"""What gives a row its amount -> the constant that says how much."""

SYSTEM: Mapping[str, tuple[str, ...]] = {
    "memory": ("serverMemory", "serverMemoryArm", "agentMemory"),
    "cpu": ("serverCpu", "agentCpu"),
    "pods": ("podsPerNode",),
    "table": ("conntrackMin", "conntrackPerCore"),
}
"""Resource -> the constants that say what is left of a node."""

SPECIAL: Mapping[str, Callable[[_Reckoning, Need], Iterator[str]]] = {"uplink in a day": _Reckoning._uplink}
"""Key of a row -> what tells of it, where neither a figure nor pods do."""


def _resource(need: Need) -> str:
    """The resource of nodes that a row is about."""
    return "cpu" if need.key == "connection table" else need.key.split(" ", 1)[0]


def _amount(thousandths: int, resource: str) -> str:
    if resource not in ("memory", "storage"):
        return show_quantity(thousandths / 1000)
    size = thousandths // 1000
    return show_quantity(size, binary=True) if size % 2**20 == 0 else show_size(size)


def _offer(machine: Machine, resource: str, *, whole: bool) -> str:
    has, left = machine.has.get(resource), machine.left.get(resource, machine.offers.get(resource))
    if has is None:
        return "not said" if left is None else _amount(left, resource)
    if whole or left is None or left == has:
        return _amount(has, resource)
    return f"{_amount(has, resource)}, of which the system takes {_amount(has - left, resource)}"
