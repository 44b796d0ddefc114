"""The uplink's budget, in bytes that a person can add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.model.budget import DAY, Budget, saving
from composer.model.constants import PACKAGED
from composer.stages.load import load_fleet, load_site
from composer.stages.wire.budget import Overhead, budget, wire
from tests.load.fleets import write
from tests.wire.sites import LINK, SITE, files, lines, wired
from tests.wire.test_traffic import streams

OVERHEAD = Overhead.of(PACKAGED.amounts)
"""29 bytes of TLS around a record, 52 of TCP and IP around a segment."""

HERE = "  offline: 1h\n  tenants: {acme: {}}\n"
PRESS = """\
  devices:
    press: {names: "press-{000..399}", publish: [{topic: "press/{device}/telemetry", rate: 1/s, bytes: 220}]}
"""
UP = "  uplink: {up: [%s]}\n"
MEAN = streams('from: press/+/telemetry, to: {topic: press/mean, rate: 40/s, bytes: 120}, do: [{filter: "a > 1"}]')


def budget_of(tmp_path: Path, **tenants: str) -> Budget:
    site = "  offline: 1h\n  tenants: {" + ", ".join(f"{name}: {{}}" for name in tenants) + "}\n"
    wiring = wired(tmp_path, files(site, **tenants), LINK)
    found = budget(wiring.stack, wiring.traffic, OVERHEAD)
    assert found is not None
    return found


def test_a_message_is_what_lies_on_the_wire() -> None:
    """The topic t/acme/sites/berlin/press/mean has 30 bytes; 1 + 2 + 2 + 30 + 2 + 1 + 120 = 158."""
    found = wire(30, 120, 1, OVERHEAD)
    assert (found.packet, found.up, found.down) == (158, 158 + 29 + 52 + 52, 4 + 29 + 52)


def test_at_qos_0_nobody_answers_but_tcp() -> None:
    found = wire(30, 120, 0, OVERHEAD)
    assert (found.up, found.down) == (156 + 29 + 52, 52)


def test_a_long_message_takes_segments_and_records() -> None:
    found = wire(31, 20_000, 0, OVERHEAD)
    assert found.packet == 20_038
    assert found.up == 20_038 + 2 * 29 + 14 * 52


def test_what_stream_jobs_leave_over_is_counted_against_what_devices_say(tmp_path: Path) -> None:
    found = budget_of(tmp_path, acme=PRESS + MEAN + UP % "press/mean")
    (sent,) = found.sent
    assert (sent.topic, sent.rate, sent.bytes) == ("press/mean", 40, 120)
    assert found.after("acme") == 40 * (158 + 29 + 52 + 52 + 85) * DAY
    topic = len("t/acme/sites/berlin/press/press-000/telemetry")
    assert found.before("acme") == 400 * (8 + topic + 220 + 29 + 52 + 52 + 85) * DAY
    assert saving(found.before("acme"), found.after("acme")) == pytest.approx(0.9234, abs=1e-3)


def test_tenants_are_counted_apart(tmp_path: Path) -> None:
    found = budget_of(tmp_path, acme=PRESS + UP % "press/+/telemetry", globex=PRESS)
    assert found.after("acme") == found.before("acme") > 0
    assert (found.after("globex"), found.before("globex") > 0) == (0, True)
    assert found.total == found.after("acme") + found.pings


def test_a_publication_that_several_filters_take_goes_up_once(tmp_path: Path) -> None:
    once = budget_of(tmp_path / "once", acme=PRESS + UP % '"press/#"')
    twice = budget_of(tmp_path / "twice", acme=PRESS + UP % '"press/#", press/+/telemetry')
    assert once.total == twice.total


def test_a_filter_that_names_devices_takes_their_part_of_the_class(tmp_path: Path) -> None:
    found = budget_of(tmp_path, acme=PRESS + UP % "press/press-001/telemetry, press/press-002/telemetry")
    assert [each.rate for each in found.sent] == [2]


def test_an_idle_connection_is_kept_open(tmp_path: Path) -> None:
    idle = budget_of(tmp_path / "idle", acme=PRESS)
    assert idle.total == idle.pings == 1440 * (2 * (2 + 29 + 52) + 52)
    assert budget_of(tmp_path / "busy", acme=PRESS + UP % '"press/#"').pings == 0


def test_a_site_without_an_uplink_has_no_budget(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=PRESS))
    assert budget(wiring.stack, wiring.traffic, OVERHEAD) is None


def refused(tmp_path: Path, daily: str, tenant: str) -> list[Diagnostic]:
    documents = files(HERE, acme=tenant)
    limit = f"  uplink: {{site: hub, dailyBudget: {daily}, ca: files/hub.pem, identity: {{secret: bridge-hub}}}}\n"
    hub = {"hub.yaml": SITE.replace("berlin", "hub"), "files/hub.pem": LINK.ca}
    try:
        wired(tmp_path, {**documents, **hub, "berlin.yaml": documents["berlin.yaml"] + limit})
    except Rejected as refusal:
        return list(refusal.diagnostics)
    return []


@pytest.mark.parametrize("daily", ["100", "0", "2Gbit", "2MB/d", "-1GB", "1e9", "MB"])
def test_a_budget_is_an_amount_of_data_with_its_unit(tmp_path: Path, daily: str) -> None:
    limit = f"  uplink: {{site: hub, dailyBudget: {daily}, ca: files/hub.pem, identity: {{secret: bridge-hub}}}}\n"
    site = files(HERE, acme=PRESS)["berlin.yaml"] + limit
    hub = {"hub.yaml": SITE.replace("berlin", "hub"), "files/hub.pem": LINK.ca}
    fleet, _ = load_fleet(write(tmp_path, {**files(acme=PRESS), "berlin.yaml": site, **hub}))
    with pytest.raises(Rejected) as refused:
        load_site(fleet, "berlin")
    (found,) = refused.value.diagnostics
    assert (str(found.place), found.code in ("D002", "D005")) == ("sites/berlin.yaml:9:36", True)


def test_w080_more_than_the_daily_budget(tmp_path: Path) -> None:
    tenant = PRESS + MEAN + UP % "press/mean, press/+/telemetry"
    found = refused(tmp_path, "2GB", tenant)
    assert lines(found) == [
        "sites/berlin.yaml:9:36 W080 the uplink carries 18.3GB a day, more than the daily budget of 2GB; the largest: "
        "press/{device}/telemetry of tenant acme 17GB (400/s of 220 bytes, 491 on the wire), "
        "press/mean of tenant acme 1.3GB (40/s of 120 bytes, 376 on the wire)"
    ]
    assert [f"{r.place} {r.message}" for r in found[0].related] == [
        "sites/tenants/acme.yaml:6:50 press/{device}/telemetry: 17GB a day",
        "sites/tenants/acme.yaml:8:66 press/mean: 1.3GB a day",
    ]


def test_what_is_within_the_budget_is_not_spoken_of(tmp_path: Path) -> None:
    assert refused(tmp_path, "2GB", PRESS + MEAN + UP % "press/mean") == []
    assert [d.code for d in refused(tmp_path / "less", "1.29GB", PRESS + MEAN + UP % "press/mean")] == ["W080"]
