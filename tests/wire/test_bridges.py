"""A hub as the other end of its sites' uplinks: what their bridges may do there, and what comes in."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.model.links import LinkSummary, Passing, TenantLink, link_data, link_tenants, links_digest
from composer.model.stack import Wiring
from composer.stages.load import load_fleet, load_site
from composer.stages.resolve import Resolver
from composer.stages.wire import wire
from composer.stages.wire.bridges import LIST_BYTES, MOST_EXACT
from tests.load.fleets import write
from tests.wire.sites import LINK, SITE, UPLINK, context, files, lines, rejected, wired

HERE = "  tenants: {acme: {}}\n"
PRESS = '  devices: {press: {at: {matchLabels: {region: eu}}, names: "press-{0..2}", subscribe: [a]}}\n'
GUEST = '  devices: {guest: {at: {matchLabels: {region: eu}}, count: 9, subscribe: ["guest/{device}/cmd"]}}\n'


def passing(*filters: str, rate: float = 1.0, size: float = 100.0) -> tuple[Passing, ...]:
    return tuple(Passing(text, 1, rate, rate * size) for text in filters)


def child(
    site: str,
    tenant: str = "acme",
    up: tuple[str, ...] = ("press/mean",),
    down: tuple[str, ...] = (),
    rate: float = 1.0,
) -> LinkSummary:
    return LinkSummary(site, "berlin", (TenantLink(tenant, passing(*up, rate=rate), passing(*down, rate=0)),))


def hub(root: Path, children: list[LinkSummary], site: str = HERE, **tenants: str) -> tuple[Wiring, list[Diagnostic]]:
    """The site berlin as the hub of *children*, and the findings about it. Raises Rejected."""
    documents = files(site, **(tenants or {"acme": ""}))
    fleet, findings = load_fleet(write(root, documents))
    assert findings == []
    stack, _ = Resolver(fleet).resolve(load_site(fleet, "berlin"))
    return wire(stack, None, children)


def bridges(wiring: Wiring) -> dict[str, Any]:
    found: dict[str, Any] = context(wiring, "ingress")["bridges"]
    return found


def rows(wiring: Wiring) -> list[str]:
    return [f"{g.principal.name} {g.action} {g.filter}" for g in wiring.grants if g.principal.kind == "bridge"]


def test_a_site_may_write_and_read_below_its_own_name_and_nowhere_else(tmp_path: Path) -> None:
    wiring, findings = hub(tmp_path, [child("rome", down=("press/+/cmd",)), child("paris")])
    assert findings == []
    assert rows(wiring) == [
        "paris publish sites/paris/press/mean",
        "rome publish sites/rome/press/mean",
        "rome subscribe sites/rome/press/+/cmd",
    ]
    assert bridges(wiring)["lists"] == [
        {
            "name": "0",
            "users": [
                {"name": "paris", "publish": ["t/acme/sites/paris/press/mean"], "subscribe": []},
                {
                    "name": "rome",
                    "publish": ["t/acme/sites/rome/press/mean"],
                    "subscribe": ["t/acme/sites/rome/press/+/cmd"],
                },
            ],
        }
    ]
    assert all(not g.widened for g in wiring.grants if g.principal.kind == "bridge")


def test_a_site_that_is_nobody_s_hub_has_no_listener_for_bridges(tmp_path: Path) -> None:
    wiring = wired(tmp_path, files(HERE, acme=""), LINK)
    assert "bridges" not in context(wiring, "ingress")
    assert "bridges" not in context(wiring, "base")


def test_the_name_of_the_site_inside_a_filter_is_its_own(tmp_path: Path) -> None:
    wiring, _ = hub(tmp_path, [child("rome", up=("of/{site}/x", "of/x-{site}/x"))])
    assert rows(wiring) == ["rome publish sites/rome/of/rome/x", "rome publish sites/rome/of/x-rome/x"]


def many(number: int) -> list[LinkSummary]:
    return [
        child(f"site-{n:05d}", up=("press/mean", "of/{site}/x"), down=("press/+/cmd",), rate=0.01)
        for n in range(number)
    ]


def test_rows_that_thousands_of_sites_have_are_a_few_patterns(tmp_path: Path) -> None:
    wiring, findings = hub(tmp_path, many(10_000))
    assert findings == []
    assert bridges(wiring)["patterns"] == {
        "publish": ["t/acme/sites/{site}/press/mean", "t/acme/sites/{site}/of/{site}/x"],
        "subscribe": ["t/acme/sites/{site}/press/+/cmd"],
    }
    assert bridges(wiring)["lists"] == [{"name": "0", "users": []}]
    assert bridges(wiring)["connections"] == 10_000
    assert [bool(g.widened) for g in wiring.grants if g.principal.kind == "bridge"] == [True, True, True]


def test_a_row_that_not_all_of_them_have_stays_with_those_that_have_it(tmp_path: Path) -> None:
    """A pattern would let a site write for a tenant that is not there."""
    children = [*many(MOST_EXACT), child("other", "globex"), child("other-2", up=("of/x-{site}",))]
    wiring, _ = hub(tmp_path, children, "  tenants: {acme: {}, globex: {}}\n", acme="", globex="")
    assert bridges(wiring)["patterns"] == {"publish": [], "subscribe": []}
    assert len(rows(wiring)) == 3 * MOST_EXACT + 2
    assert "other publish sites/other/press/mean" in rows(wiring)


def test_as_many_sites_as_may_have_rows_of_their_own_have_them(tmp_path: Path) -> None:
    wiring, _ = hub(tmp_path, many(MOST_EXACT))
    assert len(rows(wiring)) == 3 * MOST_EXACT
    assert bridges(wiring)["patterns"] == {"publish": [], "subscribe": []}


def test_long_rules_lie_in_lists_that_fit_and_a_new_site_moves_nobody(tmp_path: Path) -> None:
    children = [child(f"site-{n:05d}", up=(f"{n % 7}/{'x' * 100}", f"{n % 5}/y"), rate=0.01) for n in range(10_000)]
    before = bridges(hub(tmp_path / "before", children)[0])["lists"]
    after = bridges(hub(tmp_path / "after", [*children, child("site-new")])[0])["lists"]
    assert len(before) == len(after) == 4
    sizes = [
        sum(len(text) + 16 for user in each["users"] for text in (*user["publish"], user["name"])) for each in before
    ]
    assert max(sizes) < LIST_BYTES * 1.2 < 1_000_000
    assert sum(len(each["users"]) for each in before) == 10_000
    changed = [(b, a) for b, a in zip(before, after, strict=True) if b != a]
    assert len(changed) == 1
    assert [user for user in changed[0][1]["users"] if user["name"] != "site-new"] == changed[0][0]["users"]


def test_a_list_fits_however_unlike_its_sites_are(tmp_path: Path) -> None:
    """Topics are counted in bytes, and a few sites with many rules do not come together by chance."""
    children = [child(f"s{n}", up=tuple(f"{m}/{'é' * 400}" for m in range(120)), rate=0.01) for n in range(60)]
    lists = bridges(hub(tmp_path, children)[0])["lists"]
    sizes = [sum(len(topic.encode()) for user in each["users"] for topic in user["publish"]) for each in lists]
    assert max(sizes) < LIST_BYTES
    assert sum(len(each["users"]) for each in lists) == 60


def test_rules_of_one_site_that_fit_no_list_stay_together(tmp_path: Path) -> None:
    children = [child("large", up=tuple(f"{m}/{'x' * 400}" for m in range(2000)), rate=0.001), child("small")]
    lists = bridges(hub(tmp_path, children)[0])["lists"]
    assert sorted(user["name"] for each in lists for user in each["users"]) == ["large", "small"]


def test_the_order_of_sites_changes_nothing(tmp_path: Path) -> None:
    children = [child(f"s{n}", up=(f"a{n % 3}",)) for n in range(50)]
    mixed = random.Random(7).sample(children, len(children))
    one, other = (hub(tmp_path / str(n), found)[0] for n, found in enumerate((children, mixed)))
    assert (bridges(one), one.grants, one.traffic) == (bridges(other), other.grants, other.traffic)
    assert links_digest(children) == links_digest(mixed)


def test_what_comes_in_from_all_sites_is_a_row_of_the_hub_s_traffic(tmp_path: Path) -> None:
    children = [child("rome", down=("press/+/cmd",)), child("paris"), child("oslo", "globex")]
    wiring, _ = hub(tmp_path, children)
    assert [(p.topic, p.filter, p.rate, p.bytes, p.senders) for p in wiring.traffic.publications] == [
        ("sites/{site}/press/mean", "sites/+/press/mean", 2.0, 100, 2)
    ]
    assert [(s.filter, s.listeners) for s in wiring.traffic.subscriptions] == [("sites/+/press/+/cmd", 1)]


def test_a_site_tells_its_hub_how_much_goes_up(tmp_path: Path) -> None:
    tenant = """\
  devices:
    press: {names: "press-{0..9}", publish: [{topic: "press/{device}/state", rate: 6/min, bytes: 50, qos: 1}]}
    oven: {count: 4, publish: [{topic: "oven/{device}/state", rate: 1/s, bytes: 10, qos: 0}]}
  uplink: {up: ["press/#", "+/press-1/state", "oven/+/state", nobody], down: ["press/{device}/cmd"]}
