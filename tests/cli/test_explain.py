"""`composer explain`: where a value comes from, and what a code means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from composer.model.fieldpath import path_text, resolve_path, value_at
from composer.model.figures import BESIDES
from composer.pipeline.answers import Answers
from composer.pipeline.explain import explain_value, traced_objects
from composer.pipeline.line import Line
from composer.report.codes import all_codes
from composer.source.document import Route
from composer.stages.load import load_fleet
from tests.cli.kit import ROOT, composer, example, fleet, note, site
from tests.load.fleets import document


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text that the fleet, a profile and the site set, one after another."""
    defaults = (
        '{delivery: {url: "https://git.example.com/y.git"}, defaults: {blueprints: {note: {params: {text: low}}}}}'
    )
    return fleet(
        tmp_path_factory.mktemp("layered"),
        {
            "fleet.yaml": document("Fleet", "test", defaults),
            "profiles/p.yaml": document("Profile", "p", "\n  " + note("text: middle, texts: {more: from p}")),
            "a.yaml": site("a", "profiles: [p]", note("text: high")),
        },
    )


@pytest.fixture(scope="module")
def example_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example(tmp_path_factory.mktemp("example"))


def test_a_value_is_explained_down_to_every_layer_that_set_it(layered: Path) -> None:
    ran = composer(layered, "explain", "a", "ConfigMap/note", "data.text")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "\n".join(
        [
            'ConfigMap/note data.text = "high"',
            "  placed by blueprints/note/v1/manifests/object.yaml:13:14  (component note)",
            "  expression {{ params.text }}",
            '  read params.text = "high"',
            "    set by site a, sites/a.yaml:7:57",
            '    overrides "middle" of profile p, sites/profiles/p.yaml:5:57',
            '    overrides "low" of fleet defaults, sites/fleet.yaml:4:104',
            '    overrides "" of blueprint note@1.0.0, blueprints/note/v1/params.yaml:2:31',
            "",
        ]
    )


def test_a_whole_object_is_explained_value_by_value(layered: Path) -> None:
    ran = composer(layered, "explain", "a", "configmap/note")
    assert ran.code == 0
    assert "metadata.namespace = " in ran.out
    assert "the template states this value" in ran.out


@pytest.mark.parametrize(
    "field", ["spec.template.spec.containers.0.image", "spec.template.spec.containers[name=job].image"]
)
def test_an_item_of_a_list_is_meant_by_its_number_or_by_its_name(example_fleet: Path, field: str) -> None:
    ran = composer(example_fleet, "explain", "rome-01", "Deployment/fridge-log", field)
    assert ran.code == 0
    assert ran.out.startswith("Deployment/fridge-log spec.template.spec.containers.0.image = ")
    assert "read images.bento = " in ran.out


def test_access_rules_name_the_grants_they_follow_from_and_network_policies_the_flows(example_fleet: Path) -> None:
    access = composer(example_fleet, "explain", "berlin-01", "ConfigMap/ingress-access-acme", "data").out
    assert re.search(
        r"may subscribe press/\+/telemetry, because of tenants.acme\S+, sites/tenants/acme.yaml:\d+:", access
    )
    policy = composer(example_fleet, "explain", "berlin-01", "NetworkPolicy/ingress", "spec").out
    assert re.search(r"egress on port 8883/TCP, because uplink to hub-eu, sites/profiles/edge-box.yaml:\d+:", policy)
    role = composer(example_fleet, "explain", "berlin-01", "Role/tenant-acme/delivery", "rules").out
    assert re.search(
        r"delivery-acme may get list watch pods, because tenants.acme .*, sites/eu/de/berlin-01.yaml:\d+:", role
    )


def test_what_a_long_text_follows_from_is_told_once(example_fleet: Path) -> None:
    told = composer(example_fleet, "explain", "berlin-01", "ConfigMap/ingress", "data.[mosquitto.conf]").out
    blocks = re.findall(r"((?:  read .*\n)+)((?:    .*\n)*)", told)
    assert [line for block, _ in blocks for line in block.splitlines() if "listeners.0.port" in line]
    reasons = [line for _, lines in blocks for line in lines.splitlines() if " told above" not in line]
    causes = [line for line in reasons if line.startswith("    ") and not line.startswith("     ")]
    assert len(causes) > 20
    assert sorted(causes) == sorted(set(causes))
    assert re.search(r"    \.\.\. and \d+ told above\n", told)


