"""What blueprints may make: for tenants, workloads in their namespace; for everybody, no network rule of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from composer.diagnostic import Diagnostic
from composer.model.conventions import WORKLOADS, tenant_issuer, tenant_namespace
from composer.stages.check.finding import finding, remark
from composer.stages.check.mentions import issuer_of
from composer.stages.check.objects import Pod, Subject
from composer.stages.check.site import Site

CERTIFICATES = ("cert-manager.io", "Certificate")
NETWORK_POLICIES = ("networking.k8s.io", "NetworkPolicy")

TENANT_KINDS = frozenset(
    {
        *((group, kind) for group, kind, _ in WORKLOADS),
        ("", "ServiceAccount"),
        NETWORK_POLICIES,
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
            if subject.tenant or kind == NETWORK_POLICIES:
                yield from rule(site, subject)
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
    if not subject.namespace and site.schemas.scope(subject.api_version, subject.kind) == "Cluster":
        return finding("K015", subject, (), f"belongs to the whole cluster, but is made for {owner}")
    if subject.namespace != home:
        where = repr(subject.namespace) if subject.namespace else "missing"
        message = f"is {where}; objects of {owner} belong in {home}"
        return finding("K014", subject, ("metadata", "namespace"), message)
    allowed = ", ".join(sorted(kind for _, kind in TENANT_KINDS))
    message = f"is {subject.kind}, which components of {owner} may not make"
    return finding("K016", subject, ("kind",), message, hint=f"allowed: {allowed}")


def _issuer(_: Site, subject: Subject) -> Iterator[Diagnostic]:
    """Who signs with another tenant's CA can become any of its devices."""
    kind, name = issuer_of(subject)[1:]
    own = tenant_issuer(subject.tenant)
    if (kind, name) != ("ClusterIssuer", own):
        message = f"is {kind}/{name}; expected ClusterIssuer/{own}, the tenant's own"
        yield finding("K017", subject, ("spec", "issuerRef"), message)


def _service(_: Site, subject: Subject) -> Iterator[Diagnostic]:
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


def _network(site: Site, subject: Subject) -> Iterator[Diagnostic]:
    """A policy adds to the others, so each may say only what was worked out, and about pods it was worked out for."""
    component, spec = subject.rendered.component, subject.object["spec"]
    known = site.context.network.get(component)
    if known is None:
        return
    for direction in ("ingress", "egress"):
        for index, rule in enumerate(spec.get(direction, ())):
            if rule not in known.get(direction, ()):
                hint = "take the rules from `network`; a parameter `egress` declares peers outside of the cluster"
                message = "allows what does not follow from any document"
                yield finding("K019", subject, ("spec", direction, index), message, hint=hint)
    allows = [(direction, rule) for direction in ("ingress", "egress") for rule in spec.get(direction, ())]
    for pod in site.selected(subject.namespace, spec.get("podSelector", {})) if allows else ():
        other = pod.subject.rendered.component
        theirs = site.context.network.get(other, {})
        if other is not component and any(rule not in theirs.get(direction, ()) for direction, rule in allows):
            message = f"also chooses the pods of {pod.subject.label}, which belong to another component"
            yield finding("K019", subject, ("spec", "podSelector"), message)


_KINDS: Mapping[tuple[str, str], Callable[[Site, Subject], Iterator[Diagnostic]]] = {
    CERTIFICATES: _issuer,
    NETWORK_POLICIES: _network,
    ("", "Service"): _service,
}
"""What else is asked of objects of a kind: of a tenant's, and of the platform's where they are NetworkPolicies."""


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
