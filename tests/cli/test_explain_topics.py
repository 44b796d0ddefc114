"""`composer explain SITE topics`: the graph of a site's topics, for people and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.kit import CLUSTER, composer
from tests.load.fleets import document, write

TENANT = """
  devices:
    press:
      count: 40
      publish: [{topic: "press/{device}/state", rate: 1/s, bytes: 200, qos: 1}]
      subscribe: ["press/{device}/cmd"]
  streams:
    mean: {blueprint: stream-bento@1, from: press/+/state, to: {topic: mean, qos: 0}, do: [{window: {every: 1m, by: device}}]}
  functions:
    stop:
      blueprint: function-http@1
      on: [mean, 'gone/#']
      params: {image: "example.com/stop:1"}
      emits: {topic: 'say "<b>"', keep: 1%}
"""
GATEWAY = """
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {tcp: "10.0.0.1:502", cidr: 10.0.0.1/32}
      devices: {a: {tenant: acme, profile: plc, unit: 1}, b: {tenant: acme, profile: plc, unit: 2}}
"""
PROFILES = """
  delivery: {engine: flux, url: "https://git.example.com/delivery.git"}
  deviceProfiles:
    plc:
      protocol: modbus
      points: [{name: p, register: holding, address: 0, type: INT16}]
      publish: [{topic: "plc/{device}/state", rate: 1/d, bytes: 60, retain: true}]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with findings on its topics, and one with nothing at all."""
    ingress = "components: {ingress: {blueprint: mqtt-mosquitto@1}}"
    berlin = f"\n  cluster: {{domain: b.example.com, {CLUSTER}}}\n  {ingress}\n  tenants: {{acme: {{}}}}{GATEWAY}"
    files = {
        "fleet.yaml": document("Fleet", "test", PROFILES),
        "tenants/acme.yaml": document("Tenant", "acme", TENANT),
        "berlin.yaml": document("Site", "berlin", berlin),
        "empty.yaml": document("Site", "empty", f"\n  cluster: {{domain: e.example.com, {CLUSTER}}}\n"),
    }
    return write(tmp_path_factory.mktemp("topics"), files)


def test_topics_are_drawn_for_people_also_where_they_have_findings(root: Path) -> None:
    ran = composer(root, "explain", "berlin", "topics")
    assert (ran.code, ran.err) == (0, "")
    assert (
        ran.out
        == """\
site berlin

tenant acme
  device class press (40 devices)
    press/{device}/state  40/s of 200B at QoS 1, 8kB/s
      -> stream mean by press/+/state
  gateway hall
    plc/{device}/state  2/d of 60B at QoS 1, retained, 120B/d
      -> nobody
  stream mean
    mean  40/min of 200B at QoS 0, 133B/s
      -> function stop
  function stop
    say "<b>"  24/h of 200B at QoS 1, 115kB/d
      -> nobody
    dead-letter/stop  at QoS 1
      -> nobody
  nobody publishes to
    press/{device}/cmd  <- device class press (40 devices)
    gone/#  <- function stop
"""
    )


def test_topics_are_drawn_for_graphviz(root: Path) -> None:
    ran = composer(root, "explain", "berlin", "topics", "--format", "dot")
    assert ran.code == 0
    assert ran.out.startswith('digraph "berlin" {\n')
    assert '    n0_0 -> n0_2 [label="press/{device}/state 40/s of 200B at QoS 1, 8kB/s"];\n' in ran.out
    assert '    n0_3 -> n0_nobody [label="say \\"<b>\\" 24/h of 200B at QoS 1, 115kB/d"];\n' in ran.out
    assert '    n0_nobody -> n0_3 [label="gone/#"];\n' in ran.out
    quoted = re.compile(r'"(?:[^"\\]|\\.)*"')
    assert '"' not in quoted.sub("", ran.out)


def test_topics_are_drawn_for_markdown(root: Path) -> None:
    ran = composer(root, "explain", "berlin", "topics", "--format", "mermaid")
    assert ran.out.startswith('flowchart LR\n  subgraph t0["tenant acme"]\n')
    assert '    n0_3 -->|"say #34;#60;b#62;#34; 24/h of 200B at QoS 1, 115kB/d"| n0_nobody\n' in ran.out
    assert '    n0_nobody -->|"gone/#35;"| n0_3\n' in ran.out


def test_topics_are_told_to_programs(root: Path) -> None:
    (tenant,) = json.loads(composer(root, "explain", "berlin", "topics", "--format", "json").out)["tenants"]
    first = tenant["flows"][0]
    assert (tenant["tenant"], first["topic"], first["rate"], first["bytes"], first["devices"]) == (
        "acme",
        "press/{device}/state",
        40.0,
        200,
        40,
    )
    assert [(r["actor"]["name"], r["filter"], r["qos"]) for r in first["readers"]] == [("mean", "press/+/state", 1)]
    assert [r["filter"] for r in tenant["unheard"]] == ["press/{device}/cmd", "gone/#"]


def test_a_site_without_tenants_has_nothing_to_draw(root: Path) -> None:
    assert composer(root, "explain", "empty", "topics").out == "site empty\n\nnothing is published and nobody listens\n"


def test_the_drawing_is_the_same_with_every_hash_seed(root: Path) -> None:
    drawn = {
        composer(root, "explain", "berlin", "topics", "--format", "dot", PYTHONHASHSEED=seed).out for seed in "123"
    }
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("berlim", "topics"), "X001"),
        (("W020", "--format", "dot"), "X006"),
        (("berlin", "ConfigMap/x", "--format", "dot"), "X006"),
    ],
)
def test_wrong_questions_are_refused(root: Path, words: tuple[str, ...], code: str) -> None:
    ran = composer(root, "explain", *words)
    assert (ran.code, code in ran.err) == (2, True)


def test_findings_on_topics_are_shown_by_validate(root: Path) -> None:
    ran = composer(root, "validate", "berlin", "--format", "concise")
    assert ran.code == 1
    assert sorted(set(re.findall(r"W\d\d\d", ran.out))) == ["W020", "W021", "W023"]
