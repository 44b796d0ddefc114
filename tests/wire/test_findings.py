"""Sites that cannot be wired: each finding at the line that a person has to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.stages.load import load_fleet
from tests.load.fleets import write
from tests.wire.sites import OPC, PLC, SITE, UPLINK, files, lines, rejected, sharing, wired

HERE = "  tenants: {acme: {}}\n"
BOTH = "  tenants: {acme: {}, globex: {}}\n"
STREAM = "  streams: {mean: {blueprint: stream-bento@1, from: %s, to: {topic: b}, do: [%s]}}\n"
GATEWAY = """\
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {%s}
      devices:
        plc-1: {%s}
"""
BUS = 'tcp: "10.20.0.5:502", cidr: 10.20.0.5/32'


def devices(*written: str) -> str:
    return "  devices:\n" + "".join(
        f"    {name}: {{{said}}}\n" for name, _, said in (w.partition(" ") for w in written)
    )


def test_w001_a_device_of_a_shared_gateway_belongs_to_nobody(tmp_path: Path) -> None:
    site = HERE + GATEWAY % (BUS, "profile: plc, unit: 1")
    assert lines(rejected(tmp_path, files(site, fleet=PLC, acme=""))) == [
        "sites/berlin.yaml:13:9 W001 device plc-1 of gateway hall belongs to no tenant"
    ]


def test_w002_a_device_belongs_to_a_tenant_that_is_not_here(tmp_path: Path) -> None:
    site = HERE + GATEWAY % (BUS, "tenant: globex, profile: plc, unit: 1")
    found = rejected(tmp_path, files(site, fleet=PLC, acme="", globex=""))
    assert lines(found) == [
        "sites/berlin.yaml:13:25 W002 device plc-1 belongs to tenant 'globex', which is not at this site"
    ]
    assert found[0].hint == "list it: spec.tenants.globex: {}"


def test_w002_names_the_nearest_tenant(tmp_path: Path) -> None:
    site = HERE + GATEWAY % (BUS, "tenant: acmee, profile: plc, unit: 1")
    assert [d.hint for d in rejected(tmp_path, files(site, fleet=PLC, acme=""))] == ["did you mean 'acme'?"]


def test_w003_there_is_no_such_device_profile(tmp_path: Path) -> None:
    found = rejected(tmp_path, files(HERE, acme=PLC + GATEWAY % (BUS, "profile: plcc, unit: 1")))
    assert lines(found) == ["sites/tenants/acme.yaml:15:26 W003 there is no device profile 'plcc'"]
    assert found[0].hint == "did you mean 'plc'?"


def test_w003_profiles_of_another_tenant_do_not_count(tmp_path: Path) -> None:
    site = BOTH + GATEWAY % (BUS, "tenant: globex, profile: plc, unit: 1")
    assert [d.code for d in rejected(tmp_path, files(site, acme=PLC, globex=""))] == ["W003"]


def test_w004_somebody_speaks_mqtt_where_there_is_no_broker(tmp_path: Path) -> None:
    documents = files(HERE, acme=STREAM % ("a", "{keep: [x]}"))
    documents["berlin.yaml"] = documents["berlin.yaml"].replace("{ingress: {blueprint: mqtt-mosquitto@1}}", "{}")
    assert lines(rejected(tmp_path, documents)) == [
        "sites/tenants/acme.yaml:5:13 W004 mean of tenant acme speaks MQTT, but site berlin has no ingress"
    ]


def test_devices_alone_need_no_broker(tmp_path: Path) -> None:
    documents = files(HERE, acme=devices("press names: a"))
    documents["berlin.yaml"] = documents["berlin.yaml"].replace("{ingress: {blueprint: mqtt-mosquitto@1}}", "{}")
    assert wired(tmp_path, documents).grants == ()


def test_w005_a_stream_and_a_function_have_one_name(tmp_path: Path) -> None:
    function = '  functions: {mean: {blueprint: function-http@1, on: a, params: {image: "ghcr.io/a/b:1"}}}\n'
    found = rejected(tmp_path, files(HERE, acme=STREAM % ("a", "{keep: [x]}") + function))
    assert lines(found) == [
        "sites/tenants/acme.yaml:6:15 W005 two components of tenant acme are called 'mean'; "
        "they would share an identity at the broker"
    ]
    assert [str(r.place) for r in found[0].related] == ["sites/tenants/acme.yaml:5:13"]


def test_w005_a_shared_gateway_and_a_tenant_s_own_have_one_name(tmp_path: Path) -> None:
    site = HERE + GATEWAY % (BUS, "tenant: acme, profile: plc, unit: 1")
    own = GATEWAY % (BUS, "profile: plc, unit: 1")
    assert [d.code for d in rejected(tmp_path, files(site, fleet=PLC, acme=own))] == ["W005"]


def test_one_name_at_two_tenants_is_two_identities(tmp_path: Path) -> None:
    stream = STREAM % ("a", "{keep: [x]}")
    assert len(wired(tmp_path, files(BOTH, acme=stream, globex=stream)).grants) == 4


def test_w005_a_stream_is_called_like_a_device(tmp_path: Path) -> None:
    tenant = STREAM.replace("mean", "press-07") % ("a", "{keep: [x]}") + devices('press names: "press-{00..19}"')
    assert lines(rejected(tmp_path, files(HERE, acme=tenant))) == [
        "sites/tenants/acme.yaml:5:13 W005 'press-07' is also the name of a device of tenant acme; "
        "they would share an identity"
    ]


def test_w005_two_device_classes_have_a_name_in_common(tmp_path: Path) -> None:
    tenant = devices('old names: "press-{0..9}"', 'new names: "press-{8..12}"')
    found = rejected(tmp_path, files(HERE, acme=tenant))
    assert lines(found) == [
        "sites/tenants/acme.yaml:7:18 W005 'press-8' of tenant acme is a device of the classes old and new; "
        "give it one of them"
    ]
    assert [str(r.place) for r in found[0].related] == ["sites/tenants/acme.yaml:6:18"]


def test_devices_of_other_sites_take_no_names_here(tmp_path: Path) -> None:
    elsewhere = "at: {matchLabels: {kind: restaurant}}, "
    tenant = STREAM % ("a", "{keep: [x]}") + devices(f"old {elsewhere}names: mean", f"new {elsewhere}names: mean")
    assert len(wired(tmp_path, files(HERE, acme=tenant)).grants) == 2


@pytest.mark.parametrize(
    ("tenant", "where", "message"),
    [
        (devices('press names: "press-{0..1", subscribe: [a]'), "6:20", "press-{0..1"),
        (devices('press names: a, subscribe: ["a/{dvice}"]'), "6:35", "{dvice} in 'a/{dvice}' stands for nothing"),
        (
            devices('press names: a, publish: [{topic: "a/{what}", rate: 1/s, bytes: 9}]'),
            "6:41",
            "{what} in 'a/{what}' stands for nothing; here, there is {device} and {site}",
        ),
        (
            '  functions: {f: {blueprint: function-http@1, on: a, deadLetter: "x/{device}", params: {image: "g.io/a:1"}}}\n',
            "5:66",
            "{device} in 'x/{device}' stands for nothing; here, there is {site}",
        ),
    ],
)
def test_w006_words_with_rules_of_their_own_are_read_for_real(
    tmp_path: Path, tenant: str, where: str, message: str
) -> None:
    found = [d for d in refused(tmp_path, tenant) if message in d]
    assert [line.split(" ")[0] for line in found] == [f"sites/tenants/acme.yaml:{where}"]


def refused(tmp_path: Path, tenant: str) -> list[str]:
    """Findings of whichever stage sees them first: schemas look at the rough shape of words already."""
    documents = files(HERE, acme=tenant)
    _, findings = load_fleet(write(tmp_path, documents))
    return lines(findings) if findings else lines(rejected(tmp_path, documents))


def test_w006_a_device_profile_publishes_to_a_topic_that_cannot_be(tmp_path: Path) -> None:
    profile = PLC.replace("plc/{device}/state", "plc/{dvice}")
    found = rejected(tmp_path, files(HERE, fleet=profile, acme=GATEWAY % (BUS, "profile: plc, unit: 1")))
    assert lines(found) == [
        "sites/tenants/acme.yaml:10:26 W006 device profile 'plc' publishes to a topic that cannot be: "
        "{dvice} in 'plc/{dvice}' stands for nothing; here, there is {device} and {site}"
    ]


@pytest.mark.parametrize(("direction", "column"), [("up", 17), ("down", 19)])
def test_w007_a_bridge_takes_no_blanks(tmp_path: Path, direction: str, column: int) -> None:
    tenant = f'  uplink: {{{direction}: ["press 1/mean"]}}\n'
    assert lines(rejected(tmp_path, files(HERE, acme=tenant))) == [
        f"sites/tenants/acme.yaml:5:{column} W007 'press 1/mean' cannot go over the uplink: "
        "brokers' bridges take no blanks in topics"
    ]


def test_w008_two_tenants_are_given_one_port(tmp_path: Path) -> None:
    documents = files(BOTH, acme="", globex="")
    ports = """\
  components:
    ingress:
      blueprint: mqtt-mosquitto@1
      params:
        ports:
          acme: 8883
          globex: 8883
