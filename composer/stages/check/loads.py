"""A site's workloads and machines as loads and pools: who may be where, with whom, and what each takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from composer.model.machines import AMOUNTS, Machine
from composer.model.packing import UNBOUNDED, Amounts, Load, Pool
from composer.stages.check.architectures import architectures_of, suits
from composer.stages.check.context import Nodes
from composer.stages.check.placement import may_run, restricts
from composer.stages.check.site import Site, selects
from composer.stages.check.workloads import Workload, is_local, size_of

HOSTNAME = "kubernetes.io/hostname"

KNOWN = (*AMOUNTS, "pods")

Grown = Callable[[Workload], bool]
"""Whether a workload is to be counted with the pods that it has more for a while."""


def is_extended(resource: str) -> bool:
    """Whether only a device plugin offers it."""
    return "/" in resource and not resource.startswith(
        "kubernetes.io/"
    )  # huge pages have no slash; nothing is known of them


class Ground:
    """The machines of a site and the workloads that look for a place on them."""

    def __init__(self, site: Site, nodes: Nodes, workloads: Sequence[Workload]) -> None:
        self.site = site
        self.nodes = nodes
        self.machines = nodes.machines
        self.keys = tuple(machine.key for machine in self.machines)
        self.here = sorted({machine.arch for machine in self.machines if machine.arch})
        self.workloads = workloads
        self.daemons = [workload for workload in workloads if workload.everywhere]
        self.others = [workload for workload in workloads if not workload.everywhere]
        extended = {resource for workload in workloads for resource in workload.needs if is_extended(resource)}
        self.dimensions = (*KNOWN, *sorted(extended))

    @property
    def is_roomy(self) -> bool:
        """Whether one machine alone has room for everything that runs anywhere, also while all of it grows.

        Seen at a glance, for boxes that stand alone. False says nothing.
        """
        machine = self.machines[0]
        if len(self.machines) > 1 or machine.machines > 1:
            return False
        sums = dict.fromkeys(self.dimensions, 0)
        for workload in self.workloads:
            if workload.choosy or not suits(workload.pod.subject.rendered.component, self.here):
                return False
            pods = workload.steady + workload.more
            sums["pods"] += 1000 * pods
            for resource, amount in workload.needs.items():
                sums[resource] = sums.get(resource, 0) + amount * pods
        for claim in self.site.of_kind("", "PersistentVolumeClaim"):
            sums["storage"] += size_of(claim.object.get("spec", {}))
        return all(amount <= self.offered(machine, resource) for resource, amount in sums.items())

    @cached_property
    def _by_name(self) -> Mapping[str, Workload]:
        return {workload.name: workload for workload in self.workloads}

    def workload(self, name: str) -> Workload:
        return self._by_name[name]

    def suits_somewhere(self, workload: Workload) -> bool:
        """Whether some machine would do, but for its architecture."""
        return any(may_run(workload.pod, machine) for machine in self.machines)

    @cached_property
    def where(self) -> Mapping[str, tuple[str, ...]]:
        """Name of a workload -> the machines it may run on."""
        return {workload.name: self._where(workload) for workload in self.workloads}

    def _where(self, workload: Workload) -> tuple[str, ...]:
        if suits(workload.pod.subject.rendered.component, self.here) and not restricts(workload.pod):
            return self.keys
        architectures = architectures_of(workload.pod)
        return tuple(
            machine.key
            for machine in self.machines
            if (architectures is None or machine.arch in ("", *architectures)) and may_run(workload.pod, machine)
        )

    def pools(self, grown: Grown) -> tuple[Pool, ...]:
        """The machines with what is left of each beside the pods that run everywhere; less than nothing where it does not do."""
        return tuple(Pool(m.key, m.machines, self._room(m, grown)) for m in self.machines)

    def _room(self, machine: Machine, grown: Grown) -> Amounts:
        room = [self.offered(machine, resource) for resource in self.dimensions]
        for daemon in self.daemons:
            if machine.key in self.where[daemon.name]:
                pods = daemon.steady + (daemon.more if grown(daemon) else 0)
                room = [have - need * pods for have, need in zip(room, self._needs(daemon), strict=True)]
        return tuple(room)

    def offered(self, machine: Machine, resource: str) -> int:
        """What the machine has for pods, in thousandths; UNBOUNDED where that is not known."""
        if resource in KNOWN:
            return machine.left.get(resource, UNBOUNDED)
        return machine.offers.get(resource, 0)

    def _needs(self, workload: Workload) -> Amounts:
        return tuple(1000 if name == "pods" else workload.needs.get(name, 0) for name in self.dimensions)

    def loads(self, grown: Grown) -> tuple[Load, ...]:
        """What looks for a place. Pods that share a volume of one machine's disk are one load: they go to one machine."""
        found = []
        for group in self._groups:
            counts = {w.name: w.steady + (w.more if grown(w) else 0) for w in group}
            load = self._load(group[0], counts) if not self._disks(group) else self._bundle(group, counts)
            if load.pods:
                found.append(load)
        return tuple(found)

    @cached_property
    def _groups(self) -> list[list[Workload]]:
        """The workloads, those together that share volumes of one machine's disk."""
        groups: list[list[Workload]] = []
        home: dict[tuple[str, str], list[Workload]] = {}
        for workload in self.others:
            claims = self._local(workload)
            shared = [home[claim] for claim in claims if claim in home]
            group = shared[0] if shared else []
            if not shared:
                groups.append(group)
            for other in shared[1:]:
                if other is not group:
                    group += other
                    groups.remove(other)
            group.append(workload)
            home |= {claim: group for member in group for claim in self._local(member)}
        return groups

    def _local(self, workload: Workload) -> list[tuple[str, str]]:
        namespace = workload.pod.subject.namespace
        return [
            (namespace, claim)
            for claim in workload.claims
            if is_local(self._claims.get((namespace, claim), _ELSEWHERE))
        ]

    @cached_property
    def _claims(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        found = self.site.of_kind("", "PersistentVolumeClaim")
        return {(claim.namespace, claim.name): claim.object.get("spec", {}) for claim in found}

    def _disks(self, group: Sequence[Workload]) -> dict[tuple[str, str], int]:
        return {claim: size_of(self._claims[claim]) for workload in group for claim in self._local(workload)}

    def _load(self, workload: Workload, counts: Mapping[str, int]) -> Load:
        most, apart = self._spacing(workload, counts[workload.name])
        return Load(workload.name, counts[workload.name], self._needs(workload), self.where[workload.name], most, apart)

    def _bundle(self, group: Sequence[Workload], counts: Mapping[str, int]) -> Load:
        needs = [0] * len(self.dimensions)
        needs[self.dimensions.index("storage")] = sum(self._disks(group).values())
        for workload in group:
            needs = [
                have + need * counts[workload.name] for have, need in zip(needs, self._needs(workload), strict=True)
            ]
        where = tuple(key for key in self.keys if all(key in self.where[workload.name] for workload in group))
        names = {workload.name for workload in group}
        apart = [name for workload in group for name in self._spacing(workload, 1)[1] if name not in names]
        return Load(group[0].name, min(1, sum(counts.values())), tuple(needs), where, 0, tuple(sorted({*apart})))

    def _spacing(self, workload: Workload, pods: int) -> tuple[int, tuple[str, ...]]:
        """How many pods of a workload one machine takes (0: any number), and whom they keep away from."""
        spec = workload.pod.spec
        limits = [skew + pods // self._machines(workload) for skew in _skews(spec, workload.pod.labels)]
        apart: list[str] = []
        for selector in _kept_away(spec, workload.pod.subject.namespace):
            chosen = [other for other in self.others if selector(other)]
            limits += [1 for other in chosen if other is workload]
            apart += [other.name for other in chosen if other is not workload]
        return min(limits, default=0), tuple(sorted({*apart}))

    def _machines(self, workload: Workload) -> int:
        where = self.where[workload.name]
        return max(1, sum(machine.machines for machine in self.machines if machine.key in where))


_ELSEWHERE: Mapping[str, Any] = {"accessModes": ["ReadWriteMany"]}
"""Stands for a claim that is not rendered: nothing is known of its disk."""


def _skews(spec: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[int]:
    """How far the numbers of a workload's pods on different machines may be apart, where Kubernetes insists on it."""
    for constraint in spec.get("topologySpreadConstraints", ()):
        insists = constraint["whenUnsatisfiable"] == "DoNotSchedule" and constraint["topologyKey"] == HOSTNAME
        if insists and "labelSelector" in constraint and selects(constraint["labelSelector"], labels):
            yield constraint["maxSkew"]


def _kept_away(spec: Mapping[str, Any], namespace: str) -> Iterator[Callable[[Workload], bool]]:
    """For each required anti-affinity between machines, what tells the workloads that it speaks of."""
    rules = spec.get("affinity", {}).get("podAntiAffinity", {})
    for term in rules.get("requiredDuringSchedulingIgnoredDuringExecution", ()):
        if term["topologyKey"] != HOSTNAME or "labelSelector" not in term or term.get("namespaceSelector"):
            continue
        everywhere = "namespaceSelector" in term
        yield _chooses(term["labelSelector"], None if everywhere else term.get("namespaces") or [namespace])


def _chooses(selector: Mapping[str, Any], namespaces: Sequence[str] | None) -> Callable[[Workload], bool]:
    return lambda workload: (
        (namespaces is None or workload.pod.subject.namespace in namespaces) and selects(selector, workload.pod.labels)
    )
