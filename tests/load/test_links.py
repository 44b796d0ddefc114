"""The way from a site to its hub."""

from __future__ import annotations

from pathlib import Path

from composer.stages.load import check_references, load_fleet, load_site
from tests.load.fleets import document, findings_of, lines, site, write


def link(name: str, hub: str) -> str:
    return site(name, f"{{uplink: {{site: {hub}}}}}")


def test_an_unknown_hub_is_found_with_the_nearest_name(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": link("a", "hub-ue"), "hub-eu.yaml": site("hub-eu")})
    assert lines(findings_of(root, "a")) == [
        "sites/a.yaml:4:23 D030 there is no site 'hub-ue' to be the hub | did you mean 'hub-eu'?"
    ]


def test_hubs_may_have_hubs(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": link("a", "b"), "b.yaml": link("b", "c"), "c.yaml": site("c")})
    assert [findings_of(root, name) for name in "abc"] == [[], [], []]


def test_a_site_that_is_its_own_hub_is_a_circle(tmp_path: Path) -> None:
    found = findings_of(write(tmp_path, {"a.yaml": link("a", "a")}), "a")
    assert [(d.code, d.message) for d in found] == [("D031", "the uplinks lead in a circle: a -> a")]


def test_a_circle_of_hubs_is_found_at_each_of_them_and_at_those_that_lead_into_it(tmp_path: Path) -> None:
    files = {"a.yaml": link("a", "b"), "b.yaml": link("b", "c"), "c.yaml": link("c", "b")}
    root = write(tmp_path, files)
    assert [[d.message for d in findings_of(root, name)] for name in "abc"] == [
        ["the uplinks lead in a circle: b -> c -> b"],
        ["the uplinks lead in a circle: b -> c -> b"],
        ["the uplinks lead in a circle: c -> b -> c"],
    ]
    assert findings_of(root, "a")[0].related[0].place.file == "sites/c.yaml"


def test_the_hub_may_come_from_a_profile_or_the_fleet_and_the_finding_stands_there(tmp_path: Path) -> None:
    files = {
        "fleet.yaml": document("Fleet", "f", "{defaults: {uplink: {site: gone}}}"),
        "profiles/p.yaml": document("Profile", "p", "{uplink: {site: lost}}"),
        "profiles/q.yaml": document("Profile", "q", "{uplink: {dailyBudget: 2GB}}"),
        "a.yaml": site("a"),
        "b.yaml": site("b", "{profiles: [p, q]}"),
        "c.yaml": site("c", "{profiles: [p], uplink: null}"),
        "d.yaml": site("d", "{profiles: [p], uplink: {site: a}}"),
    }
    root = write(tmp_path, files)
    assert [[(d.code, d.place.file) for d in findings_of(root, name)] for name in "abc"] == [
        [("D030", "sites/fleet.yaml")],
        [("D030", "sites/profiles/p.yaml")],
        [],
    ]
    assert findings_of(root, "d") == []


def test_a_hub_with_mistakes_of_its_own_stops_its_sites(tmp_path: Path) -> None:
    files = {"a.yaml": link("a", "hub"), "hub.yaml": site("hub", "{ofline: 3h}"), "b.yaml": site("b")}
    root = write(tmp_path, files)
    (found,) = findings_of(root, "a")
    assert (found.code, found.place.file, found.related[0].place.file) == (
        "D033",
        "sites/a.yaml",
        "sites/hub.yaml",
    )
    assert findings_of(root, "b") == []


def test_a_hub_that_stands_twice_stops_its_sites(tmp_path: Path) -> None:
    files = {"a.yaml": link("a", "hub"), "x/hub.yaml": site("hub"), "y/hub.yaml": site("hub")}
    assert [d.code for d in findings_of(write(tmp_path, files), "a")] == ["D033"]


def test_a_hub_is_read_once_however_many_sites_it_has(tmp_path: Path) -> None:
    files = {f"s{n}.yaml": link(f"s{n}", "hub") for n in range(20)}
    root = write(tmp_path, {**files, "hub.yaml": site("hub")})
    fleet, _ = load_fleet(root)
    first, *others = [load_site(fleet, f"s{n}") for n in range(20)]
    assert check_references(fleet, first) == []
    (root / "sites/hub.yaml").unlink()
    assert [check_references(fleet, document) for document in others] == [[]] * 19
