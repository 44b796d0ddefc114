"""What sites share is worked out once, and no site's result shows which sites came before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.diagnostic import Diagnostic
from composer.model.fleet import Fleet
from composer.pipeline.branch import files_of
from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from tests.load.fleets import DESIGN

ROOT = Path(__file__).parents[2]
FLEETS = {"example": ROOT, "design": DESIGN}


@cache
def fleet(name: str) -> Fleet:
    return load_fleet(FLEETS[name])[0]


def trees(line: Line, names: Sequence[str]) -> dict[str, str]:
    """Site -> the tree it comes to, composed in the order of *names*."""
    return {name: files_of(line.compose(name)).tree for name in names}


@cache
def alone(name: str) -> dict[str, str]:
    """Each site composed by a fleet that was loaded for it and knows no other."""
    found: dict[str, str] = {}
    for site in fleet(name).sites:
        found |= trees(Line(load_fleet(FLEETS[name])[0]), [site])
    return found


@pytest.mark.parametrize("name", FLEETS)
def test_a_site_comes_to_the_same_tree_in_a_line_of_its_own(name: str) -> None:
    """Blueprints and what was compiled of them are shared here, components and objects are not."""
    for site, tree in alone(name).items():
        assert trees(Line(fleet(name)), [site]) == {site: tree}


@pytest.mark.parametrize("name", FLEETS)
@given(st.data())
@settings(max_examples=8)
def test_sites_come_to_the_same_trees_in_any_order(name: str, data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(fleet(name).sites)))
    again = data.draw(st.lists(st.sampled_from(order), max_size=3))
    line = Line(fleet(name))
    assert trees(line, order) == alone(name)
    assert trees(line, again).items() <= alone(name).items()


def test_a_site_that_fails_on_the_way_changes_nothing_for_the_next() -> None:
    """Half of what it shares with others may have been worked out when it stopped."""
    broken = replace(fleet("example"), sites={**fleet("example").sites, "nowhere": "sites/files/hub-eu.pem"})
    line = Line(broken)
    for site, tree in alone("example").items():
        assert not line.compose("nowhere").ok
        assert trees(line, [site]) == {site: tree}


def test_the_findings_of_a_site_are_the_same_every_time() -> None:
    line = Line(fleet("example"))
    first: dict[str, tuple[Diagnostic, ...]] = {site: line.compose(site).findings for site in line.fleet.sites}
    assert {site: line.compose(site).findings for site in sorted(line.fleet.sites, reverse=True)} == first
