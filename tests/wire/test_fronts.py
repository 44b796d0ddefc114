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
    assert found["routes"] == [
        {"tenant": "acme", "name": "acme.mqtt.berlin.example.com", "port": 28814, "link": "", "secret": "mqtt-acme"}
    ]
    assert found["broker"] == {
        "host": "mqtt.edge-platform.svc.cluster.local",
        "maxKeepalive": 3600,
        "link": {"port": 8884, "name": "*.mqtt.edge-platform.svc", "secret": "front-link-broker"},
    }


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


ENDS = "front: {blueprint: mqtt-front@1, params: {mode: terminate}}"


def test_where_tls_ends_at_the_front_it_comes_to_the_broker_by_the_link_alone(tmp_path: Path) -> None:
    wiring = wired(tmp_path, site(front=ENDS))
    assert flows(wiring, "front")[-1] == "egress to edge-platform[component=ingress] 8884/TCP"
    assert flows(wiring, "ingress")[-1] == "ingress from edge-platform[name=mqtt-front,instance=front] 8884/TCP"
    assert [route["link"] for route in context(wiring, "front")["routes"]] == ["acme.mqtt.edge-platform.svc"]
    assert {each["tenant"]: each["link"] for each in context(wiring, "ingress")["listeners"]} == {
        "acme": "acme.mqtt.edge-platform.svc",
        "globex": "",
    }
    assert context(wiring, "ingress")["front"]["link"] == {"port": 8884, "secret": "front-link-broker"}


def test_a_tenant_s_own_mode_goes_before_the_front_s(tmp_path: Path) -> None:
    front = "front: {blueprint: mqtt-front@1, params: {mode: terminate, modes: {acme: passthrough}}}"
    assert flows(wired(tmp_path, site(front=front)), "front")[-1].endswith(" 28814/TCP")


def test_w092_a_broker_that_takes_no_identities_from_a_front(tmp_path: Path) -> None:
    found = rejected(tmp_path, site('blueprint: mqtt-mosquitto@1, params: {version: "2.0"}', ENDS))
    assert lines(found) == [
        "sites/berlin.yaml:6:130 W092 TLS cannot end at front: "
        "mqtt-mosquitto 2.0 cannot be told by a front who a client is"
    ]


def test_w092_is_about_tenants_with_devices_only(tmp_path: Path) -> None:
    modes = "front: {blueprint: mqtt-front@1, params: {modes: {globex: terminate}}}"
    wired(tmp_path, site('blueprint: mqtt-mosquitto@1, params: {version: "2.0"}', modes))


def test_w093_a_listener_where_the_front_comes_in(tmp_path: Path) -> None:
    found = rejected(tmp_path, site("blueprint: mqtt-mosquitto@1, params: {ports: {globex: 8884}}", ENDS))
    assert [(d.code, d.message) for d in found] == [
        ("W093", "tenant globex is given port 8884, where the broker takes the connections of front")
    ]
    assert str(found[0].place).startswith("sites/berlin.yaml:6:")