"""
    summary = wired(tmp_path, files(HERE, acme=tenant), LINK).summary
    assert summary is not None
    assert (summary.site, summary.hub) == ("berlin", "hub")
    assert summary.tenants == (
        TenantLink(
            "acme",
            (
                Passing("press/#", 1, 1.0, 50.0),
                Passing("+/press-1/state", 0, 4.0, 40.0),
                Passing("oven/+/state", 1, 0.0, 0.0),
                Passing("nobody", 1, 0.0, 0.0),
            ),
            (Passing("press/+/cmd", 1, 0.0, 0.0),),
        ),
    )
    assert link_tenants(link_data(summary.tenants)) == summary.tenants


def test_a_hub_passes_on_what_its_own_documents_say(tmp_path: Path) -> None:
    up = '  uplink: {up: ["sites/+/press/mean"]}\n'
    fleet, _ = load_fleet(write(tmp_path, files(HERE + UPLINK, acme=up)))
    stack, _ = Resolver(fleet).resolve(load_site(fleet, "berlin"))
    wiring, _ = wire(stack, LINK, [child("rome"), child("paris")])
    assert wiring.summary is not None
    assert wiring.summary.tenants == (TenantLink("acme", (Passing("sites/+/press/mean", 1, 2.0, 200.0),), ()),)


def refused(root: Path, children: list[LinkSummary], site: str = HERE, **tenants: str) -> list[str]:
    with pytest.raises(Rejected) as found:
        hub(root, children, site, **tenants)
    return lines(list(found.value.diagnostics))


def test_w051_sites_have_their_uplink_at_a_site_without_a_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.wire.sites.SITE", SITE.partition("  components")[0])
    assert refused(tmp_path, [child("rome")]) == [
        "sites/berlin.yaml:3:18 W051 this is the hub of site rome, but it has no ingress to take their bridges"
    ]


@pytest.mark.parametrize(
    ("site", "tenant", "line"),
    [
        (HERE, PRESS, "sites/tenants/acme.yaml:5:61 W052 'press-1' of device class press of tenant acme"),
        (
            HERE,
            "  streams: {press-1: {blueprint: stream-bento@1, from: a, to: {topic: b}, do: []}}\n",
            "sites/tenants/acme.yaml:5:13 W052 press-1 of tenant acme",
        ),
    ],
)
def test_w052_a_client_of_the_hub_is_called_like_a_site(tmp_path: Path, site: str, tenant: str, line: str) -> None:
    assert refused(tmp_path, [child("press-1"), child("rome")], site, acme=tenant) == [
        f"{line} is also the name of a site whose uplink ends here; they would share an identity at the broker"
    ]


def test_w053_a_tenant_has_the_port_of_the_bridges(tmp_path: Path) -> None:
    documents = files(HERE, "  defaults: {blueprints: {mqtt-mosquitto: {params: {ports: {acme: 8883}}}}}\n", acme="")
    assert lines(rejected(tmp_path, {**documents, "berlin.yaml": documents["berlin.yaml"] + "  hub: true\n"})) == [
        "sites/fleet.yaml:5:67 W053 tenant acme is given port 8883, where a hub takes the bridges of its sites"
    ]


def test_w054_a_tenant_of_sites_is_not_at_the_hub(tmp_path: Path) -> None:
    wiring, findings = hub(tmp_path, [child("rome"), child("oslo", "globex")])
    assert lines(findings) == [
        "sites/berlin.yaml:3:18 W054 tenant globex is on the uplink of site oslo, but not at this hub: "
        "nobody here hears what they send"
    ]
    assert "oslo publish sites/oslo/press/mean" in rows(wiring)


def test_w055_a_pattern_for_nameless_devices_reaches_sites_without_their_tenant(tmp_path: Path) -> None:
    both = "  tenants: {acme: {}, globex: {}}\n"
    wiring, findings = hub(tmp_path, [child("rome"), child("oslo", "globex")], both, acme=GUEST, globex="")
    assert [(d.code, str(d.place), d.is_error) for d in findings] == [("W055", "sites/tenants/acme.yaml:5:20", False)]
    assert "site oslo without that tenant" in findings[0].message
    assert [(g.filter, bool(g.widened)) for g in wiring.grants if g.principal.name == "{site}"] == [
        ("guest/{site}/cmd", True)
    ]


def test_where_the_tenant_is_at_every_site_the_pattern_is_a_widened_row_and_no_finding(tmp_path: Path) -> None:
    wiring, findings = hub(tmp_path, [child("rome")], acme=GUEST)
    assert findings == []
    assert "{site} subscribe guest/{site}/cmd" in rows(wiring)


def test_bridges_come_through_the_front_of_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = SITE.replace("ingress: {", "front: {blueprint: mqtt-front@1}, ingress: {")
    monkeypatch.setattr("tests.wire.sites.SITE", both)
    wiring, findings = hub(tmp_path, [child("rome")])
    assert findings == []
    front, broker = (context(wiring, name) for name in ("front", "ingress"))
    routes = [(route["name"], route["port"], route["link"]) for route in front["routes"]]
    assert routes == [("mqtt.berlin.example.com", 8883, "")]
    assert {"port": 8883, "protocol": "TCP"} in [port for rule in front["network"]["egress"] for port in rule["ports"]]
    coming = [rule for rule in broker["network"]["ingress"] if {"port": 8883, "protocol": "TCP"} in rule["ports"]]
    assert [rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] for rule in coming] == ["front"]


def test_w062_a_hub_whose_sites_and_devices_are_more_than_its_broker_holds(tmp_path: Path) -> None:
    sites, few = [child(f"s-{i}", rate=0.01) for i in range(50_001)], [child("rome", rate=0.01)]
    van = "  devices: {van: {at: {matchLabels: {region: eu}}, count: 50000, publish: [{topic: a, rate: 1/d, bytes: 9}]}}\n"
    for children, tenant, place, most in (
        (sites, "", "sites/berlin.yaml:3", "50,001 connections: sites whose uplinks end here"),
        (few, van, "sites/tenants/acme.yaml:5", "1 connection: sites whose uplinks end here"),
    ):
        with pytest.raises(Rejected) as refused:
            hub(tmp_path / place.replace("/", "-"), children, acme=tenant)
        (found,) = [d for d in refused.value.diagnostics if d.code == "W062"]
        assert found.message == "50,001 connections at one broker, which should hold no more than 50,000"
        assert str(found.place).startswith(place)
        assert found.related[0].message == most
