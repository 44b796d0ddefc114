"""How full a site's machines are: what the pods ask for, against what the nodes have for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from composer.model.figures import Need
from composer.model.packing import UNBOUNDED
from composer.model.stack import Component, Rendered
from composer.stages.check.context import CheckContext
from composer.stages.check.loads import Ground, Grown
from composer.stages.check.objects import subject_of
from composer.stages.check.site import Site
from composer.stages.check.trial import node_names, nothing, only
from composer.stages.check.workloads import Workload, size_of, workloads_of

UNITS = {"cpu": "cores", "memory": "bytes", "storage": "bytes", "pods": ""}
"""Resource -> the unit it is told in; devices are counted."""


def pod_needs(objects: Sequence[Rendered], context: CheckContext) -> tuple[Need, ...]:
    """What the pods of a site ask for, and what its nodes have for them, resource by resource: as they run, and with the largest
    of updates, jobs and growth beside them. () where no document tells the nodes."""
    if context.nodes is None:
        return ()
    site = _site(objects, context)
    ground = Ground(site, context.nodes, workloads_of(site))
    return tuple(_needs(ground))


class Asked(NamedTuple):
    """What one object of the site's asks of the nodes: *pods* of them as they run, *more* for a while (*why*), each of *needs*
    in thousandths."""

    label: str
    component: Component
    pods: int
    more: int
    why: str
    needs: Mapping[str, int]


def asked_by_pods(objects: Sequence[Rendered], context: CheckContext) -> tuple[Asked, ...]:
    """What the rows of `pod_needs` are the sums of: workloads, and claims of volumes."""
    site = _site(objects, context)
    found = [
        Asked(w.label, w.pod.subject.rendered.component, w.steady, w.more, w.why, {**w.needs, "pods": 1000})
        for w in workloads_of(site)
    ]
    for claim in site.of_kind("", "PersistentVolumeClaim"):
        size = size_of(claim.object.get("spec", {}))
        found.append(Asked(claim.label, claim.rendered.component, 1, 0, "", {"storage": size}))
    return tuple(found)


def _site(objects: Sequence[Rendered], context: CheckContext) -> Site:
    subjects = [subject for rendered in objects if (subject := subject_of(rendered)) is not None]
    return Site(context, context.schemas()[0], subjects, subjects)


def _needs(ground: Ground) -> Iterator[Need]:
    steady = _asked(ground, nothing)
    grown = [(_asked(ground, only(workload)), workload) for workload in ground.workloads if workload.more]
    for number, resource in enumerate(ground.dimensions):
        rooms = [(ground.offered(machine, resource), machine.machines) for machine in ground.machines]
        if any(room >= UNBOUNDED for room, _ in rooms):
            continue
        given = sum(room * count for room, count in rooms) / 1000
        unit = UNITS.get(resource, "")
        by = f"{node_names(ground, ground.keys, numbers=True)}, less the system"
        yield Need(
            "pods" if resource == "pods" else f"{resource} of all pods", "", "", steady[number] / 1000, given, unit, by
        )
        more, workload = max(((asked[number], w) for asked, w in grown), key=_largest, default=(steady[number], None))
        if workload and more > steady[number]:
            yield Need(f"{resource} in {workload.why}", "", "", more / 1000, given, unit, f"the same; {workload.label}")


def _largest(found: tuple[int, Workload | None]) -> int:
    return found[0]


def _asked(ground: Ground, grown: Grown) -> list[int]:
    """What all pods together ask for, by dimension, in thousandths."""
    loads = ground.loads(grown)
    sums = [sum(load.needs[number] * load.pods for load in loads) for number in range(len(ground.dimensions))]
    for machine, pool in zip(ground.machines, ground.pools(grown), strict=True):
        for number, resource in enumerate(ground.dimensions):
            sums[number] += (ground.offered(machine, resource) - pool.room[number]) * machine.machines
    return sums