def test_what_a_relay_passes_on_is_told_with_the_lines_of_both_sides(example_fleet: Path) -> None:
    told = composer(example_fleet, "explain", "berlin-01", "ConfigMap/relay", "data.[limits.yaml]").out
    granted = r"tenant globex lets acme read meter/meter-1/state, at most 6/min, sites/eu/de/berlin-01.yaml:26:\d+\n"
    assert re.search(granted + r"    tenant acme asks for it, sites/eu/de/berlin-01.yaml:30:\d+\n", told)


def row_of(fleet: Path, site: str, row: str) -> str:
    ran = composer(fleet, "explain", site, "capacity", row)
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (
            "uplink in a day",
            [
                "a day = 86400 x the sum of rate x (up + down) over topics, and pings",
                "229MB: press/mean of press-mean of tenant acme, 7/s x (294 + 85 bytes, 120 of payload), "
                "sites/eu/de/berlin-01.yaml:29:57",
                "tcpOverhead = 52B, documented: IPv4 20, TCP 20, timestamps 12",
                "uplink.dailyBudget, sites/profiles/edge-box.yaml:13:18",
            ],
        ),
        (
            "memory of all pods",
            [
                "1 x 48Mi: Deployment/press-alert of tenant acme, component press-alert of tenant acme, "
                "sites/tenants/acme.yaml:22:5",
                "node box-a: 8Gi, of which the system takes 1.59GB, sites/eu/de/berlin-01.yaml:13:9",
            ],
        ),
        ("cpu of all quotas", ["500m: tenant globex, sites/tenants/globex.yaml:7:16"]),
        ("connections of acme", ["devices 400 connections: devices of class press, sites/tenants/acme.yaml:11:5"]),
        ("connections", ["params.maxConnections = 2000, sites/eu/de/berlin-01.yaml:15:40"]),
        ("queued messages", ["offlineMessages (messages for the hub while the uplink is away) = upRate x offline"]),
        ("open files", ["nodeDescriptors = "]),
    ],
)
def test_a_row_of_capacity_is_told_with_its_formula_and_the_lines_behind_it(
    example_fleet: Path, row: str, lines: list[str]
) -> None:
    told = row_of(example_fleet, "berlin-01", row)
    assert told.startswith(f"{row}: ")
    assert [line for line in lines if f"    {line}" not in told] == []


def test_every_row_of_capacity_is_told_down_to_a_line_or_a_constant(example_fleet: Path) -> None:
    told = row_of(example_fleet, "hub-eu", "")
    shown = json.loads(composer(example_fleet, "capacity", "hub-eu", "--format", "json").out)["hub-eu"]["needs"]
    blocks = told.split("\n\n")
    assert len(blocks) == len(shown) + len(BESIDES)
    for block in blocks[: len(shown)]:
        needed, _, given = block.partition("\n  given\n")
        assert needed.count("\n") > 1, block
        assert re.search(r"sites/\S+:\d+:\d+|(documented|measured|assumed): ", given), block
    for label, block in zip(BESIDES, blocks[len(shown) :], strict=True):
        assert block.startswith(f"{label}: ")
        assert re.search(r"sites/\S+:\d+:\d+", block), block
    assert "1 connection: site berlin-01, sites/eu/de/berlin-01.yaml" in told


def test_a_row_that_is_not_there_is_a_usage_error(example_fleet: Path) -> None:
    ran = composer(example_fleet, "explain", "berlin-01", "capacity", "memroy")
    assert (ran.code, "did you mean 'memory'?" in ran.err) == (2, True)


def test_a_value_in_a_configuration_file_is_told_with_the_line_of_the_text_template(example_fleet: Path) -> None:
    told = composer(example_fleet, "explain", "berlin-01", "ConfigMap/ingress", "data.[mosquitto.conf]").out
    template = (ROOT / "blueprints/mqtt-mosquitto/v1/files/mosquitto.conf.j2").read_text().splitlines()
    (line,) = [number for number, text in enumerate(template, 1) if text.startswith("autosave_interval ")]
    assert (
        f'  read params.autosaveInterval = "30s"  at blueprints/mqtt-mosquitto/v1/files/mosquitto.conf.j2:{line}\n'
        "    set by fleet defaults, sites/fleet.yaml:"
    ) in told
    assert '    overrides "60s" of blueprint mqtt-mosquitto@1.0.0, blueprints/mqtt-mosquitto/v1/params.yaml:' in told
    (line,) = [number for number, text in enumerate(template, 1) if text.startswith("listener {{ listener.")]
    assert re.search(rf"read listeners.0.port = \d+  at blueprints/\S+/mosquitto.conf.j2:{line}\n", told)


