"""A front: devices come to it, it alone comes to the broker, and a site has one."""

from __future__ import annotations

from pathlib import Path

from tests.wire.sites import context, files, lines, rejected, wired
from tests.wire.test_network import DNS, flows

DEVICES = '  devices: {press: {names: a, publish: [{topic: "{device}", rate: 1/s, bytes: 9}]}}\n'
STREAM = "  streams: {mean: {blueprint: stream-bento@1, from: a, to: {topic: b}}}\n"
TENANTS = "  tenants: {acme: {}, globex: {}}\n"


def site(
    ingress: str = "blueprint: mqtt-mosquitto@1", front: str = "front: {blueprint: mqtt-front@1}"
) -> dict[str, str]:
    """Two tenants, of which acme has devices and a stream, behind *front*."""
    documents = files(TENANTS, acme=DEVICES + STREAM, globex="")
    text = documents["berlin.yaml"].replace("blueprint: mqtt-mosquitto@1}", f"{ingress}}}, {front}")
    return {**documents, "berlin.yaml": text}


def test_devices_come_to_the_front_and_the_front_comes_to_the_broker(tmp_path: Path) -> None:
    wiring = wired(tmp_path, site())
    assert flows(wiring, "front") == [
        *DNS,
        "ingress from anybody 8883/TCP !",
        "egress to edge-platform[component=ingress] 28814/TCP",
    ]
    assert flows(wiring, "ingress") == [
        *DNS,
        "ingress from tenant-acme[name=stream-bento,instance=mean] 28814/TCP",
        "ingress from edge-platform[name=mqtt-front,instance=front] 28814/TCP",
    ]


def test_a_broker_that_stays_public_is_open_to_devices_too(tmp_path: Path) -> None:
    wiring = wired(tmp_path, site("blueprint: mqtt-mosquitto@1, params: {service: {type: LoadBalancer}}"))
    assert flows(wiring, "ingress")[-2:] == [
        "ingress from edge-platform[name=mqtt-front,instance=front] 28814/TCP",
        "ingress from anybody 28814/TCP !",
    ]


def test_a_broker_that_stays_inside_is_not(tmp_path: Path) -> None:
    wiring = wired(tmp_path, site("blueprint: mqtt-mosquitto@1, params: {service: {type: ClusterIP}}"))
    assert [line for line in flows(wiring, "ingress") if "anybody" in line] == []


def test_the_front_knows_tenants_with_devices_by_the_names_of_their_listeners(tmp_path: Path) -> None:
    found = context(wired(tmp_path, site()), "front")
    assert found["routes"] == [{"tenant": "acme", "name": "acme.mqtt.berlin.example.com", "port": 28814}]
    assert found["broker"] == {"host": "mqtt.edge-platform.svc.cluster.local", "maxKeepalive": 3600}


def test_a_route_s_name_stands_in_the_certificate_of_its_listener(tmp_path: Path) -> None:
    wiring = wired(tmp_path, site())
    names = {listener["tenant"]: listener["dnsNames"] for listener in context(wiring, "ingress")["listeners"]}
    assert [route["name"] in names[route["tenant"]] for route in context(wiring, "front")["routes"]] == [True]


def test_w090_a_front_without_a_broker(tmp_path: Path) -> None:
    documents = files(acme="")
    text = documents["berlin.yaml"].replace(
        "{ingress: {blueprint: mqtt-mosquitto@1}}", "{front: {blueprint: mqtt-front@1}}"
    )
    assert lines(rejected(tmp_path, {**documents, "berlin.yaml": text})) == [
        "sites/berlin.yaml:6:16 W090 front is a front, but site berlin has no ingress it could stand before"
    ]


def test_w091_a_second_front(tmp_path: Path) -> None:
    found = rejected(tmp_path, site(front="front: {blueprint: mqtt-front@1}, door: {blueprint: mqtt-front@1}"))
    assert lines(found) == [
        "sites/berlin.yaml:6:90 W091 door would be a second front of site berlin; devices come through one"
    ]
    assert [str(related.place) for related in found[0].related] == ["sites/berlin.yaml:6:56"]
