"""Which other objects an object mentions by name, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from composer.source.document import Route
from composer.stages.check.objects import Pod, Subject

ANY_NAMESPACE = "*"
"""Where a mention does not say the namespace: cert-manager keeps the CAs of cluster issuers in its own."""

CERT_MANAGER, RBAC = "cert-manager.io", "rbac.authorization.k8s.io"
FLUX_SOURCE, FLUX_KUSTOMIZE = "source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"
ARGO = "argoproj.io"


class Mention(NamedTuple):
    """A name at *route*, of an object of *group* and *kind* in *namespace* ("" for the whole cluster).

    *keys* are those that the object must hold, each with the route that says so.
    """

    route: Route
    group: str
    kind: str
    namespace: str
    name: str
    keys: tuple[tuple[Route, str], ...] = ()


def mentions_of_pod(pod: Pod) -> Iterator[Mention]:
    """What a pod template needs to start. What is marked optional is left out."""
    namespace, at, spec = pod.subject.namespace, pod.spec_route, pod.spec
    if "serviceAccountName" in spec:
        yield Mention((*at, "serviceAccountName"), "", "ServiceAccount", namespace, spec["serviceAccountName"])
    if "priorityClassName" in spec:
        yield Mention((*at, "priorityClassName"), "scheduling.k8s.io", "PriorityClass", "", spec["priorityClassName"])
    for index, secret in enumerate(spec.get("imagePullSecrets", ())):
        yield Mention((*at, "imagePullSecrets", index, "name"), "", "Secret", namespace, secret.get("name", ""))
    for index, volume in enumerate(spec.get("volumes", ())):
        yield from _volume(volume, (*at, "volumes", index), namespace)
    for container in pod.containers:
        for index, source in enumerate(container.spec.get("envFrom", ())):
            yield from _parts(_FROM, source, (*container.route, "envFrom", index), namespace)
        for index, variable in enumerate(container.spec.get("env", ())):
            if "valueFrom" in variable:
                route = (*container.route, "env", index, "valueFrom")
                yield from _parts(_FROM, variable["valueFrom"], route, namespace)


_FROM = {
    "configMapRef": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "secretKeyRef": ("Secret", "name"),
}
_VOLUMES = {
    "configMap": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
}
_PROJECTED = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "name")}


def _volume(volume: Mapping[str, Any], route: Route, namespace: str) -> Iterator[Mention]:
    yield from _parts(_VOLUMES, volume, route, namespace)
    for index, source in enumerate(volume.get("projected", {}).get("sources", ())):
        yield from _parts(_PROJECTED, source, (*route, "projected", "sources", index), namespace)


def _parts(
    table: Mapping[str, tuple[str, str]], node: Mapping[str, Any], route: Route, namespace: str
) -> Iterator[Mention]:
    for part, (kind, field) in table.items():
        if part in node and not node[part].get("optional", False):
            said = node[part]
            yield Mention(
                (*route, part, field),
                "",
                kind,
                namespace,
                said.get(field, ""),
                tuple(_keys(said, (*route, part))),
            )


def _keys(said: Mapping[str, Any], route: Route) -> Iterator[tuple[Route, str]]:
    if "key" in said:
        yield (*route, "key"), said["key"]
    for index, item in enumerate(said.get("items", ())):
        yield (*route, "items", index, "key"), item["key"]


def _stateful_set(subject: Subject) -> Iterator[Mention]:
    name = subject.object["spec"].get("serviceName", "")
    if name:
        yield Mention(("spec", "serviceName"), "", "Service", subject.namespace, name)


def _service_account(subject: Subject) -> Iterator[Mention]:
    for field in ("imagePullSecrets", "secrets"):
        for index, secret in enumerate(subject.object.get(field, ())):
            yield Mention((field, index, "name"), "", "Secret", subject.namespace, secret.get("name", ""))


def _ingress(subject: Subject) -> Iterator[Mention]:
    for index, tls in enumerate(subject.object["spec"].get("tls", ())):
        if "secretName" in tls:
            yield Mention(("spec", "tls", index, "secretName"), "", "Secret", subject.namespace, tls["secretName"])
    for route, backend in backends(subject):
        yield Mention((*route, "name"), "", "Service", subject.namespace, backend["name"])


def backends(ingress: Subject) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """The Services that an Ingress leads to."""
    spec = ingress.object["spec"]
    if "service" in spec.get("defaultBackend", {}):
        yield ("spec", "defaultBackend", "service"), spec["defaultBackend"]["service"]
    for rule_index, rule in enumerate(spec.get("rules", ())):
        for index, path in enumerate(rule.get("http", {}).get("paths", ())):
            if "service" in path["backend"]:
                route = ("spec", "rules", rule_index, "http", "paths", index, "backend", "service")
                yield route, path["backend"]["service"]


def _scaler(subject: Subject) -> Iterator[Mention]:
    target = subject.object["spec"]["scaleTargetRef"]
    group = target.get("apiVersion", "").rpartition("/")[0]
    yield Mention(("spec", "scaleTargetRef", "name"), group, target["kind"], subject.namespace, target["name"])


def _binding(subject: Subject) -> Iterator[Mention]:
    role = subject.object["roleRef"]
    namespace = subject.namespace if role["kind"] == "Role" else ""
    yield Mention(("roleRef", "name"), RBAC, role["kind"], namespace, role["name"])
    for index, who in enumerate(subject.object.get("subjects", ())):
        if who["kind"] == "ServiceAccount":
            where = who.get("namespace", subject.namespace)
            yield Mention(("subjects", index, "name"), "", "ServiceAccount", where, who["name"])


def mapping_at(node: Any, *keys: str) -> dict[str, Any]:
    """The mapping at *keys*, or an empty one: a fleet may bring a looser schema of a custom resource."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def text_at(node: Any, *keys: str) -> str:
    """The string at *keys*, or ""."""
    text = mapping_at(node, *keys[:-1]).get(keys[-1])
    return text if isinstance(text, str) else ""


