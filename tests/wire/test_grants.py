"""Who may publish and subscribe to what, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wire.sites import LINK, OPC, PLC, context, files, listener, rows, sharing, users, wired

HERE = "  tenants: {acme: {}}\n"
BOTH = "  tenants: {acme: {}, globex: {}}\n"
GATEWAY = """\
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {tcp: "10.20.0.5:502", cidr: 10.20.0.5/32}
      devices: {%s}
"""


def devices(written: str) -> str:
    return f"  devices:\n    press: {{{written}}}\n"


PUBLISH = 'publish: [{topic: "press/{device}/state", rate: 1/s, bytes: 90}]'
PRESS = f'names: "press-{{0..1}}", {PUBLISH}, subscribe: ["press/{{device}}/cmd"]'
STREAM = "  streams: {mean: {blueprint: stream-bento@1, from: %s, to: {topic: %s}}}\n"
FUNCTION = '  functions: {stop: {blueprint: function-http@1, params: {image: "ghcr.io/acme/stop:1"}, %s}}\n'


def test_devices_with_names_are_told_to_the_broker_one_by_one(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=devices(PRESS)))
    assert rows(wiring) == [
        "acme: class press publish press/{device}/state",
        "acme: class press subscribe press/{device}/cmd",
    ]
    assert users(wiring, "acme") == {
        "press-0": (["press/press-0/state"], ["press/press-0/cmd"]),
        "press-1": (["press/press-1/state"], ["press/press-1/cmd"]),
    }
    assert listener(wiring, "acme")["patterns"] == []
    assert [g.widened for g in wiring.grants] == ["", ""]


def test_devices_without_names_are_a_pattern_which_is_a_widened_row(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=devices(PRESS.replace('names: "press-{0..1}"', "count: 20"))))
    assert users(wiring, "acme") == {}
    assert listener(wiring, "acme")["patterns"] == [
        {"publish": ["press/{device}/state"], "subscribe": ["press/{device}/cmd"]}
    ]
    assert all("names of these devices are not told" in g.widened for g in wiring.grants)


def test_a_name_that_is_part_of_a_level_is_every_name_to_the_broker_and_the_row_says_so(tmp_path: Path) -> None:
    parts = (
        'count: 20, publish: [{topic: "x/{device}-{site}/{device}", rate: 1/s, bytes: 9}], subscribe: ["{device}.cmd"]'
    )
    wiring = wired(tmp_path, files(HERE, acme=devices(parts)))
    assert rows(wiring) == ["acme: class press publish x/+/{device}", "acme: class press subscribe +"]
    assert all("under any name" in g.widened for g in wiring.grants)
    exact = wired(tmp_path / "known", files(HERE, acme=devices(parts.replace("count: 20", "names: a"))))
    assert users(exact, "acme") == {"a": (["x/a-berlin/a"], ["a.cmd"])}
    assert not any(g.widened for g in exact.grants)


@pytest.mark.parametrize(
    ("topic", "filter", "wider"),
    [
        ("x/{device}/mean", "x/+/mean", False),
        ("x/{device}/{pressure}", "x/+/+", False),
        ("{site}/x{device}", "berlin/+", True),
        ("{device}/{device}", "+/+", True),
    ],
)
def test_what_streams_and_functions_fill_in_is_a_widened_row_where_it_is_less_than_whole_levels(
    tmp_path: Path, topic: str, filter: str, wider: bool
) -> None:
    said = STREAM % ("press/+/state", f'"{topic}"') + FUNCTION % f'on: a, emits: {{topic: "{topic}"}}'
    wiring = wired(tmp_path, files(HERE, acme=said))
    found = [(g.filter, bool(g.widened)) for g in wiring.grants if g.action == "publish" and "dead" not in g.filter]
    assert found == [(filter, wider)] * 2


def test_too_many_names_for_a_config_map_are_a_pattern_too(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=devices(PRESS.replace("{0..1}", "{0..5000}"))))
    assert (users(wiring, "acme"), len(listener(wiring, "acme")["patterns"])) == ({}, 1)
    assert all(g.widened for g in wiring.grants)


@pytest.mark.parametrize(
    ("labels", "there"),
    [
        ("{kind: metal-works}", True),
        ("{kind: metal-works, region: eu}", True),
        ("{kind: metal-works, region: us}", False),
        ("{ring: canary}", False),
    ],
)
def test_devices_are_only_at_sites_with_all_of_their_labels(tmp_path: Path, labels: str, there: bool) -> None:
    wiring = wired(tmp_path, files(HERE, acme=devices(f"at: {{matchLabels: {labels}}}, {PRESS}")))
    assert bool(wiring.grants) is there
    assert bool(users(wiring, "acme")) is there


@pytest.mark.parametrize(("labels", "there"), [("", False), ("at: {matchLabels: {kind: metal-works}}, ", True)])
def test_devices_are_at_hubs_only_where_their_labels_say_so(tmp_path: Path, labels: str, there: bool) -> None:
    wiring = wired(tmp_path, files("  hub: true\n" + HERE, acme=devices(labels + PRESS)))
    assert bool(wiring.grants) is there


def test_a_stream_reads_its_inputs_and_writes_its_output(tmp_path: Path) -> None:
    written = STREAM % ('{vibration: "press/+/vib", load: "press/{device}/load"}', '"press/{device}/mean"')
    assert rows(wired(tmp_path, files(HERE, acme=written))) == [
        "acme: stream mean publish press/+/mean",
        "acme: stream mean subscribe press/+/load",
        "acme: stream mean subscribe press/+/vib",
    ]


def test_a_function_has_its_triggers_what_it_emits_and_a_dead_letter(tmp_path: Path) -> None:
    said = 'on: [press/alert, "press/+/fault"], emits: [{topic: "press/{device}/cmd"}, {topic: log}]'
    assert rows(wired(tmp_path, files(HERE, acme=FUNCTION % said))) == [
        "acme: function stop publish dead-letter/stop",
        "acme: function stop publish log",
        "acme: function stop publish press/+/cmd",
        "acme: function stop subscribe press/+/fault",
        "acme: function stop subscribe press/alert",
    ]


def test_a_function_that_emits_nothing_still_has_its_dead_letter(tmp_path: Path) -> None:
    said = 'on: press/alert, deadLetter: "lost/{site}"'
    assert rows(wired(tmp_path, files(HERE, acme=FUNCTION % said))) == [
        "acme: function stop publish lost/berlin",
        "acme: function stop subscribe press/alert",
    ]


def test_a_tenant_s_gateway_publishes_for_its_devices(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=PLC + GATEWAY % "plc-1: {profile: plc, unit: 1}"))
    assert rows(wiring) == ["acme: gateway hall publish plc/plc-1/state"]
    client = context(wiring, "hall")["client"]
    assert (client["name"], client["certificate"], client["issuer"]) == ("hall", "hall-mqtt", "tenant-acme")
    assert (client["publish"], client["subscribe"]) == (["plc/plc-1/state"], [])


def test_a_site_s_gateway_has_one_identity_and_connection_for_each_tenant(tmp_path: Path) -> None:
    shared = "plc-1: {tenant: acme, profile: plc, unit: 1}, plc-2: {tenant: globex, profile: plc, unit: 2}"
    wiring = wired(tmp_path, files(BOTH + GATEWAY % shared, fleet=PLC, acme="", globex=""))
    assert rows(wiring) == [
        "acme: gateway hall publish plc/plc-1/state",
        "globex: gateway hall publish plc/plc-2/state",
    ]
    found = context(wiring, "hall")
    assert "client" not in found
    assert [(c["tenant"], c["certificate"], c["issuer"], c["publish"]) for c in found["clients"]] == [
        ("acme", "hall-mqtt-acme", "tenant-acme", ["plc/plc-1/state"]),
        ("globex", "hall-mqtt-globex", "tenant-globex", ["plc/plc-2/state"]),
    ]
    ports = {each: listener(wiring, each)["port"] for each in ("acme", "globex")}
    assert {c["tenant"]: c["port"] for c in found["clients"]} == ports
    assert users(wiring, "acme") == {"hall": (["plc/plc-1/state"], [])}
    assert users(wiring, "globex") == {"hall": (["plc/plc-2/state"], [])}


def test_a_tenant_s_own_device_profile_comes_before_the_fleet_s(tmp_path: Path) -> None:
    own = PLC.replace("plc/{device}/state", "mine/{device}") + GATEWAY % "plc-1: {profile: plc, unit: 1}"
    assert rows(wired(tmp_path, files(HERE, fleet=PLC, acme=own))) == ["acme: gateway hall publish mine/plc-1"]


def test_an_opc_ua_gateway_publishes_like_any_other(tmp_path: Path) -> None:
    bus = "{opcua: opc.tcp://10.40.0.9:4840/server, cidr: 10.40.0.9/32}"
    gateway = (GATEWAY % "boiler: {profile: opc}").replace('{tcp: "10.20.0.5:502", cidr: 10.20.0.5/32}', bus)
    assert rows(wired(tmp_path, files(HERE, acme=OPC + gateway))) == ["acme: gateway hall publish opc/boiler/state"]


def test_the_site_s_name_is_filled_in_wherever_a_topic_stands(tmp_path: Path) -> None:
    press = 'names: a, publish: [{topic: "{site}/{device}", rate: 1/s, bytes: 9}], subscribe: ["{site}/cmd"]'
    tenant = (
        devices(press)
        + STREAM % ('"{site}/+"', '"{site}/mean"')
        + FUNCTION % 'on: "{site}/mean", emits: {topic: "{site}/out"}'
        + PLC.replace("plc/{device}", "{site}/{device}")
        + GATEWAY % "plc-1: {profile: plc, unit: 1}"
        + '  uplink: {up: ["{site}/mean"]}\n'
    )
    wiring = wired(tmp_path, files(HERE, acme=tenant), LINK)
    assert rows(wiring) == [
        "acme: class press publish berlin/{device}",
        "acme: class press subscribe berlin/cmd",
        "acme: function stop publish berlin/out",
        "acme: function stop publish dead-letter/stop",
        "acme: function stop subscribe berlin/mean",
        "acme: gateway hall publish berlin/plc-1/state",
        "acme: stream mean publish berlin/mean",
        "acme: stream mean subscribe berlin/+",
    ]
    assert users(wiring, "acme")["a"] == (["berlin/a"], ["berlin/cmd"])
    assert context(wiring, "mean")["spec"]["to"]["topic"] == "berlin/mean"
    assert [topic["filter"] for topic in context(wiring, "ingress")["bridge"]["topics"]] == ["berlin/mean"]


def test_the_right_to_a_shared_subscription_is_that_to_its_filter(tmp_path: Path) -> None:
    wiring = wired(
        tmp_path, sharing(tmp_path, files(HERE, acme=STREAM % ('"$share/workers/press/+/state"', "press/mean")))
    )
    assert users(wiring, "acme") == {"mean": (["press/mean"], ["press/+/state"])}
    assert context(wiring, "mean")["spec"]["inputs"][0]["filter"] == "$share/workers/press/+/state"


def test_the_bridge_carries_each_tenant_s_uplink_below_the_site_s_name(tmp_path: Path) -> None:
    uplink = '  uplink: {up: [press/mean, "press/{device}/alert"], down: ["press/+/cmd"]}\n'
    wiring = wired(tmp_path, files(BOTH, acme=uplink, globex=uplink), LINK)
    bridge = context(wiring, "ingress")["bridge"]
    assert (bridge["name"], bridge["address"], bridge["clientId"]) == (
        "hub",
        "mqtt.hub.example.com:8883",
        "site.berlin",
    )
    assert (bridge["ca"], bridge["secret"]) == ("a certificate", "bridge-hub")
    assert [(t["filter"], t["direction"], t["local"], t["remote"]) for t in bridge["topics"]] == [
        (filter_, direction, f"t/{tenant}/", f"t/{tenant}/sites/berlin/")
        for tenant in ("acme", "globex")
        for filter_, direction in (("press/mean", "out"), ("press/+/alert", "out"), ("press/+/cmd", "in"))
    ]
    assert {t["qos"] for t in bridge["topics"]} == {1}


def test_a_site_without_a_hub_has_no_bridge(tmp_path: Path) -> None:
    assert "bridge" not in context(wired(tmp_path, files(HERE, acme="  uplink: {up: [a]}\n")), "ingress")


def test_every_row_says_which_line_of_a_document_it_follows_from(tmp_path: Path) -> None:
    tenant = devices(PRESS) + STREAM % ("a", "b") + FUNCTION % "on: b, emits: {topic: c}"
    site = BOTH + GATEWAY % "plc-1: {tenant: globex, profile: plc, unit: 1}"
    wiring = wired(tmp_path, files(site, fleet=PLC, acme=tenant, globex=""))
    assert sorted({g.because for g in wiring.grants}) == [
        "gateways.hall.devices.plc-1",
        "tenants.acme.devices.press.publish",
        "tenants.acme.devices.press.subscribe",
        "tenants.acme.functions.stop.deadLetter",
        "tenants.acme.functions.stop.emits",
        "tenants.acme.functions.stop.on",
        "tenants.acme.streams.mean.from",
        "tenants.acme.streams.mean.to",
    ]
