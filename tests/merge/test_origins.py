"""Where a merged value comes from: found by replaying the layers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from composer.merge import history, merge_layers, origin
from composer.model.stack import Layer
from composer.source.document import Route
from tests.merge.test_merge import MAPPINGS, layer, plain

FLEET = layer("quota:\n  cpu: '1'\n  memory: 1Gi\nstreams: {a: {rate: 1/s}}\n", "fleet")
PROFILE = layer("quota:\n  memory: 2Gi\n", "profile")
SITE = layer("spec:\n  quota:\n    memory: 512Mi\n    cpu: null\n  streams: null\n", "site", "spec")
LAYERS = [FLEET, PROFILE, SITE]


def test_the_origin_of_a_value_is_the_highest_layer_that_sets_it() -> None:
    found = origin(LAYERS, ("quota", "memory"))
    assert found is not None
    assert (found.layer.name, str(found.place), found.value) == ("site", "site.yaml:3:13", "512Mi")


def test_the_history_of_a_value_is_what_every_layer_said_lowest_first() -> None:
    said = [(x.layer.name, x.value, str(x.place)) for x in history(LAYERS, ("quota", "memory"))]
    assert said == [
        ("fleet", "1Gi", "fleet.yaml:3:11"),
        ("profile", "2Gi", "profile.yaml:2:11"),
        ("site", "512Mi", "site.yaml:3:13"),
    ]


def test_a_removed_value_has_no_origin_but_a_history() -> None:
    assert origin(LAYERS, ("quota", "cpu")) is None
    said = [(x.layer.name, x.removed, str(x.place)) for x in history(LAYERS, ("quota", "cpu"))]
    assert said == [("fleet", False, "fleet.yaml:2:8"), ("site", True, "site.yaml:4:5")]


def test_a_value_goes_with_what_it_is_in() -> None:
    said = history(LAYERS, ("streams", "a", "rate"))
    assert [(x.layer.name, x.removed, x.route) for x in said] == [
        ("fleet", False, ("streams", "a", "rate")),
        ("site", True, ("streams",)),
    ]


def test_a_value_that_no_layer_sets_has_neither() -> None:
    assert origin(LAYERS, ("quota", "storage")) is None
    assert history(LAYERS, ("quota", "storage")) == []


def test_a_value_in_a_list_comes_from_the_layer_that_sets_the_list() -> None:
    layers = [layer("topics: [a, b, c]\n", "tenant"), layer("topics: [d]\n", "site")]
    first = origin(layers, ("topics", 0))
    assert first is not None
    assert (first.value, str(first.place)) == ("d", "site.yaml:1:10")
    assert origin(layers, ("topics", 1)) is None
    assert [x.removed for x in history(layers, ("topics", 1))] == [False, True]


def test_a_mapping_comes_from_the_highest_layer_that_says_something_of_it() -> None:
    found = origin(LAYERS, ("quota",))
    assert found is not None
    assert found.layer.name == "site"


def test_a_scalar_in_place_of_a_mapping_takes_away_what_was_in_it() -> None:
    layers = [layer("from: {a: x}\n", "tenant"), layer("from: y\n", "site")]
    assert origin(layers, ("from", "a")) is None
    assert history(layers, ("from", "a"))[-1].route == ("from",)


def routes(value: Any, route: Route = ()) -> Iterator[Route]:
    """The routes of everything in *value*."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for step, child in inner:
        yield (*route, step)
        yield from routes(child, (*route, step))


def value_at(value: Any, route: Route) -> Any:
    for step in route:
        value = value[step]
    return value


@given(st.lists(MAPPINGS, min_size=1, max_size=4))
def test_exactly_what_is_in_the_merged_data_has_an_origin_and_scalars_come_from_there(
    data: list[Any],
) -> None:
    layers = [plain(x) for x in data]
    merged, _ = merge_layers(layers)
    there = set(routes(merged))
    for route in {route for x in (*data, merged) for route in routes(x)}:
        found = origin(layers, route)
        assert (found is not None) == (route in there)
        if found is not None and not isinstance(found.value, dict):
            assert found.value == value_at(merged, route)


@given(st.lists(MAPPINGS, min_size=1, max_size=4))
def test_no_history_begins_with_a_removal_or_has_two_in_a_row(data: list[Any]) -> None:
    layers: list[Layer] = [plain(x) for x in data]
    for route in {route for x in data for route in routes(x)}:
        removed = [x.removed for x in history(layers, route)]
        assert removed[:1] != [True]
        assert all(not (a and b) for a, b in pairwise(removed))
