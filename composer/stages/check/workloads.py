"""How many pods each workload runs, and how many more for a while: while it is updated, works off a job or scales up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from composer.stages.check.demand import Defaults, Requests, amount_of, limits_of, requests_of
from composer.stages.check.objects import Pod, of_shared
from composer.stages.check.placement import restricts
from composer.stages.check.site import Site

ROLLING, RUNNING, SCALING = "a rolling update", "a run", "scaling up"

SURGE = "25%"
"""Of a Deployment that does not say: Kubernetes' default, rounded up."""


class Workload(NamedTuple):
    """The pods of one object: *steady* ones, and *more* of them for a while (*why*).

    *needs* is what one pod asks for, with the volumes that come with each pod, *limits* the most it may take; *claims* names
    the volume claims it mounts; with *everywhere* there is one pod on each machine; one that is *choosy* may be unable to run
    on some machine, or beside another.
    """

    pod: Pod
    steady: int
    more: int
    why: str
    needs: Requests
    limits: Requests
    claims: tuple[str, ...] = ()
    everywhere: bool = False
    choosy: bool = False

    @property
    def name(self) -> str:
        """What tells it from all others of the site."""
        subject = self.pod.subject
        return f"{subject.namespace}/{subject.kind}/{subject.name}"

    @property
    def label(self) -> str:
        """How messages name it: Deployment/mean of tenant acme."""
        tenant = self.pod.subject.rendered.component.tenant
        return f"{self.pod.subject.label} of tenant {tenant}" if tenant else self.pod.subject.label


@lru_cache(maxsize=1)
def workloads_of(site: Site) -> tuple[Workload, ...]:
    """Everything among a site's objects that runs pods. Several rules ask for it, one after the other."""
    return tuple(_workloads(site))


def _workloads(site: Site) -> Iterator[Workload]:
    defaults = {item.namespace: _defaults(item.object.get("spec", {})) for item in site.of_kind("", "LimitRange")}
    scaled = {
        _target(scaler.object["spec"], scaler.namespace): scaler.object["spec"]
        for scaler in site.of_kind("autoscaling", "HorizontalPodAutoscaler")
        if "spec" in scaler.object
    }
    for pod in site.pods:
        subject = pod.subject
        workload = _workload(pod, defaults.get(subject.namespace, NO_DEFAULTS))
        if workload is not None:
            scaler = scaled.get((subject.namespace, subject.kind, subject.name))
            yield _scaled(workload, scaler) if scaler else workload


def _target(spec: Mapping[str, Any], namespace: str) -> tuple[str, str, str]:
    target = spec["scaleTargetRef"]
    return namespace, target["kind"], target["name"]


def _scaled(workload: Workload, scaler: Mapping[str, Any]) -> Workload:
    """The workload as an autoscaler runs it; its largest size counts, which needs more than an update."""
    fewest, most = scaler.get("minReplicas", 1), scaler["maxReplicas"]
    return workload._replace(steady=fewest, more=max(0, most - fewest), why=SCALING)


NO_DEFAULTS = Defaults()


def _defaults(spec: Mapping[str, Any]) -> Defaults:
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    for limit in spec.get("limits", ()):
        if limit.get("type") == "Container":
            limits |= {resource: amount_of(amount) for resource, amount in limit.get("default", {}).items()}
            asked = {resource: amount_of(amount) for resource, amount in limit.get("defaultRequest", {}).items()}
            requests |= {**limits, **asked}
    return Defaults(tuple(sorted(requests.items())), tuple(sorted(limits.items())))


@of_shared
def _workload(pod: Pod, defaults: Defaults) -> Workload | None:
    """What runs because of an object; None where nothing does."""
    subject = pod.subject
    count = _COUNTS.get(subject.kind)
    if count is None:
        return None
    steady, more = count(subject.object.get("spec", {}))
    why = RUNNING if subject.kind in ("Job", "CronJob") else ROLLING
    needs = requests_of(pod, defaults)
    disk = sum(_volume_sizes(pod, subject.object.get("spec", {})))
    if disk:
        needs["storage"] = needs.get("storage", 0) + disk
    limits, claims = limits_of(pod, defaults), tuple(_claims(pod))
    choosy = restricts(pod) or "affinity" in pod.spec or "topologySpreadConstraints" in pod.spec
    return Workload(pod, steady, more, why, needs, limits, claims, subject.kind == "DaemonSet", choosy)


def _volume_sizes(pod: Pod, spec: Mapping[str, Any]) -> Iterator[int]:
    """Volumes that are made for each pod: claim templates and ephemeral volumes."""
    templates = [*spec.get("volumeClaimTemplates", ())] if pod.subject.kind == "StatefulSet" else []
    templates += [
        volume["ephemeral"].get("volumeClaimTemplate", {})
        for volume in pod.spec.get("volumes", ())
        if "ephemeral" in volume
    ]
    for template in templates:
        if is_local(template.get("spec", {})):
            yield size_of(template.get("spec", {}))


def _claims(pod: Pod) -> Iterator[str]:
    for volume in pod.spec.get("volumes", ()):
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]


def is_local(claim: Mapping[str, Any]) -> bool:
    """Whether the volume is on one machine's disk. One that several machines may mount comes over the network."""
    return set(claim.get("accessModes", ())) <= {"ReadWriteOnce", "ReadWriteOncePod"}


def size_of(claim: Mapping[str, Any]) -> int:
    """What the claim asks for, in thousandths of bytes."""
    return amount_of(claim.get("resources", {}).get("requests", {}).get("storage", 0))


def _deployment(spec: Mapping[str, Any]) -> tuple[int, int]:
    replicas = spec.get("replicas", 1)
    strategy = spec.get("strategy", {})
    if strategy.get("type") == "Recreate":
        return replicas, 0
    return replicas, _part(strategy.get("rollingUpdate", {}).get("maxSurge", SURGE), replicas)


def _daemons(spec: Mapping[str, Any]) -> tuple[int, int]:
    surge = spec.get("updateStrategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
    return 1, min(1, _part(surge, 1))


def _part(said: int | str, whole: int) -> int:
    """A number of pods, or a percentage of *whole*, rounded up."""
    if isinstance(said, int):
        return said
    percentage = said.removesuffix("%")
    return math.ceil(whole * int(percentage) / 100) if percentage.isdecimal() else 0


def _replicas(spec: Mapping[str, Any]) -> tuple[int, int]:
    return spec.get("replicas", 1), 0


def _job(spec: Mapping[str, Any]) -> tuple[int, int]:
    parallel = spec.get("parallelism", 1)
    return 0, 0 if spec.get("suspend") else min(parallel, spec.get("completions", parallel))


def _cron_job(spec: Mapping[str, Any]) -> tuple[int, int]:
    return (0, 0) if spec.get("suspend") else _job(spec["jobTemplate"].get("spec", {}))


_COUNTS: Mapping[str, Callable[[Mapping[str, Any]], tuple[int, int]]] = {
    "CronJob": _cron_job,
    "DaemonSet": _daemons,
    "Deployment": _deployment,
    "Job": _job,
    "Pod": lambda _: (1, 0),
    "ReplicaSet": _replicas,
    "ReplicationController": _replicas,
    "StatefulSet": _replicas,
}
"""Kind -> how many pods run, and how many more do for a while, by the object's spec."""