def _certificate(subject: Subject) -> Iterator[Mention]:
    group, kind, name = issuer_of(subject)
    if name and group == CERT_MANAGER:
        namespace = subject.namespace if kind == "Issuer" else ""
        yield Mention(("spec", "issuerRef", "name"), group, kind, namespace, name)


def issuer_of(certificate: Subject) -> tuple[str, str, str]:
    """The group, kind and name of what signs a Certificate."""
    issuer = mapping_at(certificate.object, "spec", "issuerRef")
    group, kind, name = (text_at(issuer, key) for key in ("group", "kind", "name"))
    return group or CERT_MANAGER, kind or "Issuer", name


def _secret_at(subject: Subject, namespace: str, *route: str) -> Iterator[Mention]:
    name = text_at(subject.object, *route)
    if name:
        yield Mention(route, "", "Secret", namespace, name)


def _issuer(subject: Subject) -> Iterator[Mention]:
    yield from _secret_at(subject, subject.namespace or ANY_NAMESPACE, "spec", "ca", "secretName")


def _flux_source(subject: Subject) -> Iterator[Mention]:
    for field in ("secretRef", "certSecretRef", "proxySecretRef"):
        yield from _secret_at(subject, subject.namespace, "spec", field, "name")


def _kustomization(subject: Subject) -> Iterator[Mention]:
    spec, namespace = mapping_at(subject.object, "spec"), subject.namespace
    source = mapping_at(spec, "sourceRef")
    kind, name, where = (text_at(source, key) for key in ("kind", "name", "namespace"))
    yield Mention(("spec", "sourceRef", "name"), FLUX_SOURCE, kind, where or namespace, name)
    account = text_at(spec, "serviceAccountName")
    if account:
        yield Mention(("spec", "serviceAccountName"), "", "ServiceAccount", namespace, account)
    for index, other in enumerate(spec.get("dependsOn", ())):
        route = ("spec", "dependsOn", index, "name")
        where = text_at(other, "namespace") or namespace
        yield Mention(route, FLUX_KUSTOMIZE, "Kustomization", where, text_at(other, "name"))
    yield from _secret_at(subject, namespace, "spec", "decryption", "secretRef", "name")


def _application(subject: Subject) -> Iterator[Mention]:
    name = text_at(subject.object, "spec", "project")
    yield Mention(("spec", "project"), ARGO, "AppProject", subject.namespace, name)


MENTIONS: Mapping[tuple[str, str], Callable[[Subject], Iterator[Mention]]] = {
    ("", "ServiceAccount"): _service_account,
    ("apps", "StatefulSet"): _stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): _scaler,
    ("networking.k8s.io", "Ingress"): _ingress,
    (ARGO, "Application"): _application,
    (CERT_MANAGER, "Certificate"): _certificate,
    (CERT_MANAGER, "ClusterIssuer"): _issuer,
    (CERT_MANAGER, "Issuer"): _issuer,
    (FLUX_KUSTOMIZE, "Kustomization"): _kustomization,
    (FLUX_SOURCE, "GitRepository"): _flux_source,
    (FLUX_SOURCE, "OCIRepository"): _flux_source,
    (RBAC, "ClusterRoleBinding"): _binding,
    (RBAC, "RoleBinding"): _binding,
}
"""(Group, kind) -> what it mentions besides what its pods do."""
