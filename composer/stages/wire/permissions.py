"""What delivery may do at the cluster's API: rows for each folder of the branch, and the same as rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from composer.model.conventions import (
    ACCOUNT_NAMESPACES,
    DELIVERY_NAMESPACES,
    IMPERSONATION,
    IMPERSONATION_SINCE,
    WORKLOADS,
    delivery_account,
    tenant_namespace,
)
from composer.model.grants import Permission, Said
from composer.model.stack import Component, Stack
from composer.model.versions import satisfies

MANAGE = ("create", "delete", "get", "list", "patch", "update", "watch")
READ = ("get", "list", "watch")
EVERY = "*"

READINESS = (("", "Pod", "pods"), ("apps", "ReplicaSet", "replicasets"))
"""(API group, kind, resource) of what tells whether a workload is ready."""

CLUSTER_KINDS = (
    ("", "Namespace", "namespaces"),
    ("cert-manager.io", "ClusterIssuer", "clusterissuers"),
    ("scheduling.k8s.io", "PriorityClass", "priorityclasses"),
)
"""(API group, kind, resource) of what the platform's folder holds that belongs to the whole cluster."""

CONTROLLERS = {"flux": "flux-system/kustomize-controller", "argocd": "argocd/argocd-application-controller"}
"""Engine -> the account it comes with, which applies what no other account is named for."""

CENTRAL_CONTROLLER = "kube-system/argocd-manager"
"""The account that `argocd cluster add` makes at a cluster for an Argo CD at another one."""

WIDENED = (
    "the platform's folder holds whatever its blueprints make, walls of every tenant among it: every kind, everywhere"
)
PROJECT_ONLY = (
    "the site declares no sync impersonation: Argo CD applies the folder under its own account, which may do everything, "
    "and only its AppProject keeps it to this"
)


def permissions(stack: Stack) -> tuple[Permission, ...]:
    """The rows of the site: the platform's, where something delivers it, then each tenant's."""
    engine = (stack.fleet.document.data["spec"].get("delivery") or {}).get("engine", "flux")
    delivery = next((c for c in stack.components if c.role == "delivery"), None)
    platform = _platform(stack, delivery, engine) if delivery else ()
    apart = impersonates(stack, engine)
    namespace, other = (ACCOUNT_NAMESPACES[engine], "") if apart else ("", platform_account(stack, engine))
    return (*platform, *(row for tenant in stack.tenants for row in _tenant(tenant, namespace, other)))


def impersonates(stack: Stack, engine: str) -> bool:
    """Whether tenants' folders are applied under accounts of their own."""
    declared = (stack.spec["cluster"].get("capabilities") or {}).get(IMPERSONATION, "0")
    return engine != "argocd" or satisfies(declared, IMPERSONATION_SINCE)


def platform_account(stack: Stack, engine: str) -> str:
    """The account, as namespace/name, that applies the platform's folder."""
    delivery = next((c for c in stack.components if c.role == "delivery"), None)
    params = delivery.params if delivery else {}
    named = params.get("platformServiceAccount") or ""
    if named and impersonates(stack, engine):
        return named.replace(":", "/") if ":" in named else f"{DELIVERY_NAMESPACES[engine]}/{named}"
    return CENTRAL_CONTROLLER if params.get("central") else CONTROLLERS[engine]


def _platform(stack: Stack, delivery: Component, engine: str) -> Iterator[Permission]:
    route = ("params", "platformServiceAccount") if delivery.params.get("platformServiceAccount") else ()
    said = Said("", route, delivery)
    who = platform_account(stack, engine)
    because = f"{delivery.label} applies the platform's folder of the branch"
    for group, kind, resource in CLUSTER_KINDS:
        yield Permission("", who, "", group, kind, resource, MANAGE, because, said=said)
    yield Permission("", who, EVERY, EVERY, EVERY, EVERY, MANAGE, because, WIDENED, said)


@lru_cache(maxsize=1024)
def _tenant(tenant: str, namespace: str, other: str) -> tuple[Permission, ...]:
    """The tenant's rows: of an account of its own in *namespace*, or else of the *other* account that stands in for it."""
    who = other or f"{namespace}/{delivery_account(tenant)}"
    widened, said = PROJECT_ONLY if other else "", Said("", ("tenants", tenant))
    works = f"tenants.{tenant} has a folder of the branch, which holds workloads"
    ready = f"tenants.{tenant} has workloads, whose readiness is read from these"
    return tuple(
        Permission(tenant, who, tenant_namespace(tenant), group, kind, resource, verbs, because, widened, said)
        for kinds, verbs, because in ((WORKLOADS, MANAGE, works), (READINESS, READ, ready))
        for group, kind, resource in kinds
    )


def role_rules(rows: Iterable[Permission]) -> list[dict[str, Any]]:
    """The rows as rules of a Role: one for each API group and what may be done in it."""
    found: dict[tuple[Sequence[str], str], list[str]] = {}
    for row in rows:
        found.setdefault((row.verbs, row.group), []).append(row.resource)
    return [
        {"apiGroups": [group], "resources": sorted(resources), "verbs": list(verbs)}
        for (verbs, group), resources in found.items()
    ]


def managed_kinds(rows: Iterable[Permission]) -> list[dict[str, str]]:
    """The kinds of objects that may be made, as an Argo CD AppProject lists them."""
    return [{"group": row.group, "kind": row.kind} for row in rows if "create" in row.verbs]