def test_what_a_site_overrides_is_told_and_a_namespace_tells_objects_of_one_name_apart(example_fleet: Path) -> None:
    wanted = ("ResourceQuota/tenant-globex/quota", "spec.hard.[limits.memory]")
    ran = composer(example_fleet, "explain", "berlin-01", *wanted)
    assert ran.out.startswith(f'{wanted[0]} {wanted[1]} = "256Mi"\n')
    assert '  read tenant.quota.memory = "256Mi"\n    set by site berlin-01, sites/eu/de/berlin-01.yaml:' in ran.out
    assert '    overrides "512Mi" of tenant globex, sites/tenants/globex.yaml:' in ran.out


def leaves(value: Any, route: Route = ()) -> Iterator[Route]:
    """The routes of everything in *value* that holds nothing else."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [leaf for step, inner in steps for leaf in leaves(inner, (*route, step))]
    yield from below or [route]


@pytest.mark.parametrize("name", ["berlin-01", "hub-eu", "lyon-01", "park-7", "rome-01"])
def test_every_value_of_every_object_is_explained_down_to_lines(example_fleet: Path, name: str) -> None:
    fleet, _ = load_fleet(example_fleet)
    wiring = Line(fleet).wire(name)
    for wired, traced in traced_objects(wiring):
        answers = Answers(wiring, wired)
        for route in leaves(traced.rendered.object):
            path = path_text(route)
            assert resolve_path(path, traced.rendered.object) == route
            (told,) = explain_value(answers, traced, "it", route)
            assert (told.field, told.value) == (path, value_at(route, traced.rendered.object))
            assert told.template.line
            assert all(read.said or read.derived or read.missing for read in told.inputs)


def test_what_a_template_asks_for_in_vain_and_what_it_gives_a_fragment_are_inputs(example_fleet: Path) -> None:
    told = composer(example_fleet, "explain", "berlin-01", "ConfigMap/hall-3", "data.[telegraf.conf]").out
    assert re.search(r"  read spec\.bus\.opcua, which is not there  at \S+\.j2:\d+\n  read ", told)
    where = "spec.template.spec.containers.0.readinessProbe"
    probe = composer(example_fleet, "explain", "lyon-01", "Deployment/front", where).out
    assert re.search(r"  read period = 5\n    set by template, blueprints/mqtt-front/\S+/deployment.yaml:\d+:", probe)
    empty = composer(example_fleet, "explain", "berlin-01", "NetworkPolicy/edge-platform/default-deny", "spec").out
    assert "default-deny spec.podSelector = {}\n  placed by blueprints/base/" in empty


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("b", "ConfigMap/note"), "X001", ""),
        (("a", "ConfigMap/nope"), "X004", "did you mean 'ConfigMap/note'?"),
        (("a", "ConfigMap/note", "data.txet"), "X005", "did you mean 'data.text'?"),
        (("a", "ConfigMap/note", "data.text.more"), "X005", ""),
        (("a", "ConfigMap/note", "data.[texts=1].x"), "X005", ""),
    ],
)
def test_what_is_not_there_is_a_usage_error_with_the_nearest_name(
    layered: Path, words: tuple[str, ...], code: str, hint: str
) -> None:
    ran = composer(layered, "explain", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[{code}]" in ran.err
    assert hint in ran.err


def test_a_site_with_mistakes_is_not_explained_but_its_mistakes_are_told(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": site("a", note("txet: x"))})
    ran = composer(root, "explain", "a", "ConfigMap/note")
    assert ran.code == 2
    assert "error[L120]" in ran.err


def test_a_code_is_explained_anywhere(tmp_path: Path) -> None:
    ran = composer(tmp_path, "explain", "L101")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("## L101 - ")
    assert len(ran.out.splitlines()) > 3


def test_a_code_that_does_not_exist_is_a_usage_error_with_the_nearest_one(tmp_path: Path) -> None:
    ran = composer(tmp_path, "explain", "L1O1")
    assert ran.code == 2
    near = composer(tmp_path, "explain", "Y099")
    assert near.code == 2
    meant = re.search(r"did you mean '(\w+)'", near.err)
    assert meant is not None
    assert meant[1] in all_codes()
