"""Selectors choose what they are meant to choose, and ports lead to something that listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean
from composer.source.document import Route
from composer.stages.check.finding import elsewhere, finding, remark
from composer.stages.check.mentions import backends
from composer.stages.check.objects import Container, Pod, Subject
from composer.stages.check.site import Site, selects

_OWNERS = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
"""Kinds that find their pods by a selector."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace carries, with its own name."""


def check_workloads(site: Site) -> Iterator[Diagnostic]:
    """A workload's selector chooses its own pods and nobody else's."""
    for pod in site.pods:
        if pod.subject.kind not in _OWNERS:
            continue
        selector = pod.subject.object["spec"].get("selector", {})
        if not selects(selector, pod.labels):
            message = "does not choose the workload's own pods: spec.template.metadata.labels differ"
            yield finding("K034", pod.subject, ("spec", "selector"), message)
        for other in site.selected(pod.subject.namespace, selector):
            if other.subject is not pod.subject:
                message = f"also chooses the pods of {other.subject.label}; the two would fight over them"
                related = [elsewhere(f"the pods of {other.subject.label}", other.subject, other.route)]
                yield finding("K038", pod.subject, ("spec", "selector"), message, related=related)


def check_services(site: Site) -> Iterator[Diagnostic]:
    """A Service leads to pods, its ports to ports they have, and an Ingress to ports of Services."""
    for subject in site.of_kind("", "Service"):
        spec = subject.object["spec"]
        if spec.get("selector") and site.knows_pods(subject.namespace):
            pods = site.pods_with(subject.namespace, spec["selector"])
            if pods:
                yield from _target_ports(subject, pods)
            else:
                yield finding("K035", subject, ("spec", "selector"), "chooses no pods")
    for subject in site.of_kind("networking.k8s.io", "Ingress"):
        yield from _ingress_ports(site, subject)


def _target_ports(service: Subject, pods: Iterable[Pod]) -> Iterator[Diagnostic]:
    for index, port in enumerate(service.object["spec"].get("ports", ())):
        target = port.get("targetPort")
        if isinstance(target, str):
            known = {name for pod in pods for name in _port_names(pod.containers)}
            yield from _named(service, ("spec", "ports", index, "targetPort"), target, known)


def _ingress_ports(site: Site, ingress: Subject) -> Iterator[Diagnostic]:
    for route, backend in backends(ingress):
        service = site.identities.get(("", "Service", ingress.namespace, backend["name"]))
        if service is None or service not in site.of_kind("", "Service"):
            continue
        ports = service.object["spec"].get("ports", ())
        asked = backend.get("port", {})
        if "name" in asked:
            yield from _named(
                ingress, (*route, "port", "name"), asked["name"], {port.get("name", "") for port in ports}
            )
        elif asked.get("number") not in {port["port"] for port in ports}:
            message = f"is {asked.get('number')}, which {service.label} does not offer"
            yield finding("K036", ingress, (*route, "port", "number"), message)


def check_probes(site: Site) -> Iterator[Diagnostic]:
    """Named ports of probes and hooks are ports of their container."""
    for pod in site.pods:
        for container in pod.containers:
            for route, action in actions(container):
                if isinstance(action.get("port"), str):
                    yield from _named(pod.subject, (*route, "port"), action["port"], set(_port_names([container])))


def actions(container: Container) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """What probes and hooks of a container connect to."""
    handlers: list[tuple[Route, Any]] = [((name,), container.spec[name]) for name in PROBES if name in container.spec]
    handlers += [(("lifecycle", name), hook) for name, hook in container.spec.get("lifecycle", {}).items()]
    for route, handler in handlers:
        for kind in ("httpGet", "tcpSocket"):
            if kind in handler:
                yield (*container.route, *route, kind), handler[kind]


PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def check_policies(site: Site) -> Iterator[Diagnostic]:
    """NetworkPolicies and disruption budgets are about pods that exist."""
    for subject in site.of_kind("policy", "PodDisruptionBudget"):
        yield from _chooses(
            site, subject, subject.namespace, ("spec", "selector"), subject.object["spec"].get("selector")
        )
    for subject in site.of_kind("networking.k8s.io", "NetworkPolicy"):
        spec = subject.object["spec"]
        yield from _chooses(site, subject, subject.namespace, ("spec", "podSelector"), spec.get("podSelector"))
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for index, rule in enumerate(spec.get(direction, ())):
                for number, peer in enumerate(rule.get(side, ())):
                    route = ("spec", direction, index, side, number)
                    yield from _peer(site, subject, route, peer)
        yield from _policy_ports(site, subject)


def _peer(site: Site, subject: Subject, route: Route, peer: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The other side of a rule, where it is pods of a namespace that is known whole."""
    namespaces = peer.get("namespaceSelector")
    where = subject.namespace if namespaces is None else namespaces.get("matchLabels", {}).get(NAMESPACE_NAME, "")
    yield from _chooses(site, subject, where, (*route, "podSelector"), peer.get("podSelector"))


def _chooses(
    site: Site, subject: Subject, namespace: str, route: Route, selector: Mapping[str, Any] | None
) -> Iterator[Diagnostic]:
    if selector and site.knows_pods(namespace) and not site.selected(namespace, selector):
        yield remark("K037", subject, route, f"chooses no pods of namespace {namespace}")


def _policy_ports(site: Site, subject: Subject) -> Iterator[Diagnostic]:
    """Named ports of what a NetworkPolicy lets in are ports of the pods it is about."""
    spec = subject.object["spec"]
    if not site.knows_pods(subject.namespace):
        return
    for index, rule in enumerate(spec.get("ingress", ())):
        for number, port in enumerate(rule.get("ports", ())):
            if isinstance(port.get("port"), str):
                pods = site.selected(subject.namespace, spec.get("podSelector", {}))
                known = {name for pod in pods for name in _port_names(pod.containers)}
                yield from _named(subject, ("spec", "ingress", index, "ports", number, "port"), port["port"], known)


def _port_names(containers: Iterable[Container]) -> Iterator[str]:
    for container in containers:
        for port in container.spec.get("ports", ()):
            yield port.get("name", "")


def _named(subject: Subject, route: Route, name: str, known: set[str]) -> Iterator[Diagnostic]:
    if name not in known:
        hint = did_you_mean(name, known)
        yield finding("K036", subject, route, f"is {name!r}, but there is no port of that name", hint=hint)
