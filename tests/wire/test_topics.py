"""The graph of topics: each finding at the line that a person has to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Place, in_order
from composer.model.stack import HubLink
from composer.stages.load import load_fleet, read_payload
from composer.stages.wire import check_topics, schema_paths, wire
from tests.load.fleets import write
from tests.wire.sites import LINK, PLC, files, rejected, resolved
from tests.wire.test_traffic import GATEWAY, functions, streams

HERE = "  tenants: {acme: {}}\n"
BOTH = "  tenants: {acme: {}, globex: {}}\n"
DEVICE = '{topic: "press/{device}/telemetry", rate: 1/s, bytes: 220}'
PRESS = '  devices:\n    press: {names: "press-{000..399}", publish: [%s]}\n'


def found(root: Path, documents: dict[str, str], link: HubLink | None = None) -> list[Diagnostic]:
    """The findings on the topics of the site berlin, in file order."""
    stack = resolved(root, documents, link)
    wiring, findings = wire(stack, link)
    assert findings == []
    paths = schema_paths(wiring.traffic)
    return in_order(check_topics(wiring, {path: read_payload(stack.fleet, path) for path in paths}))


def said(findings: list[Diagnostic]) -> list[str]:
    return [f"{at(d.place)} {d.severity}[{d.code}] {d.message}" for d in findings]


def at(place: Place) -> str:
    """A place as its file, its line and the text that is underlined there."""
    start = place.column - 1
    return f"{Path(place.file).name}:{place.line} `{place.source[start : start + place.width]}`"


def acme(root: Path, *spec: str, link: HubLink | None = None) -> list[Diagnostic]:
    """The findings where the tenant acme says this, from line 5 on."""
    return found(root, files(HERE, acme="".join(spec)), link)


READER = functions("on: 'press/#'")


def test_a_chain_from_devices_to_a_function_and_back_has_no_findings(tmp_path: Path) -> None:
    devices = f"""\
  devices:
    press: {{count: 400, publish: [{DEVICE}], subscribe: ["press/{{device}}/cmd"]}}
