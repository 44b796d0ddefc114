"""What people are told of a queue for the hub that is kept on disk, and of the pods of a front."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.kit import composer

ROOT = Path(__file__).resolve().parents[2]
CLAIM = ("PersistentVolumeClaim/uplink-buffer-data", "spec.resources.requests.storage")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example fleet whose brokers spend at most 256 MiB on their queues, and whose fronts take 20 devices a pod."""
    made = tmp_path_factory.mktemp("fleet")
    for folder in ("sites", "schemas"):
        shutil.copytree(ROOT / folder, made / folder)
    file = made / "sites/fleet.yaml"
    capacity = "  capacity: {queueMemoryMost: 256MiB, frontConnections: 20}\n"
    file.write_text(file.read_text().replace("\nspec:\n", f"\nspec:\n{capacity}", 1))
    return made


def test_the_table_has_rows_for_the_buffer_and_a_small_broker(fleet: Path) -> None:
    ran = composer(fleet, "capacity", "berlin-01")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "buffer 476MB 1Gi 126% storage.size of the buffer" in lines
    assert "messages of the buffer 7.2/s 1,000/s 13789% one buffer" in lines
    assert "memory 151MB 224Mi 55% resources.limits.memory" in lines


def test_the_volume_is_explained_by_the_outage_it_has_to_hold(fleet: Path) -> None:
    ran = composer(fleet, "explain", "berlin-01", *CLAIM)
    assert "read sizing.bufferVolume" in ran.out
    assert "(offlineMessages x bufferedMessage + offlineBytes + bufferLog) x buffered" in ran.out
    assert "offline = 72h, sites/profiles/edge-box.yaml:10:12" in ran.out
    row = composer(fleet, "explain", "berlin-01", "capacity", "messages of the buffer").out
    assert "bufferMessages = 1,000/s, measured: " in row
    assert "7/s: press/mean to uplink of stream press-mean of tenant acme, sites/eu/de/berlin-01.yaml:29:57" in row


def test_a_volume_that_a_document_says_is_explained_by_its_line(fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(fleet, tmp_path, dirs_exist_ok=True)
    site = tmp_path / "sites/eu/de/berlin-01.yaml"
    said = "  components:\n    uplink-buffer: {params: {storage: {size: 8Gi}}}\n"
    site.write_text(site.read_text().replace("  components:\n", said, 1))
    ran = composer(tmp_path, "explain", "berlin-01", *CLAIM)
    assert 'read sizing.bufferVolume = "8Gi"\n    set by site berlin-01, sites/eu/de/berlin-01.yaml:' in ran.out


def test_what_the_buffer_may_do_is_told_with_the_lines_that_imply_it(fleet: Path) -> None:
    out = " ".join(composer(fleet, "isolation", "berlin-01").out.split())
    assert "buffer uplink-buffer subscribe press/mean sites/eu/de/berlin-01.yaml:31" in out
    assert "uplink-buffer speaks MQTT, sites/tenants/globex.yaml:8" in out


def test_the_hub_expects_two_connections_of_a_site_that_has_a_buffer_and_commands(fleet: Path) -> None:
    found = [json.loads(composer(root, "capacity", "hub-eu", "--format", "json").out) for root in (ROOT, fleet)]
    plain, buffered = (shown["hub-eu"]["needs"][0]["needed"] for shown in found)
    every = composer(fleet, "capacity", "--format", "json").out
    assert buffered - plain == every.count('"key": "buffer"') > 0


def test_pods_of_a_front_are_explained(fleet: Path) -> None:
    ran = composer(fleet, "explain", "lyon-01", "Deployment/front", "spec.replicas")
    assert "spec.replicas = 4\n" in ran.out
    assert (
        "frontConnections = 20 connections, sites/fleet.yaml:5:" in ran.out
        or "frontConnections = 20, sites/" in ran.out
    )
