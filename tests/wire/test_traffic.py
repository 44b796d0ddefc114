"""What flows over a site's broker: rows and their numbers, from documents alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.model.stack import Wiring
from composer.stages.wire.traffic import traffic
from tests.wire.sites import LINK, PLC, files, resolved, sharing, wired

HERE = "  tenants: {acme: {}}\n"
BOTH = "  tenants: {acme: {}, globex: {}}\n"
PRESS = """\
  devices:
    press: {names: "press-{000..399}", publish: [{topic: "press/{device}/telemetry", rate: 1/s, bytes: 220}]}
"""
GATEWAY = """\
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {tcp: "10.20.0.5:502", cidr: 10.20.0.5/32}
      devices: {%s}
"""


def streams(*written: str) -> str:
    """Streams s0, s1...; what is written is their spec without the blueprint."""
    return "  streams:\n" + "".join(f"    s{i}: {{blueprint: stream-bento@1, {w}}}\n" for i, w in enumerate(written))


def functions(*written: str) -> str:
    image = 'params: {image: "ghcr.io/acme/f:1"}'
    return "  functions:\n" + "".join(
        f"    f{i}: {{blueprint: function-http@1, {image}, {w}}}\n" for i, w in enumerate(written)
    )


def publications(wiring: Wiring) -> dict[str, str]:
    """Who publishes what -> messages a second, bytes, quality of service."""
    return {
        f"{p.principal.tenant} {p.principal.kind} {p.principal.name} {p.topic}": f"{p.rate:.6g}/s {p.bytes} B QoS {p.qos}"
        for p in wiring.traffic.publications
    }


def rates(wiring: Wiring) -> dict[str, float]:
    """Topic -> messages a second, dead letters apart."""
    return {p.topic: round(p.rate, 9) for p in wiring.traffic.publications if not p.is_dead_letter}


def test_a_class_publishes_as_often_as_all_of_its_devices_together(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=PRESS))
    assert publications(wiring) == {"acme class press press/{device}/telemetry": "400/s 220 B QoS 1"}
    (row,) = wiring.traffic.publications
    assert (row.filter, row.senders, row.said.route) == ("press/+/telemetry", 400, ("devices", "press", "publish", 0))


def test_ten_million_devices_are_a_number_like_any_other(tmp_path: Path) -> None:
    record = 'publish: [{topic: "m/{device}", rate: 1/min, bytes: 9}], subscribe: [cmd]'
    stack = resolved(tmp_path, files(HERE, acme=f"  devices: {{meter: {{count: 10000000, {record}}}}}\n"))
    found = traffic(stack, {})
    (row,), (listening,) = found.publications, found.subscriptions
    assert (round(row.rate, 3), row.senders, listening.listeners) == (166666.667, 10_000_000, 10_000_000)


def test_a_class_that_is_not_at_the_site_has_no_rows(tmp_path: Path) -> None:
    elsewhere = PRESS.replace("{names", "{at: {matchLabels: {kind: restaurant}}, names")
    assert wired(tmp_path, files(HERE, acme=elsewhere)).traffic.publications == ()


def test_a_shared_gateway_publishes_for_each_tenant_apart(tmp_path: Path) -> None:
    devices = "a: {tenant: acme, profile: plc, unit: 1}, b: {tenant: globex, profile: plc, unit: 2}"
    site = BOTH + GATEWAY % devices
    assert publications(wired(tmp_path, files(site, fleet=PLC, acme="", globex=""))) == {
        "acme gateway hall plc/a/state": "1/s 60 B QoS 1",
        "globex gateway hall plc/b/state": "1/s 60 B QoS 1",
    }


@pytest.mark.parametrize(
    ("stream", "rate"),
    [
        ("from: press/+/telemetry, to: {topic: out}", 400),
        ("from: press/+/telemetry, to: {topic: out, keep: 0.1%}", 0.4),
        ("from: press/+/telemetry, to: {topic: out, rate: 6/min}", 0.1),
        ("from: press/+/telemetry, to: {topic: out}, do: [{filter: 'pressure > 180'}]", 400),
        ("from: press/+/telemetry, to: {topic: out}, do: [{window: {every: 10s, by: device, mean: [pressure]}}]", 40),
        ("from: press/+/telemetry, to: {topic: out}, do: [{window: {every: 10s, mean: [pressure]}}]", 0.1),
        ("from: press/+/telemetry, to: {topic: out}, do: [{window: {every: 100ms, by: device}}]", 400),
        (
            "from: press/+/telemetry, to: {topic: out}, params: {window: 40s}, do: [{window: {every: 10s, by: device}}]",
            10,
        ),
        ("from: press/press-007/telemetry, to: {topic: out}", 1),
        ("from: press/press-999/telemetry, to: {topic: out}", 0),
        ("from: {a: press/+/telemetry, b: 'press/#'}, to: {topic: out}", 800),
        ("from: $share/jobs/press/+/telemetry, to: {topic: out}", 400),
        ("from: nobody/+, to: {topic: out}", 0),
    ],
)
def test_what_a_stream_publishes_follows_from_what_reaches_it(tmp_path: Path, stream: str, rate: float) -> None:
    documents = files(HERE, acme=PRESS + streams(stream))
    assert rates(wired(tmp_path, sharing(tmp_path, documents)))["out"] == rate


def test_the_devices_behind_two_inputs_are_counted_once(tmp_path: Path) -> None:
    both = PRESS.replace("}]}\n", '}, {topic: "press/{device}/load", rate: 1/s, bytes: 20}]}\n')
    stream = "from: {a: press/+/telemetry, b: press/+/load}, to: {topic: out}, do: [{window: {every: 10s, by: device}}]"
    assert rates(wired(tmp_path, files(HERE, acme=both + streams(stream))))["out"] == 40


def test_a_chain_is_worked_out_from_its_beginning_whatever_its_order(tmp_path: Path) -> None:
    chain = streams(
        "from: b, to: {topic: c, keep: 50%}", "from: a, to: {topic: b}", "from: press/+/telemetry, to: {topic: a}"
    )
    assert rates(wired(tmp_path, files(HERE, acme=PRESS + chain)))["c"] == 200


def test_a_function_gets_a_message_once_that_two_of_its_filters_match(tmp_path: Path) -> None:
    function = functions("on: [press/+/telemetry, 'press/#'], emits: [{topic: a}, {topic: b, keep: 25%}]")
    assert publications(wired(tmp_path, files(HERE, acme=PRESS + function))) == {
        "acme class press press/{device}/telemetry": "400/s 220 B QoS 1",
        "acme function f0 a": "400/s 220 B QoS 1",
        "acme function f0 b": "100/s 220 B QoS 1",
        "acme function f0 dead-letter/f0": "0/s 220 B QoS 1",
    }


def test_the_size_of_what_is_passed_on_keeps_the_bytes_a_second(tmp_path: Path) -> None:
    devices = """\
  devices:
    small: {count: 3, publish: [{topic: "s/{device}", rate: 1/s, bytes: 10}]}
    large: {count: 1, publish: [{topic: "l/{device}", rate: 1/s, bytes: 90}]}
