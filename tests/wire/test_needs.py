"""What does not fit: a finding with the number at the line that has to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Rejected
from tests.wire.sites import LINK, wired
from tests.wire.test_sizing import MEAN, PRESSES, files

NODES = "nodes: [{name: box, arch: amd64, cpu: '4', memory: 8Gi, storage: 64Gi}], "


def findings(root: Path, documents: dict[str, str]) -> list[Diagnostic]:
    """What is wrong with the site berlin, which has an uplink; each with its code first."""
    with pytest.raises(Rejected) as refused:
        wired(root, documents, LINK)
    return [found for found in refused.value.diagnostics if "W060" < found.code < "W080"]


def said(root: Path, documents: dict[str, str]) -> list[tuple[str, str]]:
    """Code, and the text of the line, of each finding."""
    return [(found.code, found.place.source.strip()) for found in findings(root, documents)]


def with_params(params: str, site: str = "", acme: str = PRESSES + MEAN) -> dict[str, str]:
    documents = files(site, acme=acme)
    ingress = "components: {ingress: {blueprint: mqtt-mosquitto@1}}"
    asked = f"components:\n    ingress:\n      blueprint: mqtt-mosquitto@1\n      params:\n        {params}"
    return {**documents, "berlin.yaml": documents["berlin.yaml"].replace(ingress, asked)}


def with_nodes(site: str = "", acme: str = PRESSES + MEAN) -> dict[str, str]:
    documents = files(site, acme=acme)
    return {**documents, "berlin.yaml": documents["berlin.yaml"].replace("cluster: {", "cluster: {" + NODES)}


def test_a_limit_of_connections_below_what_is_expected_is_found_at_its_line(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, with_params("maxConnections: 300"))
    assert (found.code, found.place.source.strip()) == ("W061", "maxConnections: 300")
    assert found.message == "the broker takes 300 connections, but 402 connections are expected"
    assert found.hint == "say at least 402, or leave maxConnections out"
    assert [related.message for related in found.related] == [
        "400 connections: devices of class press of tenant acme",
        "2 connections: stream mean of tenant acme",
    ]


def test_a_class_of_ten_million_devices_is_more_than_a_broker_or_a_node_holds(tmp_path: Path) -> None:
    acme = (
        "  devices:\n    bee:\n      count: 10000000\n      publish: [{topic: 'bee/{device}', rate: 1/d, bytes: 10}]\n"
    )
    found = findings(tmp_path, with_nodes(acme=acme))
    assert sorted({f.code for f in found}) == ["W061", "W062", "W067", "W068"]
    assert all(f.place.source.strip() in ("bee:", "") for f in found)
    (said,) = [f for f in found if f.code == "W061"]
    assert said.hint == "it cannot be told more; spread devices over more sites or hubs"
    assert any("10,000,000 connections at one broker" in f.message for f in found)


@pytest.mark.parametrize("resource", ["memory: 1Gi", "storage: 100Mi"])
def test_a_node_that_is_too_small_for_any_broker_is_found_at_the_node(tmp_path: Path, resource: str) -> None:
    documents = with_nodes()
    before = "memory: 8Gi" if "memory" in resource else "storage: 64Gi"
    assert before in documents["berlin.yaml"]
    documents["berlin.yaml"] = documents["berlin.yaml"].replace(before, resource)
    (found,) = findings(tmp_path, documents)
    assert (found.code, found.place.file) == ("W067", "sites/berlin.yaml")
    said = documents["berlin.yaml"].splitlines()[found.place.line - 1]
    assert said[found.place.column - 1 :].startswith(resource.partition(" ")[2])
    assert "too little for any broker" in found.hint


def test_more_messages_than_one_core_can_do_are_found_at_the_largest_publisher(tmp_path: Path) -> None:
    acme = PRESSES.replace("rate: 1/s", "rate: 100/s")
    (found,) = [f for f in findings(tmp_path, with_nodes(acme=acme)) if f.code == "W063"]
    assert "40,000 messages a second" in found.message
    assert "press/{device}/telemetry" in found.place.source


def test_an_explicit_queue_too_short_for_offline_names_the_longest_that_would_do(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, with_params("maxQueuedMessages: 3600", "  offline: 72h\n"))
    assert (found.code, found.place.source.strip()) == ("W064", "maxQueuedMessages: 3600")
    assert found.message.startswith("72h without an uplink leave 25,920 messages for the hub")
    assert "let offline be at most 10h," in found.hint


def without_buffer(documents: dict[str, str]) -> dict[str, str]:
    """The site without a buffer on disk: its broker keeps what is for the hub, or nobody does."""
    site = documents["berlin.yaml"].replace("components: {", "components: {uplink-buffer: null, ")
    return {**documents, "berlin.yaml": site}


def test_a_queue_that_mosquitto_cannot_count_is_found_at_offline(tmp_path: Path) -> None:
    acme = (PRESSES + MEAN).replace("rate: 6/min, bytes: 100", "rate: 1/s, bytes: 100000")
    found = {f.code: f for f in findings(tmp_path, without_buffer(files("  offline: 72h\n", acme=acme)))}
    assert found["W064"].place.source.strip() == "offline: 72h"
    assert "the broker keeps 2047Mi" in found["W064"].message


def test_a_queue_that_no_node_can_hold_names_the_offline_that_would_fit(tmp_path: Path) -> None:
    acme = (PRESSES + MEAN).replace("rate: 6/min, bytes: 100", "rate: 40/s, bytes: 100")
    found = {f.code: f for f in findings(tmp_path, without_buffer(with_nodes("  offline: 72h\n", acme=acme)))}
    assert found["W067"].place.source.strip() == "offline: 72h"
    assert "the largest node box, less the system, has 6.99GB" in found["W067"].message
    assert "an offline of about " in found["W067"].hint


def test_a_volume_and_a_memory_limit_that_are_too_small_are_found_at_their_lines(tmp_path: Path) -> None:
    acme = (PRESSES + MEAN).replace("rate: 6/min", "rate: 2/s")
    documents = with_params(
        "storage: {size: 64Mi}\n        resources: {limits: {memory: 128Mi}}", "  offline: 24h\n", acme=acme
    )
    assert said(tmp_path, documents) == [
        ("W066", "resources: {limits: {memory: 128Mi}}"),
        ("W065", "storage: {size: 64Mi}"),
    ]


def test_open_files_and_connection_table_are_bounds_of_the_node(tmp_path: Path) -> None:
    documents = with_nodes()
    documents["fleet.yaml"] = documents["fleet.yaml"].replace(
        "  {}\n", "  capacity: {nodeDescriptors: 1024, conntrackMin: 1024, conntrackPerCore: 1024}\n"
    )
    acme = PRESSES.replace("399", "999").replace("000..", "0000..0")
    documents = {**documents, "tenants/acme.yaml": documents["tenants/acme.yaml"].replace(PRESSES, acme)}
    assert [(f.code, f.message) for f in findings(tmp_path, documents)] == [
        ("W068", "open files: the broker needs 1,067, a process at its node has 1,024")
    ]


def test_a_tenant_s_connections_and_messages_are_held_against_its_quota(tmp_path: Path) -> None:
    quota = "  quota:\n    connections: 401\n    messagesPerSecond: 400\n"
    assert said(tmp_path, files(acme=quota + PRESSES + MEAN)) == [
        ("W069", "connections: 401"),
        ("W070", "messagesPerSecond: 400"),
    ]


def test_quotas_that_come_to_more_than_the_nodes_are_found_at_the_largest(tmp_path: Path) -> None:
    documents = files(acme="  quota: {cpu: '3', memory: 2Gi}\n", globex="  quota: {cpu: 1500m, memory: 6Gi}\n")
    documents["berlin.yaml"] = documents["berlin.yaml"].replace("cluster: {", "cluster: {" + NODES)
    (found,) = findings(tmp_path, documents)
    assert (found.code, found.place.file) == ("W071", "sites/tenants/acme.yaml")
    assert found.message == "the tenants' quotas come to 4500m of cpu, and all nodes together have 4"
    assert found.hint == "take 500m from the quotas, or add nodes"


def test_what_fits_is_no_finding(tmp_path: Path) -> None:
    quota = "  quota: {cpu: '1', memory: 1Gi, connections: 402, messagesPerSecond: 401}\n"
    wired(tmp_path, with_nodes(acme=quota + PRESSES + MEAN), LINK)


@pytest.mark.parametrize("rate", ["0/s", "0/d"])
def test_a_rate_of_zero_is_no_traffic_and_no_trouble(tmp_path: Path, rate: str) -> None:
    acme = PRESSES.replace("rate: 1/s", f"rate: {rate}") + "  uplink: {up: [press/+/telemetry]}\n"
    found = wired(tmp_path, with_nodes("  offline: 72h\n", acme=acme), LINK).sizing
    assert found is not None
    assert (found.amounts["messagesIn"], found.amounts["offlineMessages"]) == (0, 0)
