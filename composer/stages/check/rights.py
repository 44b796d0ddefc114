"""What tenants may do at the cluster's API follows from documents, whatever a platform's blueprint would give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic
from composer.model.conventions import tenant_of_namespace
from composer.stages.check.finding import finding
from composer.stages.check.objects import Subject
from composer.stages.check.site import Site

RBAC = "rbac.authorization.k8s.io"
EVERYBODY = frozenset({"system:serviceaccounts", "system:authenticated", "system:unauthenticated"})
"""Groups that the accounts of tenants belong to."""

_ACCOUNT, _ACCOUNTS = "system:serviceaccount:", "system:serviceaccounts:"


def check_rights(site: Site) -> Iterator[Diagnostic]:
    """A binding of the platform's gives an account of a tenant no more than what was worked out for it."""
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in site.of_kind(RBAC, kind):
            for index, who in enumerate(binding.object.get("subjects", ()) if not binding.tenant else ()):
                account = _account(who, binding.namespace)
                tenants = account in site.context.rights or tenant_of_namespace(account.partition("/")[0])
                if tenants and not _follows(site, binding, account):
                    message = f"gives {_shown(who)} rights that do not follow from any document"
                    hint = "what delivers a tenant's folder has its rights already; workloads of tenants have none"
                    yield finding("K017", binding, ("subjects", index), message, hint=hint)


def _account(who: Mapping[str, Any], namespace: str) -> str:
    """The account that a binding's subject is, as namespace/name; a group of tenants' accounts is its namespace and "/*"."""
    name = who["name"]
    if who["kind"] == "ServiceAccount":
        return f"{who.get('namespace') or namespace}/{name}"
    if name.startswith(_ACCOUNT):
        return str(name.removeprefix(_ACCOUNT)).replace(":", "/")
    if name.startswith(_ACCOUNTS):
        return f"{name.removeprefix(_ACCOUNTS)}/*"
    return "tenant-*/*" if name in EVERYBODY else ""


def _follows(site: Site, binding: Subject, account: str) -> bool:
    """Whether the binding gives what was worked out for the account, where it was, or less."""
    namespace, rules = site.context.rights.get(account, ("", ()))
    role = binding.object["roleRef"]
    if binding.namespace != namespace or role["kind"] != "Role":
        return False
    bound = [r for r in site.of_kind(RBAC, "Role") if (r.namespace, r.name) == (namespace, role["name"])]
    return all(rule in rules for found in bound for rule in found.object.get("rules", ()))


def _shown(who: Mapping[str, Any]) -> str:
    return f"{who['kind']} {'/'.join(filter(None, (who.get('namespace'), who['name'])))}"
