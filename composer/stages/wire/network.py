"""Who may talk to whom on the network: the flows of each component, and the same as NetworkPolicy rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from composer.model.component import Component
from composer.model.conventions import MQTT_TLS_PORT, PLATFORM_NAMESPACE
from composer.model.grants import Flow, Peer, Said, network_peer

DNS = Peer("kube-system", (("k8s-app", "kube-dns"),))
BROKER = Peer(PLATFORM_NAMESPACE, (("app.kubernetes.io/component", "ingress"),))
ANYBODY = Peer()
INTERNET = Peer(outside=True)

OPC_UA_PORT = 4840
"""IANA's port for OPC UA, which an address without a port means."""


_NAMES = "names of services are resolved by the cluster's DNS"
DNS_FLOWS = (Flow("egress", DNS, 53, _NAMES, "UDP"), Flow("egress", DNS, 53, _NAMES, "TCP"))
"""Name resolution, which every pod needs."""


FIELD = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where the devices of a plant are (RFC 1918, RFC 4193): not the Internet, not the node itself, not a cloud's metadata."""


def bus_flows(component: Component) -> Iterator[Flow]:
    """A gateway's way to the devices behind it: to `cidr`, to the one address the bus names, or to private ranges."""
    bus = component.spec.get("bus")
    if not bus:
        return
    because, said = f"bus of {component.label}", Said(component.tenant, ("bus",), component)
    host, port = _bus_address(bus)
    if not port:
        return
    if bus.get("cidr"):
        yield Flow("egress", Peer(cidr=bus["cidr"]), port, because, said=said)
    elif address := _one_address(host):
        yield Flow("egress", Peer(cidr=address), port, because, said=said)
    else:
        widened = "the bus names a host but no cidr: every private address, on this port"
        for cidr in FIELD:
            yield Flow("egress", Peer(cidr=cidr), port, because, widened=widened, said=said)


def _one_address(host: str) -> str:
    """The range that holds nothing but *host*, or "" where it is a name."""
    try:
        return str(ip_network(host))
    except ValueError:
        return ""


def _bus_address(bus: Mapping[str, Any]) -> tuple[str, int | None]:
    """The host and port a gateway connects to; no port where its bus is no network."""
    if bus.get("tcp"):
        host, _, port = bus["tcp"].rpartition(":")
        return host.strip("[]"), int(port)
    if bus.get("opcua"):
        url = urlsplit(bus["opcua"])
        return url.hostname or "", url.port or OPC_UA_PORT
    return "", None


def bridge_flow(hub: str) -> Flow:
    """The way of the broker's bridge to the hub, of which only the host name is known."""
    widened = "only the hub's host name is known: every address outside the private ranges, on this port"
    return Flow(
        "egress", INTERNET, MQTT_TLS_PORT, f"uplink to {hub}", widened=widened, said=Said("", ("uplink", "site"))
    )


def device_flow(devices: str, port: int, said: Said | None = None) -> Flow:
    """Devices connect from outside the cluster, through whatever balances the load. *devices* says whose they are."""
    widened = "addresses of devices and load balancers are not known"
    return Flow("ingress", ANYBODY, port, devices, widened=widened, said=said)


def bridges_flow(said: Said) -> Flow:
    """The bridges of other sites connect from outside the cluster."""
    widened = "addresses of sites and load balancers are not known"
    return Flow("ingress", ANYBODY, MQTT_TLS_PORT, UPLINKS, widened=widened, said=said)


UPLINKS = "uplinks of other sites"


def scrape_flow(namespace: str, port: int) -> Flow:
    """The way of whoever collects metrics."""
    said = Said("", ("policies", "scrapeFrom"))
    return Flow("ingress", Peer(namespace), port, "policies.scrapeFrom", said=said)


def declared_flows(component: Component) -> Iterator[Flow]:
    """Peers outside the cluster that a component's parameter `egress` names: {cidr, port, protocol}."""
    declared = component.params.get("egress")
    if not declared:
        return
    because, said = f"params.egress of {component.label}", Said(component.tenant, ("params", "egress"), component)
    for row in declared:
        yield Flow("egress", Peer(cidr=row["cidr"]), row["port"], because, row.get("protocol", "TCP"), said=said)


def rules(flows: Iterable[Flow]) -> dict[str, list[dict[str, Any]]]:
    """The flows as rules of a NetworkPolicy: one rule for each peer, with its ports."""
    by_peer: dict[tuple[str, Peer], list[dict[str, Any]]] = {}
    for flow in flows:
        port = {"port": flow.port, "protocol": flow.protocol}
        known = by_peer.setdefault((flow.direction, flow.peer), [])
        if port not in known:
            known.append(port)
    found: dict[str, list[dict[str, Any]]] = {"ingress": [], "egress": []}
    for (direction, peer), allowed in by_peer.items():
        written = network_peer(peer)
        side = "from" if direction == "ingress" else "to"
        found[direction].append({"ports": allowed} if written is None else {side: [written], "ports": allowed})
    return found
