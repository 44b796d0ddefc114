"""Every access rule that rendered objects hold, and what the rows of a site's wiring ask for, in the same words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.model.grants import network_peer
from composer.model.names import expand_names
from composer.model.stack import Rendered, Wiring
from composer.model.topics import bind

Rule = tuple[str, str, str, str]
"""Listener (a tenant, or "bridges"), user or "%u", read or write, whole topic filter."""


def of_kind(objects: Sequence[Rendered], *kinds: str) -> Iterator[Rendered]:
    return (rendered for rendered in objects if rendered.object["kind"] in kinds)


# --- the broker -------------------------------------------------------------------------------------------------------


def broker_rules(objects: Sequence[Rendered]) -> set[Rule]:
    """What the broker's access lists say, line by line."""
    found: set[Rule] = set()
    for rendered in of_kind(objects, "ConfigMap"):
        name = rendered.object["metadata"]["name"]
        for key, text in rendered.object["data"].items():
            if key == "probe.acl":
                assert text.splitlines()[1:] == ["topic read $SYS/#"]
            elif key.endswith(".acl"):
                listener = name.partition("-access-")[2] or "bridges"
                found |= set(_lines(listener, text))
    return found


def _lines(listener: str, text: str) -> Iterator[Rule]:
    user = ""
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        assert word in ("#", "user", "topic", "pattern"), line
        if word == "user":
            user = rest
        elif word != "#":
            right, _, topic = rest.partition(" ")
            yield listener, "%u" if word == "pattern" else user, right, topic


def granted(wiring: Wiring) -> set[Rule]:
    """What the rows say, a class of known devices one by one."""
    found: set[Rule] = set()
    for grant in wiring.grants:
        tenant, name = grant.principal.tenant, grant.principal.name
        right, topic = "write" if grant.action == "publish" else "read", f"t/{tenant}/{grant.filter}"
        if grant.principal.kind == "bridge":
            assert grant.said is not None
            if grant.said.site:
                found.add(("bridges", name.replace("{site}", "%u"), right, topic.replace("{site}", "%u")))
        elif grant.principal.kind == "class" and grant.widened:
            found.add((tenant, "%u", right, topic.replace("{device}", "%u")))
        elif grant.principal.kind == "class":
            written = wiring.stack.tenants[tenant]["devices"][name]["names"]
            found |= {(tenant, each, right, bind(topic, device=each)) for each in expand_names(written)}
        else:
            found.add((tenant, name, right, topic))
    return found


def client_names(objects: Sequence[Rendered]) -> set[tuple[str, str]]:
    """Authority and common name of each certificate with which a client comes to a broker."""
    specs = [rendered.object["spec"] for rendered in of_kind(objects, "Certificate")]
    return {(s["issuerRef"]["name"], s["commonName"]) for s in specs if "client auth" in s.get("usages", ())}


def principals(wiring: Wiring) -> set[tuple[str, str]]:
    """The same of the rows: devices enrol by themselves, and bridges at the hub that is their authority."""
    kinds = ("gateway", "stream", "function", "relay")
    found = (grant.principal for grant in wiring.grants if grant.principal.kind in kinds)
    return {(f"tenant-{who.tenant}", who.name) for who in found}


# --- the network ------------------------------------------------------------------------------------------------------


def network_rules(objects: Sequence[Rendered]) -> dict[Any, set[str]]:
    """Component -> what its NetworkPolicies allow."""
    found: dict[Any, set[str]] = {}
    for rendered in of_kind(objects, "NetworkPolicy"):
        found.setdefault(rendered.component, set()).update(_ways(rendered.object["spec"]))
    return found


def _ways(spec: Mapping[str, Any]) -> Iterator[str]:
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction) or []:
            for port in rule["ports"]:
                for peer in rule.get(side, [None]):
                    yield _way(direction, peer, port["port"], port["protocol"])


def _way(direction: str, peer: Any, port: int, protocol: str) -> str:
    return f"{direction} {json.dumps(peer, sort_keys=True)} {port}/{protocol}"


def flowing(wiring: Wiring) -> dict[Any, set[str]]:
    """Component -> its flows."""
    return {
        component: {_way(f.direction, network_peer(f.peer), f.port, f.protocol) for f in flows}
        for component, flows in wiring.flows.items()
    }


# --- the cluster's API ------------------------------------------------------------------------------------------------

Api = tuple[str, str, str, str, str]
"""Account, namespace, group, resource, verb."""


def api_rules(objects: Sequence[Rendered]) -> set[Api]:
    """What roles give to the accounts they are bound to."""
    bound: dict[tuple[str, str], list[str]] = {}
    for rendered in of_kind(objects, "RoleBinding", "ClusterRoleBinding"):
        ref, namespace = rendered.object["roleRef"], rendered.object["metadata"].get("namespace", "")
        who = [f"{subject['namespace']}/{subject['name']}" for subject in rendered.object["subjects"]]
        bound.setdefault((namespace, ref["name"]), []).extend(who)
    found: set[Api] = set()
    for rendered in of_kind(objects, "Role", "ClusterRole"):
        namespace, name = rendered.object["metadata"].get("namespace", ""), rendered.object["metadata"]["name"]
        for account in bound.get((namespace, name), ["nobody"]):
            for rule in rendered.object["rules"]:
                found |= {
                    (account, namespace, group, resource, verb)
                    for group in rule["apiGroups"]
                    for resource in rule["resources"]
                    for verb in rule["verbs"]
                }
    return found


def permitted(wiring: Wiring) -> set[Api]:
    """The same of the rows of the tenants that have an account. The platform's is Flux's or Argo CD's, which they come with."""
    return {
        (row.account, row.namespace, row.group, row.resource, verb)
        for row in wiring.permissions
        if row.tenant and not row.widened
        for verb in row.verbs
    }


def project_kinds(objects: Sequence[Rendered]) -> set[tuple[str, str, str, str]]:
    """Project, namespace or "", group and kind that Argo CD may make."""
    found: set[tuple[str, str, str, str]] = set()
    for rendered in of_kind(objects, "AppProject"):
        spec, name = rendered.object["spec"], rendered.object["metadata"]["name"]
        found |= {(name, "", each["group"], each["kind"]) for each in spec["clusterResourceWhitelist"]}
        for target in spec["destinations"]:
            kinds = spec["namespaceResourceWhitelist"]
            found |= {(name, target["namespace"], each["group"], each["kind"]) for each in kinds}
    return found


def manageable(wiring: Wiring) -> set[tuple[str, str, str, str]]:
    """The same of the rows."""
    return {
        (f"tenant-{row.tenant}" if row.tenant else "edge-platform", row.namespace, row.group, row.kind)
        for row in wiring.permissions
        if "create" in row.verbs
    }
