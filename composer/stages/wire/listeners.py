"""What the broker is told: per tenant a listener with its port, certificate, and the access rules of its grant rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zlib import crc32

from composer.model.conventions import INGRESS_SERVICE, PLATFORM_NAMESPACE, mount_point, tenant_issuer
from composer.model.grants import Grant
from composer.model.names import expand_names
from composer.model.stack import Stack
from composer.model.topics import bind

FIRST_PORT, PORTS = 20000, 10000
MOST_NAMES = 5000
"""Above this many names, a class of devices is told to the broker as one pattern (a ConfigMap holds 1 MiB)."""


def ports(tenants: Iterable[str], chosen: Mapping[str, int]) -> dict[str, int]:
    """A listener port for each tenant: as *chosen*, else by a hash of its name, so that tenants do not move each other."""
    found = {tenant: chosen[tenant] for tenant in tenants if tenant in chosen}
    taken = set(found.values())
    for tenant in sorted(set(tenants) - found.keys()):
        offset = crc32(tenant.encode()) % PORTS
        while FIRST_PORT + offset in taken:
            offset = (offset + 1) % PORTS
        found[tenant] = FIRST_PORT + offset
        taken.add(found[tenant])
    return found


def listener(stack: Stack, tenant: str, port: int, grants: Iterable[Grant]) -> dict[str, Any]:
    """The listener of one tenant; *grants* are the tenant's rows. Filters are relative to the mount point."""
    users: dict[str, dict[str, list[str]]] = {}
    classes: dict[str, dict[str, list[str]]] = {}
    for grant in grants:
        rules = classes if grant.principal.kind == "class" else users
        rules.setdefault(grant.principal.name, {"publish": [], "subscribe": []})[grant.action].append(grant.filter)
    exact = [{"name": name, **rules} for name, rules in users.items()]
    patterns: list[dict[str, list[str]]] = []
    for name, rights in classes.items():
        known = device_names(stack, tenant, name)
        if known:
            exact += _device_users(known, tuple(rights["publish"]), tuple(rights["subscribe"]))
        else:
            patterns.append(rights)
    return {
        "tenant": tenant,
        "port": port,
        "mount": mount_point(tenant),
        "issuer": tenant_issuer(tenant),
        "certificate": listener_secret(tenant),
        "secret": listener_secret(tenant),
        "maxConnections": (stack.tenants[tenant].get("quota") or {}).get("connections", -1),
        "dnsNames": _dns_names(stack, tenant),
        "users": exact,
        "patterns": patterns,
    }


def listener_secret(tenant: str) -> str:
    """The Secret with what a tenant's listener shows and trusts, and its Certificate."""
    return f"{INGRESS_SERVICE}-{tenant}"


def device_names(stack: Stack, tenant: str, device_class: str) -> str:
    """The name pattern of a class whose devices the broker can be told one by one, or ""."""
    pattern: str = stack.tenants[tenant]["devices"][device_class].get("names", "")
    return pattern if pattern and len(expand_names(pattern)) <= MOST_NAMES else ""


@lru_cache(maxsize=1024)
def _device_users(pattern: str, publish: tuple[str, ...], subscribe: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "name": name,
            "publish": [bind(topic, device=name) for topic in publish],
            "subscribe": [bind(topic, device=name) for topic in subscribe],
        }
        for name in expand_names(pattern)
    )


def _dns_names(stack: Stack, tenant: str) -> list[str]:
    domain = stack.spec["cluster"]["domain"]
    service = f"{INGRESS_SERVICE}.{PLATFORM_NAMESPACE}.svc"
    return [f"{tenant}.mqtt.{domain}", f"mqtt.{domain}", f"{service}.cluster.local", service]
