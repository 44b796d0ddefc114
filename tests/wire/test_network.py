"""Who may talk to whom: exactly the flows that documents imply, and each with a match at the other end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from composer.model.grants import PRIVATE_RANGES
from composer.model.stack import HubLink, Wiring
from tests.wire.sites import LINK, OPC, PLC, component, context, files, listener, wired

TENANTS = "  tenants: {acme: {}, globex: {}}\n"
STREAM = "  streams: {mean: {blueprint: stream-bento@1, from: a, to: {topic: b}}}\n"
FUNCTION = """\
  functions:
    stop:
      blueprint: function-http@1
      on: a
      params:
        image: "ghcr.io/acme/stop:1"
        egress: [{cidr: 10.9.0.0/24, port: 443}, {cidr: 10.9.0.0/24, port: 53, protocol: UDP}]
"""
GATEWAY = """\
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {%s}
      devices: {plc-1: {tenant: acme, profile: plc, unit: 1}, plc-2: {tenant: globex, profile: plc, unit: 2}}
"""
BUS = 'tcp: "10.20.0.5:502", cidr: 10.20.0.5/32'
DEVICES = '  devices: {press: {names: a, publish: [{topic: "{device}", rate: 1/s, bytes: 9}]}}\n'
DNS = [
    "egress to kube-system[k8s-app=kube-dns] 53/UDP",
    "egress to kube-system[k8s-app=kube-dns] 53/TCP",
]


def flows(wiring: Wiring, name: str) -> list[str]:
    """The component's flows, a line each; widened ones end in "!"."""
    found = []
    for flow in wiring.flows[component(wiring, name)]:
        peer = flow.peer
        labels = ",".join(f"{key.rpartition('/')[2]}={value}" for key, value in peer.labels)
        who = peer.cidr or ("outside" if peer.outside else "")
        where = who or (f"{peer.namespace}[{labels}]" if peer.namespace else "anybody")
        side = "to" if flow.direction == "egress" else "from"
        found.append(f"{flow.direction} {side} {where} {flow.port}/{flow.protocol}{' !' if flow.widened else ''}")
    return found


def everything(tmp_path: Path, link: HubLink | None = None) -> Wiring:
    """Two tenants, a shared gateway, a stream, a function and devices."""
    acme = STREAM + FUNCTION + DEVICES
    return wired(tmp_path, files(TENANTS + GATEWAY % BUS, fleet=PLC, acme=acme, globex=""), link)


def test_every_component_has_exactly_the_flows_it_needs(tmp_path: Path) -> None:
    wiring = everything(tmp_path)
    acme, globex = (listener(wiring, tenant)["port"] for tenant in ("acme", "globex"))
    broker = "egress to edge-platform[component=ingress]"
    assert flows(wiring, "mean") == [*DNS, f"{broker} {acme}/TCP"]
    assert flows(wiring, "stop") == [
        *DNS,
        f"{broker} {acme}/TCP",
        "egress to 10.9.0.0/24 443/TCP",
        "egress to 10.9.0.0/24 53/UDP",
    ]
    assert flows(wiring, "hall") == [
        *DNS,
        f"{broker} {acme}/TCP",
        f"{broker} {globex}/TCP",
        "egress to 10.20.0.5/32 502/TCP",
    ]
    assert flows(wiring, "ingress") == [
        *DNS,
        f"ingress from edge-platform[name=gateway-telegraf,instance=hall] {acme}/TCP",
        f"ingress from edge-platform[name=gateway-telegraf,instance=hall] {globex}/TCP",
        f"ingress from tenant-acme[name=stream-bento,instance=mean] {acme}/TCP",
        f"ingress from tenant-acme[name=function-http,instance=stop] {acme}/TCP",
        f"ingress from anybody {acme}/TCP !",
    ]
    assert flows(wiring, "base") == DNS


def test_only_tenants_with_devices_are_open_to_the_outside(tmp_path: Path) -> None:
    outside = [line for line in flows(everything(tmp_path), "ingress") if "anybody" in line]
    assert len(outside) == 1


def test_a_widened_flow_says_why(tmp_path: Path) -> None:
    wiring = wired(
        tmp_path, files(TENANTS + GATEWAY % 'tcp: "plc.local:502"', fleet=PLC, acme=DEVICES, globex=""), LINK
    )
    reasons = [flow.widened for found in wiring.flows.values() for flow in found if flow.widened]
    assert reasons == [
        "addresses of devices and load balancers are not known",
        "only the hub's host name is known: every address outside the private ranges, on this port",
        *["the bus names a host but no cidr: every private address, on this port"] * 4,
    ]


def test_the_way_to_the_hub_leaves_out_private_ranges(tmp_path: Path) -> None:
    wiring = everything(tmp_path, LINK)
    assert flows(wiring, "ingress")[-1] == "egress to outside 8883/TCP !"
    rules = context(wiring, "ingress")["network"]["egress"]
    assert rules[-1] == {
        "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE_RANGES)}}],
        "ports": [{"port": 8883, "protocol": "TCP"}],
    }


PRIVATE = {
    f"private {port}": [
        f"egress to {cidr} {port}/TCP !" for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
    ]
    for port in (502, 4840)
}


