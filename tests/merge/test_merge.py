"""Layers of plain data: what they come to, and that nothing given is ever changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.merge import merge, merge_layers
from composer.model.stack import Layer
from composer.source.document import Document
from composer.source.reader import parse

KEYS = st.sampled_from("abc")
LEAVES = st.none() | st.integers(0, 3) | st.lists(st.none() | st.integers(0, 2), max_size=2)
TREES = st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)
MAPPINGS = st.dictionaries(KEYS, TREES, max_size=3)


def layer(text: str, name: str = "layer", *route: str) -> Layer:
    document = parse(text, f"{name}.yaml")
    data = document.data
    for step in route:
        data = data[step]
    return Layer(name, data, document, route)


def plain(data: Any) -> Layer:
    return Layer("plain", data, Document("plain.yaml", "", data), ())


@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": 1}, {"a": {}}, {"a": {}}),
        ({}, {"a": {"b": None, "c": {"d": None}}}, {"a": {"c": {}}}),
        ({"a": [1]}, {"a": [None, {"b": None}]}, {"a": [None, {"b": None}]}),
        ({"a": 0}, {"a": False}, {"a": False}),
    ],
)
def test_mappings_merge_the_rest_replaces_and_null_removes(lower: Any, upper: Any, merged: Any) -> None:
    assert merge(lower, upper) == merged


def test_keys_keep_the_order_of_the_lowest_layer_and_new_ones_follow() -> None:
    merged = merge({"b": 1, "a": 2}, {"c": 3, "a": 4})
    assert list(merged) == ["b", "a", "c"]


def test_what_no_layer_touches_is_the_very_same_object() -> None:
    lower = {"a": {"deep": {"x": 1}}, "b": {"y": 2}}
    upper = {"b": {"z": 3}, "c": {"w": [1]}}
    merged = merge(lower, upper)
    assert merged["a"] is lower["a"]
    assert merged["c"] is upper["c"]
    assert merged["b"] == {"y": 2, "z": 3}


@given(MAPPINGS, MAPPINGS)
def test_merging_changes_nothing_it_is_given(lower: Any, upper: Any) -> None:
    before = deepcopy((lower, upper))
    merge(lower, upper)
    assert (lower, upper) == before


def without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def oracle(lower: Any, upper: Any) -> Any:
    """Merging in the plainest words."""
    if not isinstance(upper, dict):
        return upper
    lower = lower if isinstance(lower, dict) else {}
    keys = [*lower, *(key for key in upper if key not in lower)]
    merged = {key: oracle(lower.get(key), upper[key]) if key in upper else lower[key] for key in keys}
    return {key: value for key, value in merged.items() if not (key in upper and upper[key] is None)}


@given(MAPPINGS, MAPPINGS)
def test_merging_is_what_its_definition_says(lower: Any, upper: Any) -> None:
    lower = without_nulls(lower)
    assert merge(lower, upper) == oracle(lower, upper)


@given(MAPPINGS)
def test_merging_with_nothing_leaves_everything(data: Any) -> None:
    data = without_nulls(data)
    assert merge(data, {}) == data
    assert merge({}, data) == data
    assert merge(data, data) == data


@given(st.lists(MAPPINGS, max_size=4))
def test_merged_layers_are_the_layers_merged_one_after_another(layers: list[Any]) -> None:
    merged: Any = {}
    for data in layers:
        merged = merge(merged, data)
    assert merge_layers([plain(data) for data in layers])[0] == merged


def test_a_layer_that_says_nothing_at_all_changes_nothing() -> None:
    empty = Layer("empty", None, Document("empty.yaml", "", None), ())
    assert merge_layers([plain({"a": 1}), empty]) == ({"a": 1}, [])


def test_a_null_with_nothing_to_remove_is_an_error_at_its_key() -> None:
    lower = layer("a: {b: 1}\n", "tenant")
    upper = layer("spec:\n  a:\n    b: null\n    c: null\n  d: {e: {f: null}}\n", "site", "spec")
    merged, findings = merge_layers([lower, upper])
    assert merged == {"a": {}, "d": {"e": {}}}
    assert [(str(f.place), f.code, f.message) for f in findings] == [
        ("site.yaml:4:5", "L101", "null removes a.c, but no lower layer sets it"),
        ("site.yaml:5:11", "L101", "null removes d.e.f, but no lower layer sets it"),
    ]


@pytest.mark.parametrize("text", ["a: null\n", "a: {b: null}\n", "a: {b: {c: null}}\n"])
def test_the_lowest_layer_has_nothing_to_remove(text: str) -> None:
    _, findings = merge_layers([layer(text)])
    assert [f.code for f in findings] == ["L101"]


def test_a_null_may_remove_what_a_layer_in_between_has_set_and_not_what_it_has_removed() -> None:
    layers = [layer("a: 1\n"), layer("a: null\n"), layer("a: null\n", "top")]
    merged, findings = merge_layers(layers)
    assert merged == {}
    assert [str(f.place) for f in findings] == ["top.yaml:1:1"]


def test_a_null_below_what_is_no_mapping_removes_nothing() -> None:
    _, findings = merge_layers([layer("a: 1\n"), layer("a: {b: null}\n", "top")])
    assert [str(f.place) for f in findings] == ["top.yaml:1:5"]
