"""Inside a pod template: volumes and their mounts belong together, and no list says the same name twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean
from composer.source.document import Route
from composer.stages.check.finding import finding, remark
from composer.stages.check.objects import Pod, Subject
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
                yield finding("K032", pod.subject, route, f"is {name!r}, but the pod has no such volume", hint=hint)
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
        yield from _double_containers(pod)
        yield from _doubles(pod.subject, pod.spec_route, pod.spec, "volumes", ("name",))
        for container in pod.containers:
            for field, keys in _LISTS:
                yield from _doubles(pod.subject, container.route, container.spec, field, keys)
    for service in site.of_kind("", "Service"):
        yield from _doubles(service, ("spec",), service.object["spec"], "ports", ("port", "protocol"))


_LISTS = (("env", ("name",)), ("ports", ("containerPort", "protocol")), ("volumeMounts", ("mountPath",)))


def _double_containers(pod: Pod) -> Iterator[Diagnostic]:
    names = [container.spec["name"] for container in pod.containers]
    if len(set(names)) < len(names):
        for container, name in zip(pod.containers, names, strict=True):
            if names.index(name) < pod.containers.index(container):
                yield _double(pod.subject, container.route, f"name {name!r}")


def _doubles(
    subject: Subject, route: Route, parent: Mapping[str, Any], field: str, keys: tuple[str, ...]
) -> Iterator[Diagnostic]:
    """Items of a list that say the same *keys* as an earlier one."""
    items: Sequence[Mapping[str, Any]] = parent.get(field, ())
    if len(items) < 2:
        return
    # Only the protocol of a port may be left out.
    found = [tuple([item.get(key, "TCP") for key in keys]) for item in items]
    if len(set(found)) == len(found):
        return
    for index, values in enumerate(found):
        if values in found[:index]:
            said = " and ".join(f"{key} {value!r}" for key, value in zip(keys, values, strict=True))
            yield _double(subject, (*route, field, index), said)


def _double(subject: Subject, route: Route, said: str) -> Diagnostic:
    return finding("K043", subject, route, f"has the same {said} as an earlier one")
