"""`composer capacity`, and what explain and validate say of derived sizes, as people type them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.kit import composer, delivery
from tests.publish.making import git

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example fleet."""
    made = tmp_path_factory.mktemp("fleet")
    for folder in ("sites", "blueprints", "schemas"):
        shutil.copytree(ROOT / folder, made / folder)
    return made


def test_the_table_shows_what_is_needed_what_is_given_and_what_binds_first(fleet: Path) -> None:
    ran = composer(fleet, "capacity", "berlin-01")
    assert ran.code == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0] == "berlin-01"
    assert "connections 411 2,000 387% maxConnections" in lines
    assert "queued messages 1,866,240 2,500,000 34% maxQueuedMessages" in lines
    assert "messages of acme 408.9/s 800/s 96% quota.messagesPerSecond" in lines
    assert "binds first: memory (resources.limits.memory)" in lines
    assert "after the broker was away, all clients are back in 1s" in lines
    assert any(
        re.fullmatch(r"the broker takes and hands out \S+B/s of payload; idle clients send \S+B/s", line)
        for line in lines
    )
    assert "saved every 30s: a power cut loses at most what came since" in lines


def test_what_is_said_below_the_table_is_explained_like_its_rows(fleet: Path) -> None:
    ran = composer(fleet, "explain", "berlin-01", "capacity", "time to come back")
    first, formula, *rest = ran.out.splitlines()
    assert first.startswith("time to come back: ")
    assert formula.strip().startswith(
        "reconnect (until all clients are back after the broker was away) = connections / tlsHandshakes"
    )
    assert any(line.strip().startswith("tlsHandshakes = 400/s, measured: ") for line in rest)
    assert any("sites/" in line for line in rest)
    every = composer(fleet, "explain", "berlin-01", "capacity").out
    for label in ("bytes of all messages", "bytes of idle clients", "time to come back"):
        assert f"\n{label}: " in every


def test_json_has_plain_numbers_for_every_site_chosen(fleet: Path) -> None:
    ran = composer(fleet, "capacity", "--tenant", "bistro", "--format", "json")
    found = json.loads(ran.out)
    assert list(found) == ["hub-eu", "rome-01", "rome-02"]
    rows = {(need["key"], need["tenant"]): need for need in found["rome-01"]["needs"]}
    assert (rows["connections", ""]["needed"], rows["connections", ""]["given"]) == (23, 1000)
    assert rows["volume", ""]["given"] == 2**30
    assert found["rome-01"]["saveIntervalSeconds"] == 30


def test_markdown_is_a_table_a_site(fleet: Path) -> None:
    ran = composer(fleet, "capacity", "-l", "kind=wind-park", "--format", "markdown")
    assert ran.out.startswith("## park-7\n\n| what | needed | given | headroom | by |\n|---|---:|---:|---:|---|\n")


def test_a_memory_limit_is_explained_by_its_formula_and_the_lines_behind_it(fleet: Path) -> None:
    field = "spec.template.spec.containers.0.resources.limits.memory"
    ran = composer(fleet, "explain", "berlin-01", "Deployment/ingress", field)
    assert ran.code == 0
    assert 'read sizing.memoryLimit = "3Gi"' in ran.out
    assert "(queuedMessages + waitingMessages) x queued + queuedBytes + waitingBytes" in ran.out
    assert "offline = 72h, sites/profiles/edge-box.yaml:10:12" in ran.out
    assert "400 connections: devices of class press of tenant acme, sites/tenants/acme.yaml:11:5" in ran.out
    assert "mosquitto21.tls = 32kB, measured: Mosquitto 2.1.2" in ran.out


def test_a_size_that_a_document_says_is_explained_by_its_line(fleet: Path) -> None:
    ran = composer(fleet, "explain", "berlin-01", "ConfigMap/ingress", "data.[mosquitto.conf]")
    _, _, after = ran.out.partition("read sizing.maxConnections = 2000")
    assert after.splitlines()[1] == "    set by site berlin-01, sites/eu/de/berlin-01.yaml:15:40"


def test_a_site_that_does_not_fit_has_no_table_but_its_findings(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet, tmp_path, dirs_exist_ok=True)
    site = tmp_path / "sites/eu/de/berlin-01.yaml"
    site.write_text(site.read_text().replace("maxConnections: 2000", "maxConnections: 200"))
    ran = composer(tmp_path, "capacity", "berlin-01", "rome-01")
    assert ran.code == 3
    assert "error[W061]: the broker takes 200 connections, but 411 connections are expected" in ran.err
    assert "1 site failed, whose tables are missing: berlin-01" in ran.err
    assert ran.out.startswith("rome-01\n")


def test_workloads_beyond_the_tenant_s_quota_are_found_at_the_quota(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet, tmp_path, dirs_exist_ok=True)
    tenant = tmp_path / "sites/tenants/bistro.yaml"
    tenant.write_text(tenant.read_text().replace('cpu: "1", memory: 1Gi', 'cpu: "1", memory: 100Mi'))
    ran = composer(tmp_path, "validate", "rome-01", "--format", "concise")
    assert ran.code == 1
    assert "sites/tenants/bistro.yaml:7:29: error[W072] the workloads of tenant-bistro come to" in ran.out
    assert "its quota allows 100Mi" in ran.out


def test_a_volume_that_needs_less_does_not_shrink_until_somebody_says_so(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet, tmp_path, dirs_exist_ok=True)
    claim = "site/berlin-01:platform/edge-platform/persistentvolumeclaim_ingress-data.yaml"
    assert composer(tmp_path, "publish", "berlin-01", "--allow-dirty").code == 0
    site = tmp_path / "sites/eu/de/berlin-01.yaml"
    site.write_text(site.read_text().replace("rate: 7/s", "rate: 1/s"))
    refused = composer(tmp_path, "publish", "berlin-01", "--allow-dirty")
    assert refused.code == 3  # its hub was told of the lower rate
    assert "error[W073]: volume" in refused.err
    assert "would shrink from 1280Mi to 1Gi" in refused.err
    assert "storage: 1280Mi" in git(delivery(tmp_path), "show", claim)
    assert composer(tmp_path, "publish", "berlin-01", "--allow-dirty", "--allow-shrink").code == 0
    assert "storage: 1Gi" in git(delivery(tmp_path), "show", claim)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("memory: 1Gi", "memory: 1GB", "expected a Kubernetes quantity"),
        ("memory: 1Gi", "memory: 8Gbit", "expected a Kubernetes quantity"),
        ("bytes: 80", "bytes: 80Mbit", "expected "),
        ("rate: 6/min, bytes: 80", "rate: 6, bytes: 80", "expected a rate such as 1/s"),
        ("rate: 6/min, bytes: 80", "rate: -6/min, bytes: 80", "expected a rate such as 1/s"),
    ],
)
def test_units_mixed_up_are_found_at_their_line(
    fleet: Path, tmp_path: Path, right: str, wrong: str, expected: str
) -> None:
    shutil.copytree(fleet, tmp_path, dirs_exist_ok=True)
    tenant = tmp_path / "sites/tenants/bistro.yaml"
    text = tenant.read_text()
    assert right in text
    tenant.write_text(text.replace(right, wrong))
    ran = composer(tmp_path, "capacity", "rome-01")
    assert ran.code == 1
    line = next(number for number, line in enumerate(tenant.read_text().splitlines(), 1) if wrong in line)
    assert f"sites/tenants/bistro.yaml:{line}:" in ran.err
    assert expected in ran.err
