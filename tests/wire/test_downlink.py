"""What comes down from a hub, where documents say how much it is: counted at both ends, and nothing where nobody says it."""

from __future__ import annotations

from math import isclose
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.model.budget import DAY
from composer.model.links import LinkSummary, Passing, TenantLink
from composer.model.stack import Wiring
from composer.model.units import show_rate
from composer.pipeline.isolation import isolation
from composer.stages.load import load_fleet
from composer.stages.wire.budget import budget
from composer.stages.wire.graph import check_topics
from tests.load.fleets import write
from tests.wire.sites import LINK, SITE, files, lines, wired
from tests.wire.test_bridges import hub
from tests.wire.test_budget import OVERHEAD

SITES = "  offline: 1h\n  tenants: {acme: {}}\n"
PRESS = '  devices: {press: {names: "press-{0..9}", subscribe: ["press/{device}/cmd"]}}\n'
DOWN = "  uplink: {down: [%s]}\n"
KNOWN = "{topic: press/+/cmd, rate: 2/s, bytes: 80}"
STOP = "  functions: {stop: {blueprint: function-http@1, on: press/+/cmd, params: {image: ghcr.io/acme/stop:1}}}\n"


def site(root: Path, tenant: str) -> Wiring:
    return wired(root, files(SITES, acme=tenant), LINK)


def amounts(wiring: Wiring) -> dict[str, float]:
    assert wiring.sizing is not None
    return dict(wiring.sizing.amounts)


def test_commands_are_taken_and_handed_out_by_the_site_s_broker(tmp_path: Path) -> None:
    found = amounts(site(tmp_path, PRESS + DOWN % KNOWN))
    assert (found["messagesIn"], found["bytesIn"]) == (2, 160)
    assert (found["messagesOut"], found["bytesOut"]) == (2, 160)


def test_a_function_that_hears_commands_is_sized_by_them(tmp_path: Path) -> None:
    found = amounts(site(tmp_path, PRESS + STOP + DOWN % KNOWN))
    assert (found["jobRate"], found["messagesOut"]) == (2, 4)


def test_commands_of_which_nothing_is_said_count_nothing(tmp_path: Path) -> None:
    found = amounts(site(tmp_path, PRESS + DOWN % "press/+/cmd"))
    assert (found["messagesIn"], found["messagesOut"], found["accessRows"]) == (0, 0, 11)


def test_what_the_broker_and_its_access_lists_are_told_is_the_same_with_a_rate(tmp_path: Path) -> None:
    plain, known = (site(tmp_path / str(i), PRESS + DOWN % text) for i, text in enumerate(("press/+/cmd", KNOWN)))
    assert plain.grants == known.grants
    assert [w.context.get("bridge") for w in plain.wired] == [w.context.get("bridge") for w in known.wired]


def test_a_command_and_its_answer_count_in_the_day_s_bytes(tmp_path: Path) -> None:
    """The topic t/acme/sites/berlin/press/<16>/cmd has 46 bytes; each packet has 29 + 52 around it."""
    wiring = site(tmp_path, PRESS + DOWN % KNOWN)
    found = budget(wiring.stack, wiring.traffic, OVERHEAD)
    assert found is not None
    (row,) = found.received
    assert (row.direction, row.wire.up, row.wire.down) == ("down", 4 + 29 + 52, 8 + 46 + 80 + 29 + 52 + 52)
    assert found.total == 2 * (85 + 267) * DAY + found.pings
    assert found.unknown == ()
    (tenant,) = found.day().tenants
    assert (tenant.after, tenant.received) == (0, 2 * 352 * DAY)


def test_w080_names_commands_among_the_largest(tmp_path: Path) -> None:
    uplink = "  uplink: {site: hub, dailyBudget: 1MB, ca: files/hub.pem, identity: {secret: bridge-hub}}\n"
    documents = files(SITES + uplink, acme=PRESS + DOWN % KNOWN)
    others = {"hub.yaml": SITE.replace("berlin", "hub"), "files/hub.pem": LINK.ca}
    with pytest.raises(Rejected) as refused:
        wired(tmp_path, {**documents, **others})
    assert lines(list(refused.value.diagnostics)) == [
        "sites/berlin.yaml:9:36 W080 the uplink carries 60.8MB a day, more than the daily budget of 1MB; the largest: "
        "press/+/cmd of tenant acme coming down 60.8MB (2/s of 80 bytes, 352 on the wire)"
    ]