"""
    chain = streams("from: press/+/telemetry, to: {topic: press/alert}") + functions(
        "on: press/alert, emits: {topic: 'press/{device}/cmd'}"
    )
    assert acme(tmp_path, devices, chain) == []


def test_w020_a_filter_that_nobody_publishes_to(tmp_path: Path) -> None:
    findings = acme(tmp_path, PRESS % DEVICE, functions("on: [press/+/telemetry, press/+/telemtry]"))
    assert said(findings) == [
        "acme.yaml:8 `press/+/telemtry` error[W020] nobody publishes to 'press/+/telemtry', "
        "which function f0 of tenant acme listens to"
    ]
    assert findings[0].hint == "did you mean 'press/{device}/telemetry'?"


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (streams("from: a/b, to: {topic: c}") + functions("on: c"), "6 `a/b`"),
        (streams("from: {x: a/b}, to: {topic: c}") + functions("on: c"), "6 `a/b`"),
        (functions("on: a/b"), "6 `a/b`"),
        ("  devices: {d: {count: 3, subscribe: ['a/{device}']}}\n", "5 `'a/{device}'`"),
    ],
)
def test_w020_whoever_listens(tmp_path: Path, spec: str, where: str) -> None:
    assert [at(d.place) for d in acme(tmp_path, spec) if d.code == "W020"] == [f"acme.yaml:{where}"]


def test_w020_something_is_to_go_up_that_nobody_publishes(tmp_path: Path) -> None:
    findings = acme(tmp_path, PRESS % DEVICE, READER, "  uplink: {up: [press/mean, 'press/#']}\n", link=LINK)
    assert said(findings) == [
        "acme.yaml:9 `press/mean` error[W020] nobody publishes to 'press/mean', which the uplink of tenant acme listens to"
    ]


def test_what_comes_down_is_published(tmp_path: Path) -> None:
    spec = functions("on: [cmd/+]") + "  uplink: {down: ['cmd/#']}\n"
    assert acme(tmp_path, spec, link=LINK) == []


def test_a_site_without_an_uplink_is_no_reason_to_complain_of_what_is_meant_for_it(tmp_path: Path) -> None:
    assert (
        acme(tmp_path, PRESS % DEVICE, functions("on: [cmd/+]"), "  uplink: {up: ['press/#'], down: [cmd/+]}\n") == []
    )


def test_w020_a_device_by_a_name_that_no_device_of_the_class_has(tmp_path: Path) -> None:
    both = functions("on: [press/press-399/telemetry, press/press-400/telemetry]")
    assert said(acme(tmp_path, PRESS % DEVICE, both)) == [
        "acme.yaml:8 `press/press-400/telemetry` error[W020] nobody publishes to 'press/press-400/telemetry', "
        "which function f0 of tenant acme listens to"
    ]


ELSEWHERE = (PRESS % DEVICE).replace("{names", "{at: {matchLabels: {kind: restaurant}}, names")


def test_w030_a_function_for_a_class_that_is_at_other_sites_alone(tmp_path: Path) -> None:
    (finding,) = acme(tmp_path, ELSEWHERE, READER)
    assert said([finding]) == [
        "acme.yaml:8 `'press/#'` warning[W030] nobody publishes to 'press/#' at this site, only at others; "
        "function f0 of tenant acme listens to it in vain"
    ]
    assert finding.hint == "leave it out here: `tenants: {acme: {functions: {f0: null}}}`"


def test_the_uplink_and_devices_may_wait_for_what_is_published_at_other_sites(tmp_path: Path) -> None:
    panel = "    panel: {count: 2, subscribe: [press/+/telemetry]}\n"
    spec = (ELSEWHERE, panel, "  uplink: {up: [press/+/telemetry]}\n")
    assert acme(tmp_path, *spec, link=LINK) == []
    assert [d.code for d in acme(tmp_path / "typo", *spec[:2], "  uplink: {up: [press/+/telemtry]}\n", link=LINK)] == [
        "W020"
    ]


def test_what_a_site_leaves_out_is_published_elsewhere_and_w030_where_the_site_itself_asks_for_it(
    tmp_path: Path,
) -> None:
    spec = (
        PRESS % DEVICE + streams("from: press/+/telemetry, to: {topic: press/mean}") + "  uplink: {up: [press/mean]}\n"
    )
    less = "  tenants: {acme: {devices: null, streams: {s0: null}}}\n"
    assert found(tmp_path, files(less, acme=spec), LINK) == []
    asks = "  tenants: {acme: {devices: null, streams: {s0: null}, uplink: {up: [press/mean]}}}\n"
    (finding,) = found(tmp_path / "asks", files(asks, acme=spec), LINK)
    assert (finding.code, finding.place.file) == ("W030", "sites/berlin.yaml")


def test_devices_of_a_profile_may_be_behind_gateways_of_other_sites(tmp_path: Path) -> None:
    documents = files(HERE, acme="  uplink: {up: [plc/+/state]}\n", fleet=PLC)
    assert found(tmp_path, documents, LINK) == []


def test_w020_the_broker_s_own_topics_are_out_of_reach(tmp_path: Path) -> None:
    (finding,) = acme(tmp_path, functions("on: $SYS/broker/uptime"))
    assert (finding.code, finding.hint) == (
        "W020",
        "topics that begin with $ are the broker's own; tenants do not see them",
    )


def test_wildcards_at_the_front_do_not_reach_topics_with_a_dollar_sign(tmp_path: Path) -> None:
    findings = acme(tmp_path, functions("on: [$x/x, '+/y']"), streams("from: '#', to: {topic: x/y}"))
    assert [(d.code, d.place.line) for d in findings] == [("W020", 6), ("W022", 8)]


def test_w020_another_tenant_publishes_there(tmp_path: Path) -> None:
    documents = files(BOTH, acme=READER, globex=PRESS % DEVICE + READER)
    (finding,) = found(tmp_path, documents)
    assert finding.hint == "tenant globex publishes there: its devices can be read through `readers` and `uses`"


def test_w021_a_topic_that_nobody_reads(tmp_path: Path) -> None:
    assert said(acme(tmp_path, PRESS % DEVICE)) == [
        "acme.yaml:6 `\"press/{device}/telemetry\"` warning[W021] nobody reads 'press/{device}/telemetry', "
        "which device class press of tenant acme publishes"
    ]


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (streams("from: press/+/telemetry, to: {topic: c}"), "c"),
        (functions("on: press/+/telemetry, emits: {topic: c}"), "c"),
        (functions("on: press/+/telemetry, emits: [{topic: c}]"), "c"),
    ],
)
def test_w021_whoever_publishes(tmp_path: Path, spec: str, where: str) -> None:
    assert [(at(d.place), d.code) for d in acme(tmp_path, PRESS % DEVICE, spec)] == [(f"acme.yaml:8 `{where}`", "W021")]


def test_w021_is_said_once_for_all_devices_of_a_gateway_that_are_alike(tmp_path: Path) -> None:
    devices = ", ".join(f"plc-{i}: {{tenant: acme, profile: plc, unit: {i}}}" for i in range(1, 8))
    documents = files(HERE + GATEWAY % devices, fleet=PLC, acme="")
    assert said(found(tmp_path, documents)) == [
        "berlin.yaml:12 `plc` warning[W021] nobody reads 'plc/{device}/state', "
        "which gateway hall of tenant acme publishes for 7 devices"
    ]


def test_w021_does_not_count_dead_letters_and_what_goes_up(tmp_path: Path) -> None:
    spec = functions("on: press/+/telemetry, deadLetter: lost") + "  uplink: {up: ['press/#']}\n"
    assert acme(tmp_path, PRESS % DEVICE, spec, link=LINK) == []


def test_commands_for_devices_at_other_sites_are_read_there(tmp_path: Path) -> None:
    elsewhere = 'old: {count: 2, at: {matchLabels: {kind: restaurant}}, subscribe: ["press/{device}/cmd"]}'
    spec = (
        PRESS % DEVICE + f"    {elsewhere}\n" + functions("on: press/+/telemetry, emits: {topic: 'press/{device}/cmd'}")
    )
    assert acme(tmp_path, spec) == []


def test_w021_names_the_filter_that_is_nearly_the_same(tmp_path: Path) -> None:
    findings = acme(tmp_path, PRESS % DEVICE, functions("on: press/+/telemtry"))
    assert [(d.code, d.hint) for d in findings] == [
        ("W021", "somebody listens to 'press/+/telemtry' in vain"),
        ("W020", "did you mean 'press/{device}/telemetry'?"),
    ]


def test_w022_a_stream_feeds_itself_through_three_others(tmp_path: Path) -> None:
    circle = streams(
        "from: {x: a, y: press/+/telemetry}, to: {topic: b}",
        "from: b, to: {topic: c}",
        "from: c, to: {topic: d}",
        "from: d, to: {topic: a}",
    )
    (finding,) = acme(tmp_path, PRESS % DEVICE, circle)
    assert said([finding]) == [
        "acme.yaml:8 `b` error[W022] messages of tenant acme go round in a circle: "
        "stream s0 -> b -> stream s1 -> c -> stream s2 -> d -> stream s3 -> a -> stream s0"
    ]
    hops = [f"{at(r.place)} {r.message}" for r in finding.related]
    assert hops[:4] == [
        "acme.yaml:9 `b` stream s1 of tenant acme listens to 'b'",
        "acme.yaml:10 `c` stream s2 of tenant acme listens to 'c'",
        "acme.yaml:11 `d` stream s3 of tenant acme listens to 'd'",
        "acme.yaml:8 `a` stream s0 of tenant acme listens to 'a'",
    ]
    assert len(hops) == 7


@pytest.mark.parametrize(
    ("spec", "way"),
    [
        (streams("from: 'press/#', to: {topic: press/mean}"), "stream s0 -> press/mean -> stream s0"),
        (
            functions("on: press/+/cmd, emits: {topic: 'press/{device}/cmd'}"),
            "function f0 -> press/{device}/cmd -> function f0",
        ),
        (
            streams("from: press/+/telemetry, to: {topic: a}", "from: b, to: {topic: press/x/telemetry}")
            + functions("on: a, emits: [{topic: unread}, {topic: b}]"),
            "stream s0 -> a -> function f0 -> b -> stream s1 -> press/x/telemetry -> stream s0",
        ),
    ],
)
def test_w022_streams_and_functions(tmp_path: Path, spec: str, way: str) -> None:
    messages = [d.message for d in acme(tmp_path, PRESS % DEVICE, spec) if d.code == "W022"]
    assert messages == [f"messages of tenant acme go round in a circle: {way}"]


def test_a_function_that_answers_elsewhere_is_no_circle(tmp_path: Path) -> None:
    spec = PRESS % DEVICE + functions("on: press/+/telemetry, emits: {topic: a}", "on: a, emits: {topic: b}")
    assert [d.code for d in acme(tmp_path, spec)] == ["W021"]


def test_w022_two_circles_that_share_a_stream_are_both_told(tmp_path: Path) -> None:
    spec = streams("from: {x: b, y: c}, to: {topic: a}", "from: a, to: {topic: b}", "from: a, to: {topic: c}")
    assert [d.code for d in acme(tmp_path, spec)] == ["W022", "W022"]


def test_w022_what_goes_up_comes_down_again(tmp_path: Path) -> None:
    (finding,) = acme(tmp_path, PRESS % DEVICE, "  uplink: {up: [press/+/telemetry], down: ['press/x/#']}\n", link=LINK)
    assert said([finding]) == [
        "acme.yaml:7 `press/+/telemetry` error[W022] messages of tenant acme go round in a circle: "
        "uplink.up 'press/+/telemetry' -> hub -> uplink.down 'press/x/#' -> uplink.up"
    ]
    assert [at(r.place) for r in finding.related] == ["acme.yaml:7 `'press/x/#'`"]


def test_w022_a_function_is_given_its_own_dead_letters(tmp_path: Path) -> None:
    spec = PRESS % DEVICE + functions("on: press/+/telemetry", "on: 'dead-letter/#'")
    assert said(acme(tmp_path, spec)) == [
        "acme.yaml:9 `'dead-letter/#'` error[W022] function f1 of tenant acme listens to its own dead letters, "
        "'dead-letter/f1', and so gets them forever"
    ]


ZERO = DEVICE.replace("}", ", qos: 0}", 2).replace("{device, qos: 0}", "{device}")


def test_w023_a_function_wants_at_least_once_what_is_sent_at_most_once(tmp_path: Path) -> None:
    (finding,) = acme(tmp_path, PRESS % ZERO, functions("on: press/+/telemetry"))
    assert said([finding]) == [
        "acme.yaml:6 `0` warning[W023] device class press of tenant acme publishes 'press/{device}/telemetry' "
        "at QoS 0, but function f0 of tenant acme wants it at least once"
    ]
    assert [at(r.place) for r in finding.related] == ["acme.yaml:8 `press/+/telemetry`"]
    assert acme(tmp_path / "0", PRESS % ZERO, functions("on: press/+/telemetry, qos: 0")) == []


def test_w023_a_chain_ends_at_the_uplink(tmp_path: Path) -> None:
    chain = streams("from: press/+/telemetry, to: {topic: a}, do: [{keep: [x]}]")
    (finding,) = acme(tmp_path, PRESS % ZERO, chain, "  uplink: {up: [a]}\n", link=LINK)
    assert (finding.code, finding.place.line) == ("W023", 6)
    assert [at(r.place) for r in finding.related] == ["acme.yaml:9 `a`"]


@pytest.mark.parametrize(
    "output", ["{topic: a}, do: [{window: {every: 10s, by: device, mean: [x]}}]", "{topic: a, qos: 0}"]
)
def test_a_window_and_an_output_at_qos_0_ask_for_no_more_of_their_inputs(tmp_path: Path, output: str) -> None:
    chain = streams(f"from: press/+/telemetry, to: {output}") + functions("on: a, qos: 0")
    assert acme(tmp_path, PRESS % ZERO, chain) == []


def test_w023_points_at_the_profile_of_devices_behind_a_gateway(tmp_path: Path) -> None:
    profile = PLC.replace("bytes: 60}", "bytes: 60, qos: 0}")
    devices = "a: {tenant: acme, profile: plc, unit: 1}, b: {tenant: acme, profile: plc, unit: 2}"
    documents = files(HERE + GATEWAY % devices, fleet=profile, acme=functions("on: plc/+/state"))
    assert said(found(tmp_path, documents)) == [
        "fleet.yaml:9 `0` warning[W023] gateway hall of tenant acme publishes 'plc/{device}/state' at QoS 0, "
        "but function f0 of tenant acme wants it at least once"
    ]


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (functions("on: press/+/telemetry, emits: {topic: from/globex/x}"), "from/globex/x"),
        (functions("on: press/+/telemetry, deadLetter: from/x"), "from/x"),
        (streams("from: press/+/telemetry, to: {topic: 'from/{device}'}"), "'from/{device}'"),
    ],
)
def test_w026_nobody_puts_words_into_another_tenant_s_mouth(tmp_path: Path, spec: str, where: str) -> None:
    findings = [d for d in acme(tmp_path, PRESS % DEVICE, spec) if d.code == "W026"]
    assert [at(d.place) for d in findings] == [f"acme.yaml:8 `{where}`"]


@pytest.mark.parametrize("other", ['subscribe: ["meter/{device}/cmd"]', 'publish: [{topic: "meter/{device}/cmd"}]'])
def test_w027_a_function_writes_to_a_device_topic_of_another_tenant(tmp_path: Path, other: str) -> None:
    spec = PRESS % DEVICE + functions("on: press/+/telemetry, emits: {topic: 'meter/{device}/cmd'}")
    documents = files(BOTH, acme=spec, globex=f"  devices: {{meter: {{count: 2, {other}}}}}\n")
    (finding,) = [d for d in found(tmp_path, documents) if d.code == "W027"]
    assert said([finding]) == [
        "acme.yaml:8 `'meter/{device}/cmd'` error[W027] function f0 of tenant acme publishes to 'meter/{device}/cmd', "
        "a topic of devices of tenant globex, which never get it"
    ]


@pytest.mark.parametrize("other", ["globex", "acme-eu", "ac"])
def test_tenants_with_equal_topics_and_names_that_begin_alike_have_nothing_to_do_with_each_other(
    tmp_path: Path, other: str
) -> None:
    site = f"  tenants: {{acme: {{}}, {other}: {{}}}}\n"
    assert found(tmp_path, files(site, **{"acme": PRESS % DEVICE + READER, other: PRESS % DEVICE + READER})) == []
    alone = files(site, **{"acme": PRESS % DEVICE, other: READER})
    assert [(d.code, d.place.file) for d in found(tmp_path / "alone", alone)] == sorted(
        [("W021", "sites/tenants/acme.yaml"), ("W020", f"sites/tenants/{other}.yaml")], key=lambda pair: pair[1]
    )


def test_all_findings_are_made_in_one_run(tmp_path: Path) -> None:
    spec = PRESS % ZERO + streams("from: a/a, to: {topic: a/a}", "from: nobody, to: {topic: from/x}") + READER
    assert [d.code for d in acme(tmp_path, spec)] == ["W023", "W022", "W020", "W021", "W026"]


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (PRESS % DEVICE.replace("1/s", "0/s") + READER, "acme.yaml:6 `0/s`"),
        (
            PRESS % DEVICE + streams("from: press/+/telemetry, to: {topic: a, rate: 0/min}") + functions("on: a"),
            "acme.yaml:8 `0/min`",
        ),
        (
            PRESS % DEVICE + functions("on: press/+/telemetry, emits: [{topic: a, keep: 0%}]", "on: a"),
            "acme.yaml:8 `0%`",
        ),
    ],
)
def test_w028_a_rate_of_zero(tmp_path: Path, spec: str, where: str) -> None:
    assert [(d.code, at(d.place)) for d in acme(tmp_path, spec)] == [("W028", where)]


def test_w029_a_device_that_does_not_say_how_much_it_publishes(tmp_path: Path) -> None:
    profile = PLC.replace("rate: 1/s, bytes: 60", "rate: 1/s")
    own = PRESS % '{topic: "press/{device}/telemetry"}'
    devices = "a: {tenant: acme, profile: plc, unit: 1}, b: {tenant: acme, profile: plc, unit: 2}"
    reader = functions("on: ['press/#', 'plc/#']")
    assert said(found(tmp_path, files(HERE + GATEWAY % devices, fleet=profile, acme=own + reader))) == [
        "fleet.yaml:9 `\"plc/{device}/state\"` warning[W029] gateway hall of tenant acme publishes 'plc/{device}/state', "
        "but nothing says its bytes",
        'acme.yaml:6 `"press/{device}/telemetry"` warning[W029] device class press of tenant acme publishes '
        "'press/{device}/telemetry', but nothing says its rate and bytes",
    ]


LONG = "x" * 65_536


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (functions("on: a/#/b"), "# can only be the last level"),
        (functions("on: a/b#"), "a wildcard fills a whole level"),
        (functions("on: 'a/{device}+'"), "a wildcard fills a whole level"),
        (functions("on: 'a/{device'"), "a placeholder is written {device}"),
        (functions("on: 'a/{}/b'"), "a placeholder is written {device}"),
        (functions("on: $share/g"), "a shared subscription"),
        (functions('on: "a/\\0"'), "a"),
        (functions(f"on: {LONG}"), "65535 bytes"),
        (functions("on: a, emits: {topic: a/+}"), "without wildcards"),
        (functions("on: a, emits: {topic: $SYS/x}"), "those that begin with $ are the broker's own"),
        (functions("on: a, emits: {topic: $share/g/x}"), "those that begin with $ are the broker's own"),
        (PRESS % '{topic: "$SYS/x", rate: 1/s, bytes: 1}', "those that begin with $ are the broker's own"),
        (PRESS % '{topic: "a/{other}", rate: 1/s, bytes: 1}', "{other}"),
        (PRESS % DEVICE.replace("1/s", "-1/s"), "a rate such as 1/s"),
        (PRESS % DEVICE.replace("1/s", '"1"'), "a rate such as 1/s"),
        (PRESS % DEVICE.replace("1/s", "1"), "expected"),
        (PRESS % DEVICE.replace("1/s", "1/fortnight"), "a rate such as 1/s"),
    ],
)
def test_topics_and_rates_that_cannot_be_are_refused_before_anybody_asks_who_reads_them(
    tmp_path: Path, spec: str, words: str
) -> None:
    documents = files(HERE, acme=spec)
    _, findings = load_fleet(write(tmp_path, documents))
    findings = findings or rejected(tmp_path, documents)
    assert [d for d in findings if words in d.message + d.hint], said(findings)
    assert all(d.place.line for d in findings)


def test_levels_may_be_empty(tmp_path: Path) -> None:
    """They are levels like any other, not mistakes: /a is not a."""
    spec = PRESS % '{topic: "/a//{device}/", rate: 1/s, bytes: 9}'
    assert acme(tmp_path, spec, functions("on: [/a//+/, '+/+/+/+/+', '/#']")) == []
    assert [d.code for d in acme(tmp_path / "other", spec, functions("on: a/+"))] == ["W021", "W020"]