"""
    documents["berlin.yaml"] = SITE.replace("  components: {ingress: {blueprint: mqtt-mosquitto@1}}\n", ports + BOTH)
    found = rejected(tmp_path, documents)
    assert lines(found) == [
        "sites/berlin.yaml:12:19 W008 tenants acme and globex are both given port 8883 at the broker"
    ]
    assert [str(r.place) for r in found[0].related] == ["sites/berlin.yaml:11:17"]


def test_w008_points_at_the_layer_that_chose_the_port(tmp_path: Path) -> None:
    fleet = "  defaults:\n    blueprints:\n      mqtt-mosquitto: {params: {ports: {acme: 8883, globex: 8883}}}\n"
    assert lines(rejected(tmp_path, files(BOTH, fleet=fleet, acme="", globex=""))) == [
        "sites/fleet.yaml:7:61 W008 tenants acme and globex are both given port 8883 at the broker"
    ]
    wired(tmp_path, files(HERE, fleet=fleet, acme="", globex=""))


@pytest.mark.parametrize(
    ("bus", "profile", "message"),
    [
        (BUS, "opc", "device profile 'opc' is for opcua, but devices on this bus speak modbus"),
        (
            "serial: {path: /dev/ttyS0, resource: a.b/c}",
            "opc",
            "device profile 'opc' is for opcua, but devices on this bus speak modbus",
        ),
        ('opcua: "opc.tcp://a"', "plc", "device profile 'plc' is for modbus, but devices on this bus speak opcua"),
    ],
)
def test_w009_a_device_speaks_another_protocol_than_its_bus(
    tmp_path: Path, bus: str, profile: str, message: str
) -> None:
    fleet = PLC + OPC.partition("\n")[2]
    found = rejected(tmp_path, files(HERE, fleet=fleet, acme=GATEWAY % (bus, f"profile: {profile}, unit: 1")))
    assert lines(found) == [f"sites/tenants/acme.yaml:10:26 W009 {message}"]
    assert [str(r.place) for r in found[0].related] == ["sites/tenants/acme.yaml:8:13"]


def test_w010_a_modbus_device_has_no_unit(tmp_path: Path) -> None:
    assert lines(rejected(tmp_path, files(HERE, acme=PLC + GATEWAY % (BUS, "profile: plc")))) == [
        "sites/tenants/acme.yaml:15:9 W010 device plc-1 of gateway hall speaks Modbus, but has no unit"
    ]


def test_all_findings_are_made_in_one_run(tmp_path: Path) -> None:
    gateway = GATEWAY % (BUS, "profile: nobody, unit: 1")
    site = BOTH + gateway.replace("hall", "hall-1")
    tenant = PLC + gateway + devices("old names: a", "new names: a")
    found = rejected(tmp_path, files(site, acme=tenant, globex=""))
    assert sorted(d.code for d in found) == ["W001", "W003", "W005"]


def test_w011_a_second_ingress(tmp_path: Path) -> None:
    profile = {"profiles/box.yaml": PROFILE}
    site = SITE.replace("spec:\n", "spec:\n  profiles: [box]\n")
    found = rejected(tmp_path, {**files(), "berlin.yaml": site, **profile})
    assert lines(found) == [
        "sites/berlin.yaml:7:16 W011 site berlin has an ingress already; ingress would be a second one"
    ]
    assert [(r.message, str(r.place)) for r in found[0].related] == [("the first one", "sites/profiles/box.yaml:5:16")]
    wired(tmp_path, {**files(), "berlin.yaml": site.replace("{ingress:", "{broker: null, ingress:"), **profile})


PROFILE = """\
apiVersion: edge-composer.io/v1alpha1
kind: Profile
metadata: {name: box}
spec:
  components: {broker: {blueprint: mqtt-mosquitto@1}}
