"""A front before the broker: which connections it passes on to which listener, and who may talk to whom because of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, Related, error
from composer.model.conventions import MQTT_TLS_PORT, PLATFORM_NAMESPACE
from composer.model.grants import Flow, Peer
from composer.model.stack import Component, Stack
from composer.model.units import duration
from composer.stages.wire import network
from composer.stages.wire.clients import BROKER_HOST
from composer.stages.wire.places import place_of

LONGEST_KEEPALIVE = 65535
"""Seconds between two packets of a client at most: what the field of a CONNECT holds (MQTT 3.1.1, 3.1.2.10)."""


def front_of(stack: Stack) -> Component | None:
    """The component through which devices come to the broker, or None where they reach it themselves."""
    return next((c for c in stack.components if c.role == "front"), None)


def check_fronts(stack: Stack, ingress: Component | None) -> Iterator[Diagnostic]:
    """A front without a broker behind it, and fronts beside the first."""
    fronts = [c for c in stack.components if c.role == "front"]
    if fronts and ingress is None:
        message = f"{fronts[0].label} is a front, but site {stack.site} has no ingress it could stand before"
        hint = "add a component with an ingress blueprint, such as `ingress: {blueprint: mqtt-mosquitto@1}`"
        yield error("W090", message, place_of(fronts[0], key=True), hint=hint)
    for other in fronts[1:]:
        message = f"{other.label} would be a second front of site {stack.site}; devices come through one"
        related = [Related("the other one", place_of(fronts[0], key=True))]
        yield error("W091", message, place_of(other, key=True), related=related)


def is_open(front: Component | None, ingress: Component) -> bool:
    """Whether devices reach the broker without a front: where there is none, or where the broker's Service says so."""
    service = ingress.params.get("service") or {}
    return front is None or service.get("type") in ("LoadBalancer", "NodePort")


def front_context(stack: Stack, ingress: Component, ports: Mapping[str, int], tenants: Iterable[str]) -> dict[str, Any]:
    """What a front is told: the broker, and a route for each of *tenants*, by the name that its devices ask for."""
    return {
        "broker": {"host": BROKER_HOST, "maxKeepalive": _longest_keepalive(ingress)},
        "routes": [
            {"tenant": tenant, "name": f"{tenant}.mqtt.{stack.spec['cluster']['domain']}", "port": ports[tenant]}
            for tenant in tenants
        ],
    }


def _longest_keepalive(ingress: Component) -> int:
    """Seconds a client of the broker may be silent."""
    said = ingress.params.get("maxKeepalive")
    return min(int(duration(said)), LONGEST_KEEPALIVE) if said else LONGEST_KEEPALIVE


def front_flows(broker: Peer, ports: Mapping[str, int], tenants: Iterable[str]) -> Iterator[Flow]:
    """Anybody to the front, the front to the listeners of *tenants*."""
    yield network.device_flow("devices of all tenants", MQTT_TLS_PORT)
    for tenant in tenants:
        yield Flow("egress", broker, ports[tenant], f"devices of tenant {tenant}")


def passed_on_flows(
    front: Component, selector: Mapping[str, str], ports: Mapping[str, int], tenants: Iterable[str]
) -> Iterator[Flow]:
    """The other ends at the broker: devices come from the pods of the front."""
    peer = Peer(PLATFORM_NAMESPACE, tuple(selector.items()))
    for tenant in tenants:
        yield Flow("ingress", peer, ports[tenant], f"{front.label} passes on devices of tenant {tenant}")