def test_a_site_tells_its_hub_how_much_comes_down(tmp_path: Path) -> None:
    summary = site(tmp_path, PRESS + DOWN % f"{KNOWN}, oven/cmd").summary
    assert summary is not None
    assert summary.tenants == (TenantLink("acme", (), (Passing("press/+/cmd", 1, 2.0, 160.0), Passing("oven/cmd", 1))),)


def test_the_topic_of_an_entry_with_a_rate_is_read_like_any_other(tmp_path: Path) -> None:
    assert check_topics(site(tmp_path, PRESS + DOWN % KNOWN), {}) == []


def test_an_entry_that_cannot_be_is_found_where_it_stands(tmp_path: Path) -> None:
    entries = "{topic: press/+x/cmd, rate: 1/s}, {topic: a, rate: 5}, {topic: b, often: 1/s}, {rate: 1/s}, 7"
    _, findings = load_fleet(write(tmp_path, files(SITES, acme=PRESS + DOWN % entries)))
    assert [str(d.place) for d in findings] == [f"sites/tenants/acme.yaml:6:{c}" for c in (27, 70, 85, 98, 111)]


def test_w057_the_same_comes_down_twice(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refused:
        site(tmp_path, PRESS + DOWN % "press/+/cmd, {topic: 'press/{device}/cmd', rate: 2/s}")
    assert lines(list(refused.value.diagnostics)) == [
        "sites/tenants/acme.yaml:6:32 W057 'press/{device}/cmd' comes down twice: 'press/+/cmd' stands above"
    ]


def child(name: str, rate: float) -> LinkSummary:
    return LinkSummary(name, "berlin", (TenantLink("acme", (), (Passing("press/+/cmd", 1, rate, rate * 80),)),))


STEER = """\
  streams:
    steer: {blueprint: stream-bento@1, from: plan, to: {topic: "sites/{name}/press/{press}/cmd", rate: 5/s, bytes: 80}}
  devices: {plan: {at: {matchLabels: {region: eu}}, names: "p-{0..1}", publish: [{topic: plan, rate: 1/s, bytes: 9}]}}
"""


def test_a_hub_takes_and_hands_out_what_people_send_to_its_sites(tmp_path: Path) -> None:
    found = amounts(hub(tmp_path, [child("rome", 2), child("paris", 1)])[0])
    assert (found["messagesIn"], found["bytesIn"]) == (3, 240)
    assert (found["messagesOut"], found["bytesOut"]) == (3, 240)


@pytest.mark.parametrize(("rate", "people"), [(1, 0), (2, 0), (5, 5)])
def test_what_documents_of_the_hub_send_is_not_counted_twice(tmp_path: Path, rate: float, people: float) -> None:
    found = amounts(hub(tmp_path, [child("rome", rate), child("paris", rate)], acme=STEER)[0])
    # devices publish 2/s and the stream 5/s; the stream hears the 2/s, and the bridges what the stream says
    assert (found["messagesIn"], found["messagesOut"]) == (7 + people, 7 + people)


def test_the_rate_of_commands_is_a_declared_limit(tmp_path: Path) -> None:
    found = isolation(site(tmp_path / "site", PRESS + DOWN % KNOWN))
    assert [(x.name, x.value, x.enforced) for x in found.limits["acme"]] == [("uplink.down press/+/cmd", "2/s", "")]


def test_rates_of_many_sites_add_up(tmp_path: Path) -> None:
    found = amounts(hub(tmp_path, [child(f"s{i}", 0.1) for i in range(50)])[0])
    assert isclose(found["messagesOut"], 5)
    assert show_rate(round(found["messagesIn"], 6)) == "5/s"
