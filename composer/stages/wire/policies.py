"""What the fleet lets tenants reach: secrets in stores that all share, and addresses outside of the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NamedTuple

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.model.stack import Component, Stack
from composer.stages.wire.places import param_place, place_of, tenant_place

Network = IPv4Network | IPv6Network

KEYS = ("{tenant}/*",)
"""Keys that a tenant may name in a store where the fleet says nothing: those below its own name."""

CLUSTER = ("10.42.0.0/16", "10.43.0.0/16", "10.96.0.0/12", "10.244.0.0/16")
"""Pods and services as k3s and kubeadm number them, for sites that do not say their `cluster.ranges`."""

NEVER = {
    "169.254.0.0/16": "link-local addresses, at which clouds hand out their machines' credentials",
    "fe80::/10": "link-local addresses",
    "fd00:ec2::254/128": "the address at which a cloud hands out its machines' credentials",
    "100.100.100.200/32": "the address at which a cloud hands out its machines' credentials",
    "168.63.129.16/32": "the address at which a cloud talks to its machines",
    "127.0.0.0/8": "addresses of the machine itself",
    "::1/128": "addresses of the machine itself",
    "::ffff:0:0/96": "IPv4 addresses in another dress",
    "64:ff9b::/96": "IPv4 addresses in another dress",
    "2002::/16": "IPv4 addresses in another dress",
    "224.0.0.0/4": "multicast addresses",
    "ff00::/8": "multicast addresses",
}
"""Ranges that no tenant's component has any business in."""

WIDEST = {4: 8, 6: 16}
"""IP version -> the shortest prefix of a range that can be meant; what is wider is everybody."""


def check_policies(stack: Stack) -> Iterator[Diagnostic]:
    """What tenants name and the fleet's policies keep from them."""
    policies: Mapping[str, Any] = stack.fleet.document.data["spec"].get("policies") or {}
    yield from _check_secrets(stack, policies.get("tenantSecrets") or {})
    reaching = [(component, [*_peers(component)]) for component in stack.components if component.tenant]
    if any(peers for _, peers in reaching):
        barred = _barred(stack, policies.get("tenantEgress") or {})
        for component, peers in reaching:
            for cidr, place, is_bus in peers:
                yield from _check_peer(stack, component, cidr, place, barred._replace(buses=[]) if is_bus else barred)


# --- secrets ----------------------------------------------------------------------------------------------------------


