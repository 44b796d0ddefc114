"""When the queue for the hub is kept on disk, and what follows from it at both ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.model.links import LinkSummary, Passing, TenantLink, link_data, link_tenants
from composer.model.stack import Wiring
from tests.wire.sites import LINK, context, files, lines, rows, wired
from tests.wire.test_bridges import hub

ACME = """\
  devices: {press: {names: "press-{000..399}", publish: [{topic: "press/{device}/state", rate: 6/min, bytes: 150}]}}
  uplink: {up: ["press/+/state"]%s}
"""
"""40 messages a second; 10,368,000 in 72 hours, which would take the broker 12.2 GB."""


def site(root: Path, spec: str = "", fleet: str = "", down: str = "", acme: str = ACME) -> Wiring:
    here = "  offline: 72h\n  tenants: {acme: {}}\n" + spec
    return wired(root, files(here, fleet, acme=acme % down if "%s" in acme else acme), LINK)


def is_buffered(wiring: Wiring) -> bool:
    return "uplink-buffer" in [component.name for component in wiring.stack.components]


def refused(root: Path, change: tuple[str, str], fleet: str = "") -> list[Diagnostic]:
    documents = files("  offline: 72h\n  tenants: {acme: {}}\n", fleet, acme=ACME % "")
    documents["berlin.yaml"] = documents["berlin.yaml"].replace(*change)
    with pytest.raises(Rejected) as found:
        wired(root, documents, LINK)
    return list(found.value.diagnostics)


def test_a_queue_above_the_fleet_s_limit_is_kept_on_disk_and_one_below_is_not(tmp_path: Path) -> None:
    assert is_buffered(site(tmp_path / "packaged"))
    assert not is_buffered(site(tmp_path / "more", fleet="  capacity: {queueMemoryMost: 16GiB}\n", acme=ACME))
    assert is_buffered(site(tmp_path / "less", fleet="  capacity: {queueMemoryMost: 12GB}\n"))


def test_a_queue_longer_than_mosquitto_can_be_told_is_kept_on_disk_whatever_the_limit(tmp_path: Path) -> None:
    acme = ACME.replace("bytes: 150", "bytes: 1500") % ""
    assert is_buffered(site(tmp_path, fleet="  capacity: {queueMemoryMost: 1TiB}\n", acme=acme))


def test_a_site_may_say_its_own_limit_and_a_broker_s_outright_queue_wins(tmp_path: Path) -> None:
    documents = files("  offline: 1h\n  tenants: {acme: {}}\n", acme=ACME % "")
    plain = documents["berlin.yaml"]
    always = plain.replace("components: {", "components: {uplink-buffer: {params: {above: 0B}}, ")
    assert is_buffered(wired(tmp_path / "always", {**documents, "berlin.yaml": always}, LINK))
    outright = always.replace("@1}", "@1, params: {maxQueuedMessages: 1000000}}")
    assert not is_buffered(wired(tmp_path / "outright", {**documents, "berlin.yaml": outright}, LINK))


def test_nothing_is_buffered_where_nothing_goes_up_or_there_is_no_uplink(tmp_path: Path) -> None:
    less = "  capacity: {queueMemoryMost: 0B}\n"
    silent = ACME.partition("  uplink")[0] + "  uplink: {down: [press/+/cmd]}\n"
    assert not is_buffered(site(tmp_path / "silent", fleet=less, acme=silent))
    alone = wired(tmp_path / "alone", files("  tenants: {acme: {}}\n", less, acme=ACME % ""))
    assert not is_buffered(alone)


def test_the_broker_then_holds_what_comes_while_the_buffer_starts_again(tmp_path: Path) -> None:
    found = site(tmp_path).sizing
    assert found is not None
    amounts = found.amounts
    assert (amounts["queuedMessages"], amounts["waitingMessages"]) == (0, 40 * 60)
    assert amounts["bufferStore"] == 10_368_000 * (100 + 150) + 64 * 2**20
    assert amounts["bufferVolume"] == 3.5 * 2**30
    assert found.tenants["acme"]["jobs"] == 1
    assert found.given["memoryLimit"] == "192Mi"


def test_it_reads_what_goes_up_and_the_bridge_has_what_comes_down_alone(tmp_path: Path) -> None:
    wiring = site(tmp_path, down=", down: [press/+/cmd]")
    assert "acme: buffer uplink-buffer subscribe press/+/state" in rows(wiring)
    assert context(wiring, "uplink-buffer")["sizing"] == {"bufferVolume": "3584Mi"}
    assert [(t["filter"], t["direction"]) for t in context(wiring, "ingress")["bridge"]["topics"]] == [
        ("press/+/cmd", "in")
    ]
    flows = {c.name: [f.because for f in found] for c, found in wiring.flows.items()}
    assert "uplink to hub" in flows["uplink-buffer"]
    assert "uplink to hub" in flows["ingress"]


def test_where_nothing_comes_down_the_broker_itself_does_not_reach_the_hub(tmp_path: Path) -> None:
    wiring = site(tmp_path)
    assert "bridge" not in context(wiring, "ingress")
    assert [f.because for c, found in wiring.flows.items() if c.name == "ingress" for f in found].count(
        "uplink to hub"
    ) == 0


@pytest.mark.parametrize(("down", "connections"), [("", 1), (", down: [press/+/cmd]", 2)])
def test_the_hub_is_told_of_the_buffer_s_connection(tmp_path: Path, down: str, connections: int) -> None:
    summary = site(tmp_path / "site", down=down).summary
    assert summary is not None
    assert summary.connections == connections
    assert link_tenants(link_data(summary.tenants)) == summary.tenants
    child = LinkSummary("rome", "berlin", summary.tenants)
    sizing = hub(tmp_path / "hub", [child], acme="")[0].sizing
    assert sizing is not None
    assert sizing.amounts["sites"] == connections


def test_a_bridge_alone_is_one_connection_and_a_site_that_is_silent_none() -> None:
    passing = (Passing("a", 1),)
    assert LinkSummary("rome", "berlin", (TenantLink("acme", passing, passing),)).connections == 1
    assert LinkSummary("rome", "berlin", ()).connections == 0


def test_w058_a_volume_that_does_not_hold_the_outage(tmp_path: Path) -> None:
    change = ("components: {", "components: {uplink-buffer: {params: {storage: {size: 2Gi}}}, ")
    (found,) = refused(tmp_path, change)
    assert lines([found]) == [
        "sites/berlin.yaml:6:57 W058 the buffer's volume of 2Gi is too small: 72h without an uplink leave 2.66GB in it"
    ]
    assert "say at least 2536Mi" in found.hint


def test_w059_more_than_a_buffer_can_take(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, ("", ""), "  capacity: {bufferMessages: 30/s}\n")
    assert lines([found]) == [
        "sites/tenants/acme.yaml:5:58 W059 40 messages a second go up through the buffer on disk, which takes 30"
    ]
