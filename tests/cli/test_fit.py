"""Fit and budget as people meet them: documents in, findings at the lines that have to change."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from composer.cli.main import main
from tests.cli.kit import Ran, example
from tests.load.fleets import change

LYON, ROME = "sites/eu/fr/lyon-01.yaml", "sites/eu/it/rome-01.yaml"
ROME_NODE = '{name: box-a, arch: arm64, cpu: "4", memory: 4Gi, storage: 32Gi}'


def composer(root: Path, *words: str) -> Ran:
    """`composer -C ROOT WORDS` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["-C", str(root), *words, "--jobs", "1"])
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A copy of the example fleet."""
    return example(tmp_path)


def said(fleet: Path, site: str) -> list[str]:
    return composer(fleet, "validate", site, "--format", "concise").out.splitlines()


def test_a_box_that_is_too_small_is_an_error_at_its_nodes(fleet: Path) -> None:
    change(fleet, ROME, ("memory: 4Gi", "memory: 1700Mi"))
    assert said(fleet, "rome-01") == [
        f"{ROME}:12:5: error[K060] the pods need memory 344Mi, but node box-a can give only 185.6Mi "
        "(1.66Gi less 1.479Gi for the system): 158.4Mi are missing"
    ]
    full = composer(fleet, "validate", "rome-01").out
    assert "Deployment/ingress: memory" in full
    assert "Deployment/call-staff of tenant bistro: memory" in full


def test_nodes_of_a_profile_are_pointed_at_in_the_profile(fleet: Path) -> None:
    change(fleet, ROME, (f"    nodes:\n      - {ROME_NODE}\n", ""))
    change(
        fleet,
        "sites/profiles/edge-box.yaml",
        ('    version: "1.33"\n', '    version: "1.33"\n    nodes: [{name: box, arch: arm64, memory: 1700Mi}]\n'),
    )
    assert [line.split(" the pods")[0] for line in said(fleet, "rome-01")] == [
        "sites/profiles/edge-box.yaml:9:12: error[K060]"
    ]


def test_an_empty_list_of_nodes_is_refused_and_none_is_not(fleet: Path) -> None:
    change(fleet, ROME, (f"    nodes:\n      - {ROME_NODE}\n", "    nodes: []\n"))
    assert [line.split("]")[0] for line in said(fleet, "rome-01")] == [f"{ROME}:12:12: error[D006"]
    change(fleet, ROME, ("    nodes: []\n", ""))
    assert said(fleet, "rome-01") == []


def test_an_agent_beside_the_server_takes_what_the_server_cannot(fleet: Path) -> None:
    change(
        fleet,
        ROME,
        (ROME_NODE, f"{ROME_NODE}\n      - {{name: box-b, arch: arm64, cpu: '2', memory: 2Gi, storage: 32Gi}}"),
    )
    change(fleet, ROME, ("memory: 4Gi", "memory: 1700Mi"))
    assert said(fleet, "rome-01") == []


def test_two_gateways_on_one_serial_port(fleet: Path) -> None:
    text = (fleet / LYON).read_text()
    gateway = text[text.index("        old-line:") :]
    (fleet / LYON).write_text(text + gateway.replace("old-line", "new-line").replace("press-old", "press-new"))
    change(fleet, LYON, ("quota: {cpu: 1500m}", "quota: {cpu: 1700m}"))
    (finding,) = said(fleet, "lyon-01")
    assert finding == (
        f"{LYON}:12:5: error[K060] the pods need example.com/ttyusb0 2, but node box-a can give only 1: 1 are missing"
    )


def test_a_mixed_site_keeps_functions_to_their_architecture(fleet: Path) -> None:
    change(
        fleet,
        ROME,
        (ROME_NODE, f"{ROME_NODE}\n      - {{name: box-b, arch: amd64, cpu: '2', memory: 4Gi, storage: 32Gi}}"),
    )
    change(fleet, "sites/tenants/bistro.yaml", ("timeout: 5s,", "timeout: 5s, architectures: [amd64],"))
    ran = composer(fleet, "render", "rome-01", "-o", "-")
    affinities = {
        o["metadata"]["name"]: o["spec"]["template"]["spec"].get("affinity")
        for o in ran.objects
        if o["kind"] == "Deployment"
    }
    terms = [{"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    assert affinities.pop("call-staff") == {"nodeAffinity": required}
    assert set(map(str, affinities.values())) == {"None"}


def test_capacity_shows_what_all_pods_take_of_the_nodes(fleet: Path) -> None:
    change(
        fleet,
        "sites/fleet.yaml",
        ("  delivery:\n", "  capacity: {serverMemory: 1GiB, agentMemory: 256MiB}\n  delivery:\n"),
    )
    rows = {
        need["key"]: need
        for need in json.loads(composer(fleet, "capacity", "park-7", "--format", "json").out)["park-7"]["needs"]
    }
    assert rows["memory of all pods"]["given"] == 2 * 16 * 2**30 - 2**30 - 2**28
    assert rows["storage of all pods"]["given"] == 2 * 256 * 2**30
    assert (rows["pods"]["needed"], rows["pods"]["given"]) == (3, 220)
    assert rows["memory of all pods"]["by"] == "nodes box-a, box-b, less the system"


def test_capacity_shows_what_goes_over_the_uplink_in_a_day(fleet: Path) -> None:
    ran = composer(fleet, "capacity", "park-7", "--format", "json")
    day = json.loads(ran.out)["park-7"]["uplink"]
    (topic,) = day["tenants"]["globex"]["topics"]
    assert (topic["topic"], topic["rate"], topic["bytes"]) == ("turbine/mean", 0.05, 160)
    assert day["total"] == day["tenants"]["globex"]["after"] == 86_400 * 0.05 * (topic["up"] + topic["down"])
    text = composer(fleet, "capacity", "park-7").out
    assert "uplink of globex: 1.81MB in a day, 108MB without stream jobs, 98% saved" in text
    assert "uplink in a day" in text


def test_a_fleet_says_what_the_system_takes(fleet: Path) -> None:
    change(fleet, ROME, ("memory: 4Gi", "memory: 1700Mi"))
    change(fleet, "sites/fleet.yaml", ("  delivery:\n", "  capacity: {serverMemoryArm: 1GB}\n  delivery:\n"))
    assert said(fleet, "rome-01") == []


def test_an_uplink_that_is_too_thin_is_an_error_at_its_budget(fleet: Path) -> None:
    change(fleet, "sites/eu/it/rome-02.yaml", ("dailyBudget: 100MB", "dailyBudget: 400kB"))
    (finding,) = said(fleet, "rome-02")
    assert finding.startswith("sites/eu/it/rome-02.yaml:15:25: error[W080] the uplink carries ")
    assert "more than the daily budget of 400kB; the largest: fridge/" in finding
