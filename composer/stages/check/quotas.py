"""Whether a namespace's workloads fit its ResourceQuota, also while one of them is being replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, NamedTuple

from composer.diagnostic import Diagnostic, Related, error
from composer.model.units import milli_quantity, show_quantity
from composer.stages.check.finding import elsewhere
from composer.stages.check.objects import Pod, Subject
from composer.stages.check.places import place_of
from composer.stages.check.site import Site

COUNTED: Mapping[str, tuple[str, str, str]] = {
    "requests.cpu": ("requests", "cpu", "of CPU in requests"),
    "cpu": ("requests", "cpu", "of CPU in requests"),
    "requests.memory": ("requests", "memory", "of memory in requests"),
    "memory": ("requests", "memory", "of memory in requests"),
    "limits.cpu": ("limits", "cpu", "of CPU in limits"),
    "limits.memory": ("limits", "memory", "of memory in limits"),
}
"""Entry of a quota that adds up over containers -> which of their resources, and how it is called."""

MOST_RELATED = 3


class Load(NamedTuple):
    """What one workload takes of one entry, in thousandths: all of its pods, and those more that replacing it makes."""

    subject: Subject
    steady: int
    surge: int


def check_quotas(site: Site) -> Iterator[Diagnostic]:
    """A finding for each entry of a namespace's quota that its own workloads exceed."""
    for quota in site.of_kind("", "ResourceQuota"):
        spec = quota.object.get("spec", {})
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        for entry, allowed in spec.get("hard", {}).items():
            loads = list(_loads(site, quota.namespace, entry))
            needed = sum(load.steady for load in loads) + max((load.surge for load in loads), default=0)
            if needed > milli_quantity(allowed):
                yield _exceeded(site, quota, entry, needed, loads)


def _loads(site: Site, namespace: str, entry: str) -> Iterator[Load]:
    if entry == "requests.storage":
        yield from _volumes(site, namespace)
        return
    for pod in site.pods_with(namespace, {}):
        if entry == "pods":
            one = 1000
        elif entry in COUNTED:
            one = _of_pod(pod, *COUNTED[entry][:2], _defaults(site, namespace))
        else:
            return
        replicas, surge = _replicas(site, pod.subject)
        yield Load(pod.subject, one * replicas, one * surge)


def _volumes(site: Site, namespace: str) -> Iterator[Load]:
    for claim in site.of_kind("", "PersistentVolumeClaim"):
        if claim.namespace == namespace:
            yield Load(claim, _storage(claim.object), 0)
    for each in site.of_kind("apps", "StatefulSet"):
        if each.namespace == namespace:
            claims = sum(map(_storage, each.object["spec"].get("volumeClaimTemplates", ())))
            yield Load(each, claims * each.object["spec"].get("replicas", 1), 0)


def _storage(claim: Mapping[str, Any]) -> int:
    return milli_quantity(claim["spec"].get("resources", {}).get("requests", {}).get("storage", 0))


def _of_pod(pod: Pod, part: str, name: str, defaults: Mapping[str, Mapping[str, Any]]) -> int:
    """What a pod counts for: all that keeps running together, or the largest of what runs before, as Kubernetes counts."""
    runs, starts = 0, 0
    for container in pod.containers:
        resources = container.spec.get("resources", {})
        said = resources.get(part, {}).get(name)
        if said is None and part == "requests":
            said = resources.get("limits", {}).get(name)
        amount = milli_quantity(defaults.get(part, {}).get(name, 0) if said is None else said)
        if container.runs_on:
            runs += amount
        else:
            starts = max(starts, runs + amount if container.starts_first else amount)
    overhead = milli_quantity(pod.spec.get("overhead", {}).get(name, 0))
    return max(runs, starts) + overhead


def _defaults(site: Site, namespace: str) -> Mapping[str, Mapping[str, Any]]:
    """What containers that state nothing get from the namespace's LimitRange."""
    found: dict[str, Mapping[str, Any]] = {}
    for each in site.of_kind("", "LimitRange"):
        for limit in each.object["spec"].get("limits", ()) if each.namespace == namespace else ():
            if limit.get("type") == "Container":
                found = {"limits": limit.get("default", {}), "requests": limit.get("defaultRequest", {})}
    return found


def _replicas(site: Site, subject: Subject) -> tuple[int, int]:
    """How many pods a workload has, and how many more while it is replaced."""
    spec: Mapping[str, Any] = subject.object.get("spec", {})
    if subject.kind == "DaemonSet":
        return sum(each.machines for each in site.context.nodes.machines) if site.context.nodes else 1, 0
    if subject.kind in ("Job", "CronJob"):
        job = spec if subject.kind == "Job" else spec["jobTemplate"]["spec"]
        return int(job.get("parallelism", 1)), 0
    replicas = max([int(spec.get("replicas", 1)), *_scaled(site, subject)])
    strategy = spec.get("strategy", {})
    if subject.kind != "Deployment" or strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return replicas, 0
    surge = (strategy.get("rollingUpdate") or {}).get("maxSurge", "25%")
    share = str(surge).removesuffix("%")
    return replicas, ceil(replicas * int(share) / 100) if str(surge).endswith("%") else int(surge)


def _scaled(site: Site, subject: Subject) -> Iterator[int]:
    """To how many replicas the workload may be scaled."""
    for each in site.of_kind("autoscaling", "HorizontalPodAutoscaler"):
        target = each.object["spec"].get("scaleTargetRef", {})
        if (each.namespace, target.get("kind"), target.get("name")) == (
            subject.namespace,
            subject.kind,
            subject.name,
        ):
            yield int(each.object["spec"].get("maxReplicas", 1))


def _exceeded(site: Site, quota: Subject, entry: str, needed: int, loads: list[Load]) -> Diagnostic:
    what = COUNTED[entry][2] if entry in COUNTED else {"pods": "pods"}.get(entry, "of storage")
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
