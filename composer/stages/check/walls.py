"""What a tenant's blueprints may make: workloads in the tenant's namespace, and nothing that reaches out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from composer.diagnostic import Diagnostic
from composer.model.conventions import WORKLOADS, tenant_issuer, tenant_namespace
from composer.stages.check.finding import finding, remark
from composer.stages.check.mentions import issuer_of
from composer.stages.check.objects import Pod, Subject
from composer.stages.check.site import Site

CERTIFICATES = ("cert-manager.io", "Certificate")

TENANT_KINDS = frozenset(
    {
        *((group, kind) for group, kind, _ in WORKLOADS),
        ("", "ServiceAccount"),
        ("networking.k8s.io", "NetworkPolicy"),
        CERTIFICATES,
    }
)
"""The kinds that a tenant's components may make. Everything else could open a wall, or build another."""

ENFORCE = "pod-security.kubernetes.io/enforce"


def check_walls(site: Site) -> Iterator[Diagnostic]:
    """Tenants stay in their namespace and use what is theirs."""
    for subject in site.subjects:
        tenant = subject.tenant
        if tenant and not _is_at_home(subject, tenant):
            yield _misplaced(site, subject)
    for kind, rule in _KINDS.items():
        for subject in site.of_kind(*kind):
            if subject.tenant:
                yield from rule(subject)
    for pod in site.pods:
        if pod.subject.tenant:
            yield from _priority(pod)
    for subject in site.of_kind("", "Namespace"):
        yield from _pod_security(subject)


def _is_at_home(subject: Subject, tenant: str) -> bool:
    """Whether a tenant's object is where it belongs, and of an allowed kind. Deny is the rule."""
    return subject.namespace == tenant_namespace(tenant) and (subject.group, subject.kind) in TENANT_KINDS


def _misplaced(site: Site, subject: Subject) -> Diagnostic:
    home = tenant_namespace(subject.tenant)
    owner = f"tenant {subject.tenant}"
    if not subject.namespace and _is_cluster_wide(site, subject):
        return finding("K015", subject, (), f"belongs to the whole cluster, but is made for {owner}")
    if subject.namespace != home:
        where = repr(subject.namespace) if subject.namespace else "missing"
        message = f"is {where}; objects of {owner} belong in {home}"
        return finding("K014", subject, ("metadata", "namespace"), message)
    allowed = ", ".join(sorted(kind for _, kind in TENANT_KINDS))
    message = f"is {subject.kind}, which components of {owner} may not make"
    return finding("K016", subject, ("kind",), message, hint=f"allowed: {allowed}")


def _is_cluster_wide(site: Site, subject: Subject) -> bool:
    kind = site.schemas.kind(subject.api_version, subject.kind)
    return kind is not None and kind.scope == "Cluster"


def _issuer(subject: Subject) -> Iterator[Diagnostic]:
    """Who signs with another tenant's CA can become any of its devices."""
    _, kind, name = issuer_of(subject)
    own = tenant_issuer(subject.tenant)
    if (kind, name) != ("ClusterIssuer", own):
        message = f"is {kind}/{name}; expected ClusterIssuer/{own}, the tenant's own"
        yield finding("K017", subject, ("spec", "issuerRef"), message)


def _service(subject: Subject) -> Iterator[Diagnostic]:
    """An external address or name can draw other people's traffic."""
    spec = subject.object["spec"]
    if spec.get("externalIPs"):
        yield finding("K017", subject, ("spec", "externalIPs"), "would take traffic that is meant for others")
    if spec.get("type") == "ExternalName":
        yield finding(
            "K017",
            subject,
            ("spec", "type"),
            "is ExternalName, which leads past the tenant's network policies",
        )


_KINDS: Mapping[tuple[str, str], Callable[[Subject], Iterator[Diagnostic]]] = {
    CERTIFICATES: _issuer,
    ("", "Service"): _service,
}
"""What else is asked of a tenant's objects of a kind."""


def _priority(pod: Pod) -> Iterator[Diagnostic]:
    name = pod.spec.get("priorityClassName", "")
    if name.startswith("system-"):
        route = (*pod.spec_route, "priorityClassName")
        yield finding("K017", pod.subject, route, f"is {name}, which pushes out the cluster's own pods")


def _pod_security(subject: Subject) -> Iterator[Diagnostic]:
    level = subject.object["metadata"].get("labels", {}).get(ENFORCE, "")
    component = subject.rendered.component
    route = ("metadata", "labels", ENFORCE)
    if component.tenant and level != "restricted":
        message = f"is {level or 'missing'}; expected restricted in a tenant's namespace"
        yield finding("K018", subject, route, message)
    elif not level:
        yield remark("K018", subject, route, "is missing: the namespace takes pods with any rights")