"""
    wiring = wired(tmp_path, files(HERE, acme=devices + streams("from: {a: s/+, b: l/+}, to: {topic: out}")))
    assert publications(wiring)["acme stream s0 out"] == "4/s 30 B QoS 1"


@pytest.mark.parametrize(
    ("steps", "schema"),
    [
        ("", "files/{site}.json"),
        (", do: [{filter: 'x > 1'}]", "files/{site}.json"),
        (", do: [{map: {y: 'x'}}]", ""),
        (", do: [{window: {every: 1s}}]", ""),
    ],
)
def test_a_schema_holds_as_long_as_messages_are_passed_on_unchanged(tmp_path: Path, steps: str, schema: str) -> None:
    documents = files(HERE, acme=PRESS.replace("bytes: 220", 'bytes: 220, schema: "files/{site}.json"'))
    documents["tenants/acme.yaml"] += streams("from: press/+/telemetry, to: {topic: out}" + steps)
    (row,) = [p for p in wired(tmp_path, documents).traffic.publications if p.topic == "out"]
    assert row.schema == schema.replace("{site}", "berlin")


def test_the_uplink_listens_to_what_goes_up_and_publishes_what_comes_down(tmp_path: Path) -> None:
    tenant = PRESS + "  uplink: {up: ['press/{site}/#'], down: [press/+/cmd]}\n"
    wiring = wired(tmp_path, files(HERE + "  offline: 1h\n", acme=tenant), LINK)
    assert publications(wiring)["acme uplink uplink press/+/cmd"] == "0/s 0 B QoS 1"
    assert [(s.principal.kind, s.filter) for s in wiring.traffic.subscriptions] == [("uplink", "press/berlin/#")]


def test_a_site_without_an_uplink_has_no_rows_of_one(tmp_path: Path) -> None:
    tenant = "  uplink: {up: [a], down: [b]}\n"
    assert wired(tmp_path, files(HERE, acme=tenant)).traffic.subscriptions == ()


def test_a_circle_counts_as_nothing_and_what_comes_into_it_counts(tmp_path: Path) -> None:
    round_and_round = streams("from: c, to: {topic: a}", "from: a, to: {topic: b}", "from: b, to: {topic: c}")
    assert set(rates(wired(tmp_path, files(HERE, acme=round_and_round))).values()) == {0}
    fed = streams(
        "from: {x: c, y: press/+/telemetry}, to: {topic: a}", "from: a, to: {topic: c}", "from: a, to: {topic: d}"
    )
    assert rates(wired(tmp_path / "fed", files(HERE, acme=PRESS + fed)))["d"] == 400


def test_a_stream_that_listens_to_itself_gets_the_rest_all_the_same(tmp_path: Path) -> None:
    tenant = PRESS + streams("from: 'press/#', to: {topic: press/out}")
    assert rates(wired(tmp_path, files(HERE, acme=tenant)))["press/out"] == 400


def test_devices_share_a_subscription_where_they_say_so(tmp_path: Path) -> None:
    tenant = '  devices: {press: {count: 40, subscribe: ["$share/jobs/work", "press/{device}/cmd"]}}\n'
    rows = wired(tmp_path, sharing(tmp_path, files(HERE, acme=tenant))).traffic.subscriptions
    assert [(s.filter, s.group, s.listeners) for s in rows] == [("work", "jobs", 1), ("press/+/cmd", "", 40)]
