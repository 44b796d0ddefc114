"""A front before the broker: which connections it passes on to which listener, and who may talk to whom because of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Related, error
from composer.model.conventions import FRONT_LINK_PORT, INGRESS_SERVICE, MQTT_TLS_PORT, PLATFORM_NAMESPACE
from composer.model.grants import Flow, Peer, Said
from composer.model.stack import Component, Stack
from composer.model.units import duration
from composer.stages.wire import network
from composer.stages.wire.clients import BROKER_HOST
from composer.stages.wire.listeners import listener_secret
from composer.stages.wire.places import param_place, place_of

LONGEST_KEEPALIVE = 65535
"""Seconds between two packets of a client at most: what the field of a CONNECT holds (MQTT 3.1.1, 3.1.2.10)."""


IDENTITIES = "front-identities"
"""What a blueprint provides whose broker takes a client's name from the front that has verified it."""

WITHOUT_IDENTITIES = ("2.0",)
"""Release lines (an ingress' parameter `version`) whose broker does not: Mosquitto knows the PROXY protocol from 2.1 on."""


def front_of(stack: Stack) -> Component | None:
    """The component through which devices come to the broker, or None where they reach it themselves."""
    return next((c for c in stack.components if c.role == "front"), None)


def check_fronts(
    stack: Stack, ingress: Component | None, ports: Mapping[str, int], ended: Sequence[str]
) -> Iterator[Diagnostic]:
    """A front without a broker behind it, fronts beside the first, a broker that the front cannot tell who a client is.

    *ended* are the tenants whose TLS ends at the front.
    """
    fronts = [c for c in stack.components if c.role == "front"]
    if fronts and ingress is None:
        message = f"{fronts[0].label} is a front, but site {stack.site} has no ingress it could stand before"
        hint = "add a component with an ingress blueprint, such as `ingress: {blueprint: mqtt-mosquitto@1}`"
        yield error("W090", message, place_of(fronts[0], key=True), hint=hint)
    for other in fronts[1:]:
        message = f"{other.label} would be a second front of site {stack.site}; devices come through one"
        related = [Related("the other one", place_of(fronts[0], key=True))]
        yield error("W091", message, place_of(other, key=True), related=related)
    if ended and ingress is not None:
        yield from _check_link(fronts[0], ingress, ports)


def _check_link(front: Component, ingress: Component, ports: Mapping[str, int]) -> Iterator[Diagnostic]:
    """Whether the broker can take clients from a front that has verified who they are."""
    release = ingress.params.get("version", "")
    if IDENTITIES not in (ingress.blueprint.spec.get("provides") or []) or release in WITHOUT_IDENTITIES:
        broker = f"{ingress.blueprint.name} {release}".strip()
        message = f"TLS cannot end at {front.label}: {broker} cannot be told by a front who a client is"
        hint = "let TLS go through (`mode: passthrough`), or take a broker that can, such as Mosquitto 2.1"
        yield error("W092", message, param_place(front, ("mode",)), hint=hint)
    for tenant, port in ports.items():
        if port == FRONT_LINK_PORT:
            message = f"tenant {tenant} is given port {port}, where the broker takes the connections of {front.label}"
            yield error("W093", message, param_place(ingress, ("ports", tenant)))


def ends_tls(front: Component | None, tenant: str) -> bool:
    """Whether the TLS of a tenant's devices ends at the front."""
    if front is None:
        return False
    modes: Mapping[str, str] = front.params.get("modes") or {}
    return modes.get(tenant, front.params.get("mode")) == "terminate"


def link_name(tenant: str) -> str:
    """The name by which a front asks the broker's pod for a tenant's listener."""
    return f"{tenant}.{INGRESS_SERVICE}.{PLATFORM_NAMESPACE}.svc"


def link_context(front: Component) -> dict[str, Any]:
    """The front as its broker sees it: *secret* holds what the broker's end of the link shows and trusts."""
    return {"name": front.name, "link": {"port": FRONT_LINK_PORT, "secret": f"{front.name}-link-broker"}}


def is_open(front: Component | None, ingress: Component) -> bool:
    """Whether devices reach the broker without a front: where there is none, or where the broker's Service says so."""
    service = ingress.params.get("service") or {}
    return front is None or service.get("type") in ("LoadBalancer", "NodePort")


def front_context(
    stack: Stack, front: Component, ingress: Component, ports: Mapping[str, int], tenants: Iterable[str]
) -> dict[str, Any]:
    """What a front is told: the broker, and a route for each of *tenants*, by the name that its devices ask for."""
    return {
        "broker": {
            "host": BROKER_HOST,
            "maxKeepalive": _longest_keepalive(ingress),
            "link": {"port": FRONT_LINK_PORT, "name": link_name("*"), "secret": f"{front.name}-link-broker"},
        },
        "routes": [
            {
                "tenant": tenant,
                "name": f"{tenant}.mqtt.{stack.spec['cluster']['domain']}",
                "port": ports[tenant],
                "link": link_name(tenant) if ends_tls(front, tenant) else "",
                "secret": listener_secret(tenant),
            }
            for tenant in tenants
        ],
    }


def _longest_keepalive(ingress: Component) -> int:
    """Seconds a client of the broker may be silent."""
    said = ingress.params.get("maxKeepalive")
    return min(int(duration(said)), LONGEST_KEEPALIVE) if said else LONGEST_KEEPALIVE


def front_flows(front: Component, broker: Peer, ports: Mapping[str, int], tenants: Iterable[str]) -> Iterator[Flow]:
    """Anybody to the front, the front to the listeners of *tenants*."""
    yield network.device_flow("devices of all tenants", MQTT_TLS_PORT)
    for tenant in tenants:
        port = FRONT_LINK_PORT if ends_tls(front, tenant) else ports[tenant]
        yield Flow("egress", broker, port, f"devices of tenant {tenant}", said=Said(tenant, ("devices",)))


def passed_on_flows(
    front: Component, selector: Mapping[str, str], ports: Mapping[str, int], tenants: Iterable[str]
) -> Iterator[Flow]:
    """The other ends at the broker: devices come from the pods of the front."""
    peer = Peer(PLATFORM_NAMESPACE, tuple(selector.items()))
    for tenant in tenants:
        port = FRONT_LINK_PORT if ends_tls(front, tenant) else ports[tenant]
        because = f"{front.label} passes on devices of tenant {tenant}"
        yield Flow("ingress", peer, port, because, said=Said(tenant, ("devices",)))
