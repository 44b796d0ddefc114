from __future__ import annotations

from composer.diagnostic import Place
from composer.stages.publish import check_branches


def codes(branches: dict[str, str]) -> list[tuple[str, str]]:
    places = {site: Place(f"sites/{site}.yaml") for site in branches}
    return [(finding.code, finding.place.file) for finding in check_branches(branches, places)]


def test_branches_of_ordinary_sites_are_fine() -> None:
    assert not codes({name: f"site/{name}" for name in ("a", "a-b", "b", "ab")})


def test_branches_that_differ_only_in_capitals_clash_at_the_later_site() -> None:
    assert codes({"a": "site/Berlin", "b": "site/berlin", "c": "site/BERLIN"}) == [
        ("B003", "sites/b.yaml"),
        ("B003", "sites/c.yaml"),
    ]


def test_a_branch_below_another_one_clashes() -> None:
    assert codes({"a": "site/x", "b": "site/x/y", "c": "SITE/X/y/z"}) == [
        ("B003", "sites/b.yaml"),
        ("B003", "sites/c.yaml"),
        ("B003", "sites/c.yaml"),
    ]


def test_what_git_refuses_as_a_branch_is_said_of_the_site() -> None:
    bad = {"a": "site/x.lock", "b": "site/..", "c": "site/a b", "d": "site/-next", "e": "", "f": "x@{1}"}
    assert {code for code, _ in codes(bad)} == {"B004"}
    assert len(codes(bad)) == len(bad)


def test_the_whole_fleet_is_checked_in_time_that_grows_straight() -> None:
    assert not codes({f"s-{number}": f"site/s-{number}" for number in range(20_000)})
