"""Inside a pod template: volumes and their mounts belong together, and no list says the same name twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean
from composer.source.document import Route
from composer.stages.check.finding import finding, remark
from composer.stages.check.objects import Pod
from composer.stages.check.site import Site


def check_volumes(site: Site) -> Iterator[Diagnostic]:
    """Every mount has its volume, and every volume is mounted somewhere."""
    for pod in site.pods:
        own = [volume["name"] for volume in pod.spec.get("volumes", ())]
        known = {*own, *_claim_templates(pod)}
        mounted = set()
        for route, name in _mounts(pod):
            mounted.add(name)
            if name not in known:
                hint = did_you_mean(name, known)
                yield finding(
                    "K032", pod.subject, route, f"is {name!r}, but the pod has no such volume", hint=hint
                )
        for index, name in enumerate(own):
            if name not in mounted:
                yield remark(
                    "K033",
                    pod.subject,
                    (*pod.spec_route, "volumes", index),
                    f"is {name!r}, which nothing mounts",
                )


def _claim_templates(pod: Pod) -> Iterator[str]:
    """A StatefulSet makes a volume of each of its claim templates."""
    if pod.subject.kind == "StatefulSet":
        for claim in pod.subject.object["spec"].get("volumeClaimTemplates", ()):
            yield claim.get("metadata", {}).get("name", "")


def _mounts(pod: Pod) -> Iterator[tuple[Route, str]]:
    for container in pod.containers:
        for field in ("volumeMounts", "volumeDevices"):
            for index, mount in enumerate(container.spec.get(field, ())):
                yield (*container.route, field, index, "name"), mount["name"]


def check_doubles(site: Site) -> Iterator[Diagnostic]:
    """Lists that Kubernetes merges by a key hold each key once."""
    for pod in site.pods:
        containers = [container.spec for container in pod.containers]
        volumes = pod.spec.get("volumes", ())
        yield from _doubles(pod, pod.spec_route, containers, "name", "containers of this name")
        yield from _doubles(pod, (*pod.spec_route, "volumes"), volumes, "name", "volumes of this name")
        for container in pod.containers:
            for field, key, what in _LISTS:
                if field in container.spec:
                    yield from _doubles(pod, (*container.route, field), container.spec[field], key, what)
    for service in site.of_kind("", "Service"):
        listed = service.object["spec"].get("ports", ())
        ports = [(port["port"], port.get("protocol", "TCP")) for port in listed]
        if len(set(ports)) < len(ports):
            yield finding("K043", service, ("spec", "ports"), "holds a port twice")


_LISTS = (
    ("env", "name", "variables of this name; the last one wins"),
    ("volumeMounts", "mountPath", "mounts at this path"),
)


def _doubles(
    pod: Pod, route: Route, items: Sequence[Mapping[str, Any]], key: str, what: str
) -> Iterator[Diagnostic]:
    values = [item[key] for item in items] if len(items) > 1 else []
    if len(set(values)) == len(values):
        return
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield finding("K043", pod.subject, route, f"holds {value!r} {values.count(value)} times: {what}")