@pytest.mark.parametrize(
    ("bus", "flow"),
    [
        (BUS, "egress to 10.20.0.5/32 502/TCP"),
        ('tcp: "[fd00::5]:502", cidr: "fd00::5/128"', "egress to fd00::5/128 502/TCP"),
        ('tcp: "plc.local:502"', "private 502"),
    ],
)
def test_a_modbus_bus_on_the_network_is_one_way_out(tmp_path: Path, bus: str, flow: str) -> None:
    wiring = wired(tmp_path, files(TENANTS + GATEWAY % bus, fleet=PLC, acme="", globex=""))
    assert flows(wiring, "hall")[4:] == PRIVATE.get(flow, [flow])


@pytest.mark.parametrize(
    ("url", "flow"),
    [
        ("opc.tcp://10.40.0.9:4841/server", "egress to 10.40.0.9/32 4841/TCP"),
        ("opc.tcp://line.local", "private 4840"),
        ("opc.tcp://line.local/", "private 4840"),
        ("opc.tcp://line.local/a:b/c", "private 4840"),
        ("opc.tcp://[fd00::9]", "egress to fd00::9/128 4840/TCP"),
        ("opc.tcp://[fd00::9]:4841", "egress to fd00::9/128 4841/TCP"),
        ("opc.tcp://[fd00::9]:4841/x", "egress to fd00::9/128 4841/TCP"),
    ],
)
def test_an_opc_ua_address_tells_its_port_or_means_4840(tmp_path: Path, url: str, flow: str) -> None:
    gateway = (GATEWAY % f'opcua: "{url}"').replace("profile: plc", "profile: opc").replace(", unit: 1", "")
    gateway = gateway.replace(", unit: 2", "")
    wiring = wired(tmp_path, files(TENANTS + gateway, fleet=OPC, acme="", globex=""))
    assert flows(wiring, "hall")[4:] == PRIVATE.get(flow, [flow])


def test_a_serial_bus_opens_no_way_out(tmp_path: Path) -> None:
    bus = "serial: {path: /dev/ttyUSB0, resource: example.com/tty}"
    assert flows(wired(tmp_path, files(TENANTS + GATEWAY % bus, fleet=PLC, acme="", globex="")), "hall")[4:] == []


def test_metrics_are_open_to_the_namespace_that_collects_them(tmp_path: Path) -> None:
    fleet = PLC + "  policies: {scrapeFrom: {namespace: monitoring}}\n"
    wiring = wired(tmp_path, files(TENANTS + GATEWAY % BUS, fleet=fleet, acme=STREAM, globex=""))
    for name in ("hall", "mean"):
        metrics = component(wiring, name).blueprint.spec["metrics"]["port"]
        assert flows(wiring, name)[-1] == f"ingress from monitoring[] {metrics}/TCP"
    assert "metrics" not in component(wiring, "base").blueprint.spec
    assert flows(wiring, "base") == DNS


def test_nobody_collects_metrics_unless_the_fleet_says_who(tmp_path: Path) -> None:
    assert [line for line in flows(everything(tmp_path), "hall") if line.startswith("ingress")] == []


def test_what_one_end_may_send_the_other_end_may_receive(tmp_path: Path) -> None:
    """Every rule towards pods of the site is met by a rule of those pods, and the other way round."""
    wiring = everything(tmp_path, LINK)
    assert inner(wiring, "egress", "to", "ingress", "from") == []
    assert inner(wiring, "ingress", "from", "egress", "to") == []


def inner(wiring: Wiring, mine: str, side: str, theirs: str, other_side: str) -> list[str]:
    """Rules towards pods of the site that these pods do not answer."""
    pods = {w.component.name: pod(w.context) for w in wiring.wired if w.component.role != "tenancy"}
    rules = {w.component.name: w.context["network"] for w in wiring.wired if w.component.role != "tenancy"}
    unmet = []
    for name, found in rules.items():
        for rule in found[mine]:
            for peer in rule.get(side, ()):
                for other in (o for o in pods if chosen(peer, pods[o])):
                    unmet += [
                        f"{name} {mine} {other} {port['port']}"
                        for port in rule["ports"]
                        if not any(meets(r, other_side, pods[name], port) for r in rules[other][theirs])
                    ]
    return unmet


def pod(context_: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    return context_["component"]["namespace"], context_["component"]["labels"]


def chosen(peer: Mapping[str, Any], pod_: tuple[str, dict[str, str]]) -> bool:
    """Whether a peer of a NetworkPolicy is that pod."""
    if "ipBlock" in peer:
        return False
    namespace = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
    labels = peer.get("podSelector", {}).get("matchLabels", {})
    return bool(namespace == pod_[0] and labels.items() <= pod_[1].items())


def meets(rule: Mapping[str, Any], side: str, pod_: tuple[str, dict[str, str]], port: Mapping[str, Any]) -> bool:
    peers = rule.get(side, [])
    return port in rule["ports"] and (side not in rule or any(chosen(peer, pod_) for peer in peers))


def test_ports_of_one_peer_are_one_rule(tmp_path: Path) -> None:
    rules = context(everything(tmp_path), "stop")["network"]["egress"]
    assert rules[0]["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    assert rules[-1] == {
        "to": [{"ipBlock": {"cidr": "10.9.0.0/24"}}],
        "ports": [{"port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
    }
