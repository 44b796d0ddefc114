"""A leaf yields the value of its expression, with its type, and nothing is ever read again."""

from __future__ import annotations

from typing import Any

import pytest

from composer.stages.render import compile_blueprint, render
from tests.render.kit import blueprint, component, findings, one, places, text

TRICKY = [
    "1",
    "None",
    "{'a': 1}",
    "007",
    "1e3",
    "0o7",
    "no",
    "on",
    "true",
    "null",
    "~",
    "",
    " ",
    "{{ x }}",
    "{% for x in y %}",
    "{# note #}",
    "${HOME} $(VAR)",
    "a: b\nc: d",
    "\n---\nkind: ClusterRole\n",
    "'\"\\",
    "\u2028\u0085\ufeff\U0001f600",
]


@pytest.mark.parametrize("value", TRICKY)
def test_a_string_arrives_unchanged_in_every_place(value: str) -> None:
    manifest = """
leaf: "{{ params.s }}"
again: "{{ params.s }}"
mixed: "<{{ params.s }}>"
"{{ params.s }}!": key
list:
  - "{{ params.s }}"
  - $for: {each: params.list, as: item}
    $do: {value: "{{ item }}", mixed: "-{{ item }}"}
entries:
  $for: {each: "params.map|items", as: [key, item]}
  $do: {"{{ key }}": "{{ item }}"}
merged: {$merge: ["{{ params.map }}", {other: "{{ params.s }}"}]}
used: {$use: {name: given, with: {what: "{{ params.s }}"}}}
conditional: {$if: "params.s == params.list[0]", $do: "{{ params.s }}"}
chosen: "{{ params.s if params.list else 'x' }}"
filtered: "{{ params.list|map('string')|first }}"
"""
    context = {"params": {"s": value, "list": [value], "map": {f"{value}?": value}}}
    made = one(
        manifest,
        context,
        params="s list map",
        fragments={"given": "{is: '{{ what }}', mixed: '{{ what }}.'}"},
    )
    assert made == {
        "leaf": value,
        "again": value,
        "mixed": f"<{value}>",
        f"{value}!": "key",
        "list": [value, {"value": value, "mixed": f"-{value}"}],
        "entries": {f"{value}?": value},
        "merged": {f"{value}?": value, "other": value},
        "used": {"is": value, "mixed": f"{value}."},
        "conditional": value,
        "chosen": value,
        "filtered": value,
    }
    assert all(type(leaf) is str for leaf in (made["leaf"], made["filtered"], made["used"]["is"], *made["entries"]))


@pytest.mark.parametrize(
    "value", [0, 1, -5, 2**63, 0.5, 1e300, True, False, "", [], {}, [1, [None]], {"a": {"b": [True]}}]
)
def test_a_value_keeps_its_type(value: Any) -> None:
    made = one('{a: "{{ params.x }}", b: "{{ params.x|default(1) }}"}', {"params": {"x": value}}, params="x")
    assert made == {"a": value, "b": value}
    assert type(made["a"]) is type(made["b"]) is type(value)


def test_a_literal_of_an_expression_keeps_its_type() -> None:
    made = one("""{a: "{{ '1' }}", b: "{{ 1 }}", c: "{{ [1, 'x'] }}", d: "{{ {'k': (1, 2)} }}", e: "{{ 1 == 1 }}"}""")
    assert made == {"a": "1", "b": 1, "c": [1, "x"], "d": {"k": [1, 2]}, "e": True}


def test_a_lazy_filter_yields_a_list() -> None:
    assert one("a: \"{{ ['x', 'y']|map('upper') }}\"") == {"a": ["X", "Y"]}


@pytest.mark.parametrize(
    ("template", "expected"), [("{{ '{{' }}", "{{"), ("a {{ '{%' }} b", "a {% b"), ("{# no #}", "{# no #}")]
)
def test_braces_can_be_written(template: str, expected: str) -> None:
    assert one(f'a: "{template}"') == {"a": expected}


def test_text_around_expressions_stays_as_it_is() -> None:
    context = {"site": {"name": "b", "n": 7, "f": 0.5}}
    made = one('a: " {{ site.name }}-{{ site.n }}/{{ site.f }}\\n"\nb: |\n  {{ site.name }}\n  x\n', context)
    assert made == {"a": " b-7/0.5\n", "b": "b\nx\n"}


@pytest.mark.parametrize("value", [True, None, [1], {"a": 1}])
def test_only_strings_and_numbers_stand_in_a_longer_string(value: Any) -> None:
    [found] = findings('a: "x {{ params.x }}"', {"params": {"x": value}}, params="x")
    assert found.code == ("T008" if value is None else "T009")
    assert found.hint


@pytest.mark.parametrize("expression", ["params.x", "params.y", "site.nope", "bridge", "site.name.first", "1 if false"])
def test_a_leaf_without_a_value_is_an_error(expression: str) -> None:
    context = {"params": {"x": None}, "site": {"name": "b"}}
    [found] = findings(f'a: "{{{{ {expression} }}}}"', context, params="x y")
    assert (found.code, found.place.line, found.place.column) == ("T008", 1, 4)


def test_nothing_inside_a_computed_value_is_an_error_too() -> None:
    assert places(findings('a: "{{ [1, site.nope] }}"', {"site": {}})) == ["m.yaml:1:4 T008"]


@pytest.mark.parametrize("key", ["1", "[1]", "true"])
def test_a_key_that_is_no_string_is_an_error(key: str) -> None:
    assert places(findings(f'a:\n  "{{{{ {key} }}}}": x')) == ["m.yaml:2:3 T010"]


def test_equal_keys_are_an_error() -> None:
    assert places(findings('a:\n  x: 1\n  "{{ site.k }}": 2', {"site": {"k": "x"}})) == ["m.yaml:3:3 T010"]


def test_equal_keys_are_told_apart_by_their_value_not_their_spelling() -> None:
    assert places(findings("a:\n  $$x: 1\n  \"{{ '$x' }}\": 2")) == ["m.yaml:3:3 T010"]


def test_a_text_is_inserted_unread() -> None:
    value = "{{ x }}\n---\nkind: ClusterRole"
    made = text("v = {{ params.x|json }}\n", {"params": {"x": value}}, params="x")
    assert made == 'v = "{{ x }}\\n---\\nkind: ClusterRole"\n'
    assert type(made) is str


def test_a_number_no_document_can_hold_is_an_error() -> None:
    assert places(findings('a: "{{ params.x }}"', {"params": {"x": float("nan")}}, params="x")) == ["m.yaml:1:4 T011"]
    assert places(findings('a: "{{ 1e999 }}"')) == ["m.yaml:1:4 T001"]


def test_rendering_changes_neither_the_context_nor_an_earlier_result() -> None:
    made = blueprint('a: {$merge: ["{{ params.m }}", {deep: {b: "{{ params.n }}"}}]}', params="m n")
    program, who = compile_blueprint(made), component(made)
    shared: dict[str, Any] = {"deep": {"a": 1}}
    first = render(program, who, {"params": {"m": shared, "n": 1}})
    second = render(program, who, {"params": {"m": shared, "n": 2}})
    assert shared == {"deep": {"a": 1}}
    assert first[0].object == {"a": {"deep": {"a": 1, "b": 1}}}
    assert second[0].object == {"a": {"deep": {"a": 1, "b": 2}}}
