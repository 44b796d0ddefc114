"""Who may do what at one site, with the line of the document that implies it: what `composer isolation` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.model.conventions import tenant_namespace
from composer.model.isolation import Held, Isolation, Limit, Permitted, Right, Shared, Way
from composer.model.stack import Rendered, Wiring
from composer.model.traffic import Publication, Subscription
from composer.model.units import show_rate
from composer.pipeline.rows import flow_place, grant_place, permission_place
from composer.stages.wire.places import place_of, said_place

QUOTA = {
    "cpu": "ResourceQuota/quota spec.hard.[requests.cpu]",
    "memory": "ResourceQuota/quota spec.hard.[requests.memory]",
    "storage": "ResourceQuota/quota spec.hard.[requests.storage]",
}
"""Limit of a tenant's quota -> the field in the tenant's namespace that holds it."""


def isolation(wiring: Wiring, objects: Sequence[Rendered] = ()) -> Isolation:
    """The walls of the wired site, in the order of tenants, components and their documents; *objects* are what is rendered of
    it, for what components give to accounts."""
    stack = wiring.stack
    rights: dict[str, list[Right]] = {tenant: [] for tenant in stack.tenants}
    for grant in wiring.grants:
        rights.setdefault(grant.principal.tenant, []).append(Right(grant, grant_place(stack, grant)))
    limits = {tenant: tuple(_limits(wiring, tenant)) for tenant in stack.tenants}
    shared = tuple(
        Shared(share, said_place(stack, share.granted), said_place(stack, share.used)) for share in wiring.shares
    )
    ways = tuple(
        Way(component, flow, flow_place(stack, component, flow))
        for component, flows in wiring.flows.items()
        for flow in flows
    )
    permitted = tuple(Permitted(each, permission_place(stack, each)) for each in wiring.permissions)
    rows = {tenant: tuple(found) for tenant, found in rights.items()}
    return Isolation(stack.site, rows, limits, shared, ways, permitted, tuple(_held(wiring, objects)))


def _held(wiring: Wiring, objects: Sequence[Rendered]) -> Iterator[Held]:
    """What RoleBindings give to others than delivery, whose rows are known."""
    delivery = {row.account for row in wiring.permissions}
    roles = {
        (r.object["kind"], r.object["metadata"].get("namespace", ""), r.object["metadata"]["name"]): r.object
        for r in objects
        if r.object["kind"] in ("Role", "ClusterRole")
    }
    for rendered in objects:
        if rendered.object["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            namespace, ref = rendered.object["metadata"].get("namespace", ""), rendered.object["roleRef"]
            role = roles.get((ref["kind"], namespace if ref["kind"] == "Role" else "", ref["name"]))
            what = (
                tuple(_rule(rule) for rule in role.get("rules") or ()) if role else (f"what {ref['name']} holds there",)
            )
            for who in rendered.object.get("subjects") or ():
                account = f"{who.get('namespace', namespace)}/{who['name']}"
                account = account if who["kind"] == "ServiceAccount" else f"{who['kind']} {who['name']}"
                if account not in delivery:
                    place = place_of(rendered.component, key=True)
                    yield Held(rendered.component, account, namespace, f"{ref['kind']}/{ref['name']}", what, place)


def _rule(rule: Mapping[str, Any]) -> str:
    what = [*(f"{group or 'v1'}/{r}" for group in rule.get("apiGroups") or () for r in rule.get("resources") or ())]
    return f"{' '.join(rule['verbs'])} {' '.join([*what, *(rule.get('nonResourceURLs') or ())])}"


def _limits(wiring: Wiring, tenant: str) -> Iterator[Limit]:
    quota: Mapping[str, Any] = wiring.stack.tenants[tenant].get("quota") or {}
    ingress = next((c for c in wiring.stack.components if c.role == "ingress"), None)
    for name, value in quota.items():
        enforced = f"{tenant_namespace(tenant)} {QUOTA[name]}" if name in QUOTA else ""
        if name == "connections" and ingress and ingress.blueprint.name == "mqtt-mosquitto":
            enforced = f"ConfigMap/{ingress.name} data.[mosquitto.conf], max_connections of the tenant's listener"
        yield Limit(f"quota.{name}", str(value), enforced)
    relay = next((c for c in wiring.stack.components if c.role == "relay"), None)
    for share in wiring.shares:
        if share.reader == tenant and relay:
            field = f"ConfigMap/{relay.name} data.[limits.yaml], {share.name}"
            yield Limit(f"messages from {share.owner}", show_rate(share.limit), field)
    yield from _rates(wiring, tenant)


def _rates(wiring: Wiring, tenant: str) -> Iterator[Limit]:
    """What documents say is sent: by devices, by sites whose hub it is, to those sites, and by the site's own hub."""
    for each in wiring.traffic.publications:
        if each.principal.tenant == tenant and (each.principal.kind in DEVICES or (each.rate and _is_link(each))):
            yield Limit(_who(each), show_rate(each.rate), "")
    for listener in wiring.traffic.subscriptions:
        if listener.principal.tenant == tenant and listener.rate:
            yield Limit(_who(listener), show_rate(listener.rate), "")


DEVICES = frozenset({"class", "gateway"})
"""Kinds of principals that speak for devices."""


def _is_link(row: Publication) -> bool:
    return row.principal.kind in ("uplink", "bridge")


def _who(row: Publication | Subscription) -> str:
    if row.principal.kind == "uplink":
        return f"uplink.down {row.topic}"
    return f"{row.principal.kind} {row.principal.name} {row.topic}"
