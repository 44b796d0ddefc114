"""What holds for every template: the compiled program and the slow way through the templates agree."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from composer.diagnostic import Rejected
from composer.stages.render import compile_blueprint, render, trace
from composer.stages.render.origins import Origin, Origins
from tests.render.kit import blueprint, component

CONTEXT: dict[str, Any] = {
    "site": {
        "name": "b",
        "n": 3,
        "none": None,
        "on": True,
        "map": {"k": "v", "m": {"d": 1}},
        "words": ["a", "b", "a"],
    },
    "tenants": [
        {"name": "acme", "tags": ["x", "y"]},
        {"name": "globex", "tags": []},
        {"name": "b", "tags": ["x"]},
    ],
}
NAMES = ["site.name", "site.n", "site.map", "site.words", "site.on", "tenants[0].name", "site.words|first"]
FAILING = ["site.none", "site.nope", "site.n|upper", "bridge.name"]
BOUND = ["x.name", "x", "y"]


def templates(bound: list[str]) -> st.SearchStrategy[Any]:
    """Templates in which the names of *bound* are bound around them."""
    paths = st.sampled_from([*NAMES * 6, *bound * 12, *FAILING])
    tests = st.sampled_from(["site.on", "not site.on", "site.n > 2", *[f"{name} == 'a'" for name in bound]])
    each = st.sampled_from(["tenants", "site.words", "site.words|unique", "range(2)", "tenants|map(attribute='tags')"])
    keys = st.sampled_from(["a", "b", "c", "$$d", "{{ site.name }}", *[f"k-{{{{ {name} }}}}" for name in bound[2:]]])
    leaves = st.one_of(
        st.sampled_from([1, True, "text", ""]),
        paths.map(lambda path: f"{{{{ {path} }}}}"),
        st.sampled_from(["{{ site.name }}-{{ site.n }}", "{{ site.name }}.{{ tenants[0].name }}"]),
    )
    return st.recursive(leaves, lambda inner: _nodes(inner, keys, tests, each), max_leaves=14)


Strategy = st.SearchStrategy[Any]


def _nodes(inner: Strategy, keys: Strategy, tests: Strategy, each: Strategy) -> Strategy:
    mappings = st.dictionaries(keys, inner, max_size=3)
    conditional = st.tuples(tests, inner).map(lambda parts: {"$if": parts[0], "$do": parts[1]})
    names = st.sampled_from(["x", "y"])
    entries = st.tuples(each, names, mappings, mappings, st.none() | tests).map(lambda parts: _loop(*parts))
    items = st.tuples(each, names, inner, st.just({}), st.none() | tests).map(lambda parts: _loop(*parts))
    certain = inner.filter(lambda value: not isinstance(value, dict) or not value.keys() & {"$if", "$use"})
    given_to = certain.map(lambda value: {"$use": {"name": "frag", "with": {"f": value}}})
    used = st.sampled_from([{"$use": "frag"}, {"$use": "list"}]) | given_to
    lists = st.lists(inner | items, max_size=3)
    merges = st.lists(mappings | st.tuples(tests, mappings).map(lambda parts: {"$if": parts[0], "$do": parts[1]}))
    return mappings | conditional | entries | used | lists | merges.map(lambda parts: {"$merge": parts})


def _loop(over: str, name: str, body: Any, beside: dict[str, Any], test: str | None) -> dict[str, Any]:
    made = {**beside, "$for": {"each": over, "as": name}, "$do": body}
    return made if test is None else {"$if": test, **made}


def _manifest(top: Any, deep: Any) -> dict[str, Any]:
    inner = {"$for": {"each": "site.words", "as": "y"}, "$do": {"deep": deep, "again": "{{ x.name }}{{ y }}"}}
    return {
        "top": top,
        "again": "{{ site.name }}",
        "loop": [{"$for": {"each": "tenants", "as": "x"}, "$do": [inner]}],
    }


manifests = st.tuples(templates([]), templates(BOUND)).map(lambda parts: _manifest(*parts))

FRAGMENTS = {
    "frag": '{$if: site.on, got: "{{ f|default(1) }}", in: [{$use: list}]}',
    "list": '["{{ site.name }}", {$if: site.n > 5, $do: 1}]',
}


def outcome(way: Any, made: Any) -> Any:
    """The objects, or where it is said why there are none."""
    try:
        found = way(compile_blueprint(made), component(made), CONTEXT)
    except Rejected as rejected:
        return [(finding.code, finding.place.line > 0) for finding in rejected.diagnostics]
    return [getattr(one, "rendered", one).object for one in found]


@settings(max_examples=120, deadline=None)
@given(manifests)
def test_the_program_and_the_slow_way_agree(template: dict[str, Any]) -> None:
    made = blueprint(json.dumps(template), fragments=FRAGMENTS)
    quick, slow = outcome(render, made), outcome(trace, made)
    assert quick == slow
    assert quick, "objects or findings, and never nothing"
    assert all(isinstance(found, dict) or found[1] for found in quick)


@settings(max_examples=40, deadline=None)
@given(manifests)
def test_every_value_has_an_origin(template: dict[str, Any]) -> None:
    made = blueprint(json.dumps(template), fragments=FRAGMENTS)
    try:
        found = trace(compile_blueprint(made), component(made), CONTEXT)
    except Rejected:
        return
    for traced in found:
        assert matches(traced.rendered.object, traced.origins)


def matches(value: Any, origins: Origins) -> bool:
    """Whether *origins* has the shape of *value*, down to the leaves."""
    if isinstance(origins, Origin):
        return origins.place.line > 0
    if isinstance(origins, dict):
        return list(value) == list(origins) and all(matches(value[key], origins[key]) for key in value)
    return len(value) == len(origins) and all(map(matches, value, origins))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string_arrives_unchanged_in_every_place(value: str) -> None:
    template = {
        "leaf": "{{ site.s }}",
        "mixed": "[{{ site.s }}]",
        "{{ site.s }}|": 1,
        "items": [{"$for": {"each": "site.l", "as": "x"}, "$do": "{{ x }}"}],
        "merge": {"$merge": ["{{ site.m }}", {"b": "{{ site.s }}"}]},
    }
    made = blueprint(json.dumps(template))
    context = {"site": {"s": value, "l": [value], "m": {value + "!": value}}}
    [rendered] = render(compile_blueprint(made), component(made), context)
    assert rendered.object == {
        "leaf": value,
        "mixed": f"[{value}]",
        f"{value}|": 1,
        "items": [value],
        "merge": {value + "!": value, "b": value},
    }