def _check_secrets(stack: Stack, policy: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for tenant, spec in stack.tenants.items():
        for name, written in (spec.get("secrets") or {}).items():
            said = written.get("externalSecret") or {}
            route = ("secrets", name, "externalSecret")
            stores = policy.get("stores")
            if stores is not None and said.get("store") not in (None, *stores):
                message = f"tenant {tenant} may not use the store {said['store']!r}"
                hint = f"policies.tenantSecrets.stores has {', '.join(stores) or 'none'}"
                related = _policy(stack, "tenantSecrets", "stores")
                yield error("W013", message, tenant_place(stack, tenant, (*route, "store")), hint=hint, related=related)
            if "key" in said:
                yield from _check_key(stack, tenant, name, policy.get("keys"))


def _check_key(stack: Stack, tenant: str, name: str, patterns: Sequence[str] | None) -> Iterator[Diagnostic]:
    key = stack.tenants[tenant]["secrets"][name]["externalSecret"]["key"].replace("{site}", stack.site)
    allowed = [
        pattern.replace("{tenant}", tenant).replace("{site}", stack.site)
        for pattern in (KEYS if patterns is None else patterns)
    ]
    if _is_clean(key) and any(_pattern(pattern).fullmatch(key) for pattern in allowed):
        return
    message = f"tenant {tenant} may not name the key {key!r} of a shared store"
    hint = f"keys it may name: {', '.join(allowed) or 'none'}"
    place = tenant_place(stack, tenant, ("secrets", name, "externalSecret", "key"))
    yield error("W013", message, place, hint=hint, related=_policy(stack, "tenantSecrets", "keys"))


def _is_clean(key: str) -> bool:
    """Whether no step of the key leads anywhere but down, as "acme/../globex" does in some stores."""
    return all(step.strip() not in ("", ".", "..") for step in key.split("/")) and "%" not in key and "\\" not in key


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """A star stands for anything but nothing."""
    return re.compile(".+".join(map(re.escape, text.split("*"))), re.DOTALL)


# --- addresses --------------------------------------------------------------------------------------------------------


class _Barred(NamedTuple):
    """Ranges that tenants must keep out of, each with why, and those they must keep within (None: anywhere else)."""

    ranges: list[tuple[Network, str]]
    buses: list[tuple[Network, Component]]
    within: list[Network] | None


def _barred(stack: Stack, policy: Mapping[str, Any]) -> _Barred:
    own = stack.spec["cluster"].get("ranges")
    ranges = [(_network(cidr), why) for cidr, why in NEVER.items()]
    ranges += [(_network(cidr), "the cluster's own pods and services") for cidr in own or CLUSTER]
    ranges += [(_network(cidr), "barred by policies.tenantEgress.deny") for cidr in policy.get("deny") or ()]
    gateways = (c for c in stack.components if c.role == "gateway" and (c.spec.get("bus") or {}).get("cidr"))
    buses = [(_network(gateway.spec["bus"]["cidr"]), gateway) for gateway in gateways]
    allow = policy.get("allow")
    return _Barred(ranges, buses, None if allow is None else [_network(cidr) for cidr in allow])


def _peers(component: Component) -> Iterator[tuple[str, Place, bool]]:
    """Every range that the component names as a peer, with its place, and whether it is the bus of a gateway."""
    for index, row in enumerate(component.params.get("egress") or ()):
        yield row["cidr"], param_place(component, ("egress", index, "cidr")), False
    bus = component.spec.get("bus") or {}
    if bus.get("cidr"):
        yield bus["cidr"], place_of(component, ("bus", "cidr")), True


def _check_peer(stack: Stack, component: Component, cidr: str, place: Place, barred: _Barred) -> Iterator[Diagnostic]:
    why, related = _fault(_network(cidr), component, barred)
    if why:
        if "policies" in why:
            related += _policy(stack, "tenantEgress", "deny" if "deny" in why else "allow")
        message = f"{component.label} may not reach {cidr}: {why}"
        yield error("W014", message, place, hint=_hint(stack, why), related=related)


def _fault(peer: Network, component: Component, barred: _Barred) -> tuple[str, list[Related]]:
    """Why the tenant's component may not reach the peer, and what that has to do with; "" where it may."""
    if peer.prefixlen < WIDEST[peer.version]:
        return f"a range wider than /{WIDEST[peer.version]} is nobody in particular", []
    for network, why in barred.ranges:
        if _overlap(peer, network):
            return f"{network} are {why}" if network.num_addresses > 1 else f"{network} is {why}", []
    for network, gateway in barred.buses:
        if gateway.tenant != component.tenant and _overlap(peer, network):
            whose = f"tenant {gateway.tenant}" if gateway.tenant else "the site"
            place = place_of(gateway, ("bus", "cidr"))
            return f"{network} is the bus of {gateway.name}, a gateway of {whose}", [Related("the bus", place)]
    if barred.within is not None and not any(_inside(peer, network) for network in barred.within):
        return "it is outside of policies.tenantEgress.allow", []
    return "", []


def _hint(stack: Stack, why: str) -> str:
    if "pods and services" in why and not stack.spec["cluster"].get("ranges"):
        return "where the cluster numbers its pods and services otherwise, say so: spec.cluster.ranges: [10.42.0.0/16, ...]"
    return "name the one peer that is needed, such as 192.0.2.7/32"


def _policy(stack: Stack, *route: str) -> list[Related]:
    document = stack.fleet.document
    found: Any = document.data["spec"].get("policies") or {}
    for step in route:
        found = found.get(step) if isinstance(found, dict) else None
    return [Related("the policy", document.place(("spec", "policies", *route), key=True))] if found is not None else []


@lru_cache(maxsize=4096)
def _network(cidr: str) -> Network:
    return ip_network(cidr, strict=False)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _inside(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]
