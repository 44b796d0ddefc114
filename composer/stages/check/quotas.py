"""Whether a namespace's workloads fit its ResourceQuota, also while one of them is being replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from composer.diagnostic import Diagnostic, Related, error
from composer.model.units import milli_quantity, show_quantity
from composer.stages.check.finding import elsewhere
from composer.stages.check.objects import Subject
from composer.stages.check.places import place_of
from composer.stages.check.site import Site
from composer.stages.check.workloads import ROLLING, Workload, workloads_of


class Counted(NamedTuple):
    """An entry of a quota that adds up over pods: what *of* a workload it looks at, of which *resource*, and how it is called."""

    of: Callable[[Workload], Mapping[str, int]]
    resource: str
    words: str


_CPU = Counted(lambda workload: workload.needs, "cpu", "of CPU in requests")
_MEMORY = Counted(lambda workload: workload.needs, "memory", "of memory in requests")
COUNTED: Mapping[str, Counted] = {
    "requests.cpu": _CPU,
    "cpu": _CPU,
    "requests.memory": _MEMORY,
    "memory": _MEMORY,
    "limits.cpu": Counted(lambda workload: workload.limits, "cpu", "of CPU in limits"),
    "limits.memory": Counted(lambda workload: workload.limits, "memory", "of memory in limits"),
}

MOST_RELATED = 3


class Load(NamedTuple):
    """What one workload takes of one entry, in thousandths: all of its pods, and those more that replacing it makes."""

    subject: Subject
    steady: int
    surge: int


Taken = tuple[Subject, int, int]
"""A load while all is well, which it nearly always is."""


def check_quotas(site: Site) -> Iterator[Diagnostic]:
    """A finding for each entry of a namespace's quota that its own workloads exceed."""
    for quota in site.of_kind("", "ResourceQuota"):
        spec = quota.object.get("spec", {})
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        workloads = [each for each in workloads_of(site) if each.pod.subject.namespace == quota.namespace]
        for entry, allowed in spec.get("hard", {}).items():
            loads = list(_loads(site, quota.namespace, workloads, entry))
            needed = sum([steady for _, steady, _ in loads]) + max([surge for _, _, surge in loads], default=0)
            if needed > milli_quantity(allowed):
                yield _exceeded(site, quota, entry, needed, [Load(*load) for load in loads])


def _loads(site: Site, namespace: str, workloads: Sequence[Workload], entry: str) -> Iterator[Taken]:
    if entry == "requests.storage":
        yield from _volumes(site, namespace)
    elif entry == "pods" or entry in COUNTED:
        machines = sum([each.machines for each in site.context.nodes.machines]) if site.context.nodes else 1
        for workload in workloads:
            one = 1000 if entry == "pods" else COUNTED[entry].of(workload).get(COUNTED[entry].resource, 0)
            yield _load(workload, one * (machines if workload.everywhere else 1))


def _load(workload: Workload, one: int) -> Taken:
    """What a workload takes: an autoscaler's or a job's pods may all be there at a time when another is replaced."""
    replaced = workload.why == ROLLING and not workload.everywhere
    steady = workload.steady if replaced else workload.steady + workload.more
    return workload.pod.subject, one * steady, one * workload.more if replaced else 0


def _volumes(site: Site, namespace: str) -> Iterator[Taken]:
    for claim in site.of_kind("", "PersistentVolumeClaim"):
        if claim.namespace == namespace:
            yield claim, _storage(claim.object), 0
    for each in site.of_kind("apps", "StatefulSet"):
        if each.namespace == namespace:
            claims = sum(map(_storage, each.object["spec"].get("volumeClaimTemplates", ())))
            yield each, claims * each.object["spec"].get("replicas", 1), 0


def _storage(claim: Mapping[str, Any]) -> int:
    return milli_quantity(claim["spec"].get("resources", {}).get("requests", {}).get("storage", 0))


def _exceeded(site: Site, quota: Subject, entry: str, needed: int, loads: list[Load]) -> Diagnostic:
    what = COUNTED[entry].words if entry in COUNTED else {"pods": "pods"}.get(entry, "of storage")
    binary = "cpu" not in entry and entry != "pods"
    largest = max(loads, key=lambda load: load.surge)
    surge = (
        f", {_shown(largest.surge, binary)} of it while {largest.subject.label} is replaced" if largest.surge else ""
    )
    allowed = quota.object["spec"]["hard"][entry]
    message = (
        f"the workloads of {quota.namespace} come to {_shown(needed, binary)} {what}{surge}; its quota allows {allowed}"
    )
    place = site.context.quota_place(quota.namespace, entry) or place_of(quota.rendered, ("spec", "hard", entry))
    order = sorted(loads, key=lambda load: -load.steady)[:MOST_RELATED]
    related = [
        elsewhere(f"{load.subject.label}: {_shown(load.steady, binary)}", load.subject) for load in order if load.steady
    ]
    related += [Related("the quota", place_of(quota.rendered, ("spec", "hard", entry)))]
    hint = "raise the quota, or take less: resources of the components, or fewer components"
    return error("W072", message, place, hint=hint, related=related)


def _shown(milli: int, binary: bool) -> str:
    return show_quantity(milli / 1000, binary=binary)
