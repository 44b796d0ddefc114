"""Sharing between tenants: both sides agree, the relay may do exactly that, and each mistake is found where it was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.stages.load import load_fleet, load_site
from composer.stages.resolve import Resolver
from composer.stages.wire.sizing.demand import component_connections
from tests.load.fleets import write
from tests.wire.sites import PLC, component, context, files, lines, listener, rejected, rows, users, wired

BOTH = "  tenants: {acme: {}, globex: {}}\n"
GATEWAY = """\
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {tcp: "10.20.0.5:502", cidr: 10.20.0.5/32}
      devices:
        plc-2: {tenant: globex, profile: plc, unit: 2%s}
"""
READER = ", readers: {acme: {topics: [state], rate: 6/min}}"
USES = "  uses: [{tenant: globex, gateway: hall, device: plc-2, topics: [%s]}]\n"
METER = """\
  devices:
    meter:
      %s
      publish: [{topic: "meter/{device}/state", rate: 1/s, bytes: 60}, {topic: "{site}/{device}", rate: 1/s, bytes: 60}]
      readers: {acme: {topics: [%s]}}
"""
CLASS_USES = "  uses: [{tenant: globex, devices: meter, topics: [%s]}]\n"


def test_a_shared_device_passes_the_relay_which_reads_it_and_writes_below_from(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(BOTH + GATEWAY % READER, fleet=PLC, acme=USES % "state", globex=""))
    assert rows(wiring) == [
        "acme: relay relay publish from/globex/plc/plc-2/state",
        "globex: gateway hall publish plc/plc-2/state",
        "globex: relay relay subscribe plc/plc-2/state",
    ]
    assert users(wiring, "acme") == {"relay": (["from/globex/plc/plc-2/state"], [])}
    assert users(wiring, "globex") == {"hall": (["plc/plc-2/state"], []), "relay": ([], ["plc/plc-2/state"])}
    found = context(wiring, "relay")
    assert found["component"]["namespace"] == "edge-platform"
    assert [(c["tenant"], c["certificate"], c["issuer"]) for c in found["clients"]] == [
        ("acme", "relay-mqtt-acme", "tenant-acme"),
        ("globex", "relay-mqtt-globex", "tenant-globex"),
    ]
    assert {c["port"] for c in found["clients"]} == {listener(wiring, t)["port"] for t in ("acme", "globex")}
    assert found["spec"]["limits"] == [{"name": "acme_globex_hall_plc-2", "count": 1, "milliseconds": 10000}]


def test_a_class_is_shared_as_a_whole_at_twice_the_rate_it_states_where_no_other_is_said(tmp_path: Path) -> None:
    globex = METER % ('names: "m-{0..3}"', "state")
    wiring = wired(tmp_path, files(BOTH, acme=CLASS_USES % "state", globex=globex))
    assert [r for r in rows(wiring) if "relay" in r] == [
        "acme: relay relay publish from/globex/meter/+/state",
        "globex: relay relay subscribe meter/+/state",
    ]
    assert context(wiring, "relay")["spec"]["limits"][0]["count"] == 8
    relayed = [p for p in wiring.traffic.publications if p.principal.kind == "relay"]
    assert [(p.topic, p.rate, p.senders, p.bytes) for p in relayed] == [("from/globex/meter/{device}/state", 4, 4, 60)]
    assert [s.topic for s in wiring.traffic.subscriptions] == ["meter/{device}/state"]


def test_the_relay_s_connections_count_at_both_tenants(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(BOTH + GATEWAY % READER, fleet=PLC, acme=USES % "state", globex=""))
    relay = component(wiring, "relay")
    assert component_connections(relay, context(wiring, "relay")["spec"]) == {"acme": 1, "globex": 1}


@pytest.mark.parametrize(
    ("wanted", "topics"),
    [
        ("state", ["meter/+/state"]),
        ('"berlin/{device}"', ["berlin/+"]),
        ('"meter/{device}/state"', ["meter/+/state"]),
        ('"+"', ["meter/+/state"]),
        ('"#"', ["meter/+/state", "berlin/+"]),
        ('state, "#"', ["meter/+/state", "berlin/+"]),
    ],
)
def test_topics_are_named_by_what_stands_behind_the_device_or_in_full(
    tmp_path: Path, wanted: str, topics: list[str]
) -> None:
    globex = METER % ("count: 4", '"#"')
    wiring = wired(tmp_path, files(BOTH, acme=CLASS_USES % wanted, globex=globex))
    assert [topic.filter for topic in wiring.shares[0].topics] == topics


def test_the_rate_that_is_passed_on_is_at_most_the_limit(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(BOTH + GATEWAY % READER, fleet=PLC, acme=USES % "state", globex=""))
    rates = {p.principal.kind: p.rate for p in wiring.traffic.publications}
    assert rates == {"gateway": 1, "relay": pytest.approx(0.1)}


def test_a_use_in_a_tenant_document_means_nothing_where_the_device_is_not(tmp_path: Path) -> None:
    for site in (BOTH, "  tenants: {acme: {}}\n"):
        wiring = wired(tmp_path, files(site, acme=USES % "state", globex=""))
        assert (wiring.shares, rows(wiring)) == ((), [])
        assert "relay" not in [c.name for c in wiring.stack.components]


def test_without_uses_there_is_no_relay_and_with_them_it_takes_parameters(tmp_path: Path) -> None:
    site = BOTH + GATEWAY % READER
    documents = files(
        site, fleet=PLC + "  defaults: {components: {relay: {params: {logLevel: WARN}}}}\n", acme="", globex=""
    )
    quiet = {**documents, "berlin.yaml": documents["berlin.yaml"].replace(READER, "")}
    assert "relay" not in [c.name for c in wired(tmp_path, quiet).stack.components]
    documents["tenants/acme.yaml"] = files(acme=USES % "state")["tenants/acme.yaml"]
    assert component(wired(tmp_path, documents), "relay").params["logLevel"] == "WARN"


def found(
    tmp_path: Path, *, reader: str = READER, uses: str = USES % "state", site: str = BOTH, globex: str = ""
) -> list[str]:
    return lines(rejected(tmp_path, files(site + GATEWAY % reader, fleet=PLC, acme=uses, globex=globex)))


def test_w041_a_reader_does_not_ask(tmp_path: Path) -> None:
    documents = files(BOTH + GATEWAY % READER, fleet=PLC, acme=USES.replace("plc-2", "plc-3") % "state", globex="")
    findings = rejected(tmp_path, documents)
    message = (
        "tenant acme may read plc-2 behind hall of tenant globex, but does not ask for it; sharing needs both sides"
    )
    assert lines(findings) == [f"sites/berlin.yaml:13:72 W041 {message}"]
    assert [str(related.place) for related in findings[0].related] == ["sites/tenants/acme.yaml:5:10"]


def test_w028_a_reader_that_may_read_never(tmp_path: Path) -> None:
    never = READER.replace("6/min", "0/min")
    found = rejected(tmp_path, files(BOTH + GATEWAY % never, fleet=PLC, acme=USES % "state", globex=""))
    assert lines(found) == [
        "sites/berlin.yaml:13:96 W028 tenant acme may read plc-2 behind hall of tenant globex at a rate of zero, which is never"
    ]


def test_w042_a_use_is_not_granted(tmp_path: Path) -> None:
    message = (
        "tenant acme uses plc-2 behind hall of tenant globex, whose owner does not list it; sharing needs both sides"
    )
    assert found(tmp_path, reader="") == [f"sites/tenants/acme.yaml:5:10 W042 {message}"]


def test_w043_a_topic_is_not_published_on_either_side(tmp_path: Path) -> None:
    findings = rejected(
        tmp_path,
        files(BOTH + GATEWAY % READER.replace("state", "stat"), fleet=PLC, acme=USES % "stated", globex=""),
    )
    assert lines(findings) == [
        "sites/berlin.yaml:13:82 W043 plc-2 behind hall of tenant globex publishes no topic 'stat'",
        "sites/tenants/acme.yaml:5:66 W043 plc-2 behind hall of tenant globex publishes no topic 'stated'",
    ]
    assert [d.hint for d in findings] == ["did you mean 'state'?"] * 2


def test_w044_what_the_site_itself_says_has_to_be_here(tmp_path: Path) -> None:
    site = "  tenants: {acme: {uses: [{tenant: globex, gateway: hall, device: plc-3, topics: [state]}]}, globex: {}}\n"
    reader = ", readers: {acmee: {topics: [state]}}"
    findings = rejected(tmp_path, files(site + GATEWAY % reader, fleet=PLC, acme="", globex=""))
    assert [(d.code, d.place.line, d.hint) for d in findings] == [
        ("W044", 13, "did you mean 'acme'?"),
        ("W044", 7, "did you mean 'plc-2'?"),
    ]


def test_w045_more_is_asked_than_is_granted(tmp_path: Path) -> None:
    globex = METER % ("count: 4", "state")
    findings = rejected(tmp_path, files(BOTH, acme=CLASS_USES % '"#"', globex=globex))
    message = "tenant acme asks for berlin/{device} of device class meter of tenant globex, which it is not given"
    assert lines(findings) == [f"sites/tenants/acme.yaml:5:52 W045 {message}"]
    assert [str(related.place) for related in findings[0].related] == ["sites/tenants/globex.yaml:9:32"]


def test_w046_a_tenant_shares_with_itself(tmp_path: Path) -> None:
    uses = "  uses: [{tenant: acme, gateway: hall, device: plc-2, topics: [state]}]\n"
    assert [
        line.partition(" ")[2][:4] for line in found(tmp_path, reader=READER.replace("acme", "globex"), uses=uses)
    ] == [
        "W046",
        "W046",
    ]


def test_w047_a_class_cannot_be_shared_by_a_filter_that_holds_more(tmp_path: Path) -> None:
    stream = '  streams: {mean: {blueprint: stream-bento@1, from: a, to: {topic: "meter/{line}/state", rate: 1/s}}}\n'
    globex = METER % ("count: 4", "state") + stream
    findings = rejected(tmp_path, files(BOTH, acme=CLASS_USES % "state", globex=globex))
    message = (
        "sharing meter/{device}/state of class meter with tenant acme would share meter/{line}/state of stream mean too"
    )
    assert lines([d for d in findings if d.code == "W047"]) == [f"sites/tenants/globex.yaml:9:23 W047 {message}"]


def test_w048_the_relay_was_removed(tmp_path: Path) -> None:
    documents = files(BOTH + GATEWAY % READER, fleet=PLC, acme=USES % "state", globex="")
    documents["berlin.yaml"] = documents["berlin.yaml"].replace("@1}}\n", "@1}, relay: null}\n", 1)
    assert lines(rejected(tmp_path, documents)) == [
        "sites/tenants/acme.yaml:5:10 W048 nothing at site berlin can pass this on"
    ]


def test_a_shared_gateway_whose_owner_leaves_the_site_is_one_finding(tmp_path: Path) -> None:
    assert found(tmp_path, site="  tenants: {acme: {}}\n") == [
        "sites/berlin.yaml:13:25 W002 device plc-2 belongs to tenant 'globex', which is not at this site"
    ]


@pytest.mark.parametrize(("names", "wrong"), [('names: "p-{0..3}"', False), ("names: from", True), ("count: 4", True)])
def test_w040_a_reader_s_devices_cannot_be_called_from(tmp_path: Path, names: str, wrong: bool) -> None:
    own = f'  devices: {{press: {{{names}, publish: [{{topic: "{{device}}/x", rate: 1/s, bytes: 1}}]}}}}\n'
    documents = files(BOTH + GATEWAY % READER, fleet=PLC, acme=USES % "state" + own, globex="")
    if not wrong:
        assert wired(tmp_path, documents).shares
    else:
        assert [d.code for d in rejected(tmp_path, documents)] == ["W040"]
    alone = files("  tenants: {acme: {}}\n", acme=own)
    assert wired(tmp_path / "alone", alone).grants


@pytest.mark.parametrize(
    ("use", "column"),
    [
        ("gateway: hall", 10),
        ("device: plc-2", 10),
        ("gateway: hall, devices: plc", 51),
        ("devices: p, device: q", 36),
    ],
)
def test_a_use_names_a_device_behind_a_gateway_or_a_class(tmp_path: Path, use: str, column: int) -> None:
    acme = f"  uses: [{{tenant: globex, {use}, topics: [state]}}]\n"
    fleet, _ = load_fleet(write(tmp_path, files(BOTH + GATEWAY % "", fleet=PLC, acme=acme, globex="")))
    with pytest.raises(Rejected) as refused:
        Resolver(fleet).resolve(load_site(fleet, "berlin"))
    found = [(str(d.place), d.code) for d in refused.value.diagnostics]
    assert found == [(f"sites/tenants/acme.yaml:5:{column}", "L013")]
