"""MQTT identities of components: the certificate each one shows, and where it connects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from composer.model.conventions import INGRESS_SERVICE, PLATFORM_NAMESPACE, tenant_issuer
from composer.model.grants import Grant
from composer.model.stack import Component

BROKER_HOST = f"{INGRESS_SERVICE}.{PLATFORM_NAMESPACE}.svc.cluster.local"


def clients(component: Component, grants: Sequence[Grant], ports: Mapping[str, int]) -> list[dict[str, Any]]:
    """One identity for each tenant the component speaks to, in the order of the tenants' names."""
    tenants = sorted({grant.principal.tenant for grant in grants})
    return [
        _client(component, tenant, [g for g in grants if g.principal.tenant == tenant], ports) for tenant in tenants
    ]


def _client(component: Component, tenant: str, grants: Sequence[Grant], ports: Mapping[str, int]) -> dict[str, Any]:
    shared = "" if component.tenant else f"-{tenant}"
    certificate = f"{component.name}-mqtt{shared}"
    port = ports[tenant]
    return {
        "tenant": tenant,
        "name": component.name,
        "clientId": component.name,
        "certificate": certificate,
        "secret": certificate,
        "issuer": tenant_issuer(tenant),
        "host": BROKER_HOST,
        "port": port,
        "url": f"mqtts://{BROKER_HOST}:{port}",
        "publish": [g.filter for g in grants if g.action == "publish"],
        "subscribe": [g.filter for g in grants if g.action == "subscribe"],
    }