"""
SHARED = """\
  devices:
    press: {count: 2, subscribe: [a, $share/g/b]}
    other: {at: {matchLabels: {kind: nowhere}}, count: 2, subscribe: [$share/g/b]}
  streams:
    one: {blueprint: stream-bento@1, from: $share/g/press/+/x, to: {topic: o}}
    two: {blueprint: stream-bento@1, from: {x: a, y: $share/h/b}, to: {topic: o}}
  functions:
    f: {blueprint: function-http@1, on: [a, $share/g/b], params: {image: "x.example.com/a:1"}}
    g: {blueprint: function-http@1, on: $share/g/b, params: {image: "x.example.com/a:1"}}
"""


def test_w012_a_shared_filter_at_a_broker_that_would_never_serve_it(tmp_path: Path) -> None:
    found = rejected(tmp_path, files(HERE, acme=SHARED))
    never = "W012 mqtt-mosquitto@1.0.0 never delivers a message to the shared filter"
    assert lines(found) == [
        f"sites/tenants/acme.yaml:{line}:{column} {never} {text!r}"
        for line, column, text in (
            (10, 54, "$share/h/b"),
            (12, 45, "$share/g/b"),
            (13, 41, "$share/g/b"),
            (6, 38, "$share/g/b"),
            (9, 44, "$share/g/press/+/x"),
        )
    ]
    assert {d.hint for d in found if d.place.line == 9} == {
        "listen to 'press/+/x', with one replica, or give each replica a part of the topics"
    }
    wired(tmp_path, sharing(tmp_path, files(HERE, acme=SHARED)))


def test_w007_a_shared_filter_has_no_meaning_on_the_uplink(tmp_path: Path) -> None:
    documents = {**files(HERE + UPLINK, acme="  uplink: {up: [$share/g/a]}\n"), "files/hub.pem": ""}
    documents["hub.yaml"] = SITE.replace("berlin", "hub")
    (found,) = rejected(tmp_path, documents)
    assert (found.code, found.place.line) == ("W007", 5)
    assert "nobody to share them with" in found.message
