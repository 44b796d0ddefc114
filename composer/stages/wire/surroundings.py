"""The parts of a render context that describe the site, its tenants and its delivery rather than one component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from composer.model.blueprint import Blueprint
from composer.model.conventions import (
    DELIVERY_NAMESPACES,
    MANAGED_BY,
    MQTT_TLS_PORT,
    PART_OF,
    PLATFORM_NAMESPACE,
    TENANT_LABEL,
    bridge_client,
    delivery_account,
    hub_prefix,
    mount_point,
    tenant_issuer,
    tenant_namespace,
)
from composer.model.grants import Permission
from composer.model.names import DEFAULT_BRANCH, branch_of
from composer.model.shards import shard_for, shards_of
from composer.model.stack import Component, HubLink, Stack
from composer.model.topics import bind, to_filter
from composer.model.units import duration
from composer.model.uplink import filters_of
from composer.stages.wire.permissions import impersonates, managed_kinds, platform_account, role_rules

OFFLINE = "24h"
"""How long the uplink may be away where no document says so."""


def site_context(stack: Stack) -> dict[str, Any]:
    cluster = stack.spec["cluster"]
    return {
        "name": stack.site,
        "labels": stack.labels,
        "domain": cluster["domain"],
        "kubernetes": cluster["version"],
        "capabilities": cluster.get("capabilities") or {},
        "nodes": cluster.get("nodes") or [],
        "offline": int(duration(stack.spec.get("offline", OFFLINE))),
    }


def delivery_context(stack: Stack, permissions: Iterable[Permission] = ()) -> dict[str, Any]:
    """How the branch reaches the cluster; *permissions* are what the platform's folder may hold."""
    written = stack.fleet.document.data["spec"].get("delivery") or {}
    engine = written.get("engine", "flux")
    shard = shard_for(shards_of(stack.fleet.document.data), stack.labels)
    return {
        "engine": engine,
        "repository": shard.url or shard.repository,
        "shard": shard.name,
        "branch": branch_of(written.get("branch"), stack.site),
        "pattern": written.get("branch") or DEFAULT_BRANCH,
        "namespace": DELIVERY_NAMESPACES[engine],
        "interval": written.get("interval", "5m"),
        "impersonation": impersonates(stack, engine),
        "account": platform_account(stack, engine).replace("/", ":"),
        "kinds": managed_kinds(row for row in permissions if row.namespace),
        "clusterKinds": managed_kinds(row for row in permissions if not row.namespace),
    }


def tenant_context(
    name: str, spec: Mapping[str, Any], site: str, namespace: str, permissions: Sequence[Permission]
) -> dict[str, Any]:
    """A tenant at the site; *namespace* is where accounts of delivery lie, *permissions* what its folder may hold."""
    return {
        "name": name,
        "namespace": tenant_namespace(name),
        "quota": spec.get("quota") or {},
        "issuer": tenant_issuer(name),
        "secrets": [_secret(key, said, site) for key, said in sorted((spec.get("secrets") or {}).items())],
        "delivery": {
            "serviceAccount": delivery_account(name),
            "namespace": namespace,
            "rules": role_rules(permissions),
            "kinds": managed_kinds(permissions),
        },
    }


def _secret(name: str, written: Mapping[str, Any], site: str) -> dict[str, Any]:
    """A secret's reference as {entry, name, kind, ...}: documents call it *entry*, the Secret itself is *name*.

    "{site}" in an external key or in a file's path stands for the site's name.
    """
    if "externalSecret" in written:
        said = written["externalSecret"]
        key = said["key"].replace("{site}", site)
        return {"entry": name, "name": name, "kind": "externalSecret", **said, "key": key}
    if "sops" in written:
        return {"entry": name, "name": name, "kind": "sops", "file": written["sops"].replace("{site}", site)}
    return {"entry": name, "name": written["existing"], "kind": "existing"}


def component_context(component: Component) -> dict[str, Any]:
    """Names and labels of the component's objects, the same mapping at every site that has it."""
    return _component_context(component.blueprint, component.name, component.role, component.tenant)


@lru_cache(maxsize=4096)
def _component_context(blueprint: Blueprint, name: str, role: str, tenant: str) -> dict[str, Any]:
    selector = {"app.kubernetes.io/name": blueprint.name, "app.kubernetes.io/instance": name}
    labels = {
        **selector,
        "app.kubernetes.io/version": blueprint.version,
        "app.kubernetes.io/component": role,
        "app.kubernetes.io/part-of": PART_OF,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
    if tenant:
        labels[TENANT_LABEL] = tenant
    return {
        "name": name,
        "role": role,
        "blueprint": blueprint.name,
        "version": blueprint.version,
        "namespace": tenant_namespace(tenant) if tenant else PLATFORM_NAMESPACE,
        "fullname": name,
        "labels": labels,
        "selector": selector,
    }


def namespace_of(component: Component) -> str:
    return tenant_namespace(component.tenant) if component.tenant else PLATFORM_NAMESPACE


def bridge_context(stack: Stack, link: HubLink, *, buffered: bool) -> dict[str, Any]:
    """The broker's bridge: topics of every tenant's uplink, kept under the site's name at the hub.

    Where a buffer on disk takes what goes up, the bridge has what comes down alone.
    """
    return {
        "name": link.site,
        "address": f"{link.host}:{MQTT_TLS_PORT}",
        "ca": link.ca,
        "secret": stack.spec["uplink"]["identity"]["secret"],
        "clientId": bridge_client(stack.site),
        "topics": [topic for tenant in stack.tenants for topic in _bridge_topics(stack, tenant, buffered)],
    }


def _bridge_topics(stack: Stack, tenant: str, buffered: bool) -> list[dict[str, Any]]:
    uplink = stack.tenants[tenant].get("uplink") or {}
    ends = {"qos": 1, "local": mount_point(tenant), "remote": hub_prefix(tenant, stack.site)}
    directions = (*(() if buffered else (("up", "out"),)), ("down", "in"))
    return [
        {"filter": to_filter(bind(topic_filter, site=stack.site)), "direction": direction, **ends}
        for key, direction in directions
        for topic_filter in filters_of(uplink.get(key))
    ]
