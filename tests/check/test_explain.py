"""Why a value does not follow its schema, in words."""

from __future__ import annotations

from typing import Any

import pytest

from composer.stages.check.explain import explain

SAW = {"type": "object", "additionalProperties": False, "properties": {"saw": {"type": "integer"}}}
DRILL = {
    "type": "object",
    "additionalProperties": False,
    "required": ["drill"],
    "properties": {"drill": {"type": "string"}},
}


@pytest.mark.parametrize(
    ("schema", "thing", "expected"),
    [
        ({"type": "integer"}, "x", ["K006 is 'x'; expected an integer"]),
        ({"type": ["integer", "string"]}, None, ["K006 is null; expected an integer or a string"]),
        ({"type": "string"}, True, ["K006 is true; expected a string"]),
        ({"type": "string"}, [1, 2], ["K006 is a list of 2; expected a string"]),
        ({"type": "string"}, {}, ["K006 is a mapping of 0; expected a string"]),
        ({"const": "v1"}, "v2", ["K006 is 'v2'; expected v1"]),
        ({"enum": ["Always", "Never"]}, "always", ["K006 is 'always'; expected Always, Never"]),
        ({"minimum": 1}, 0, ["K006 is 0; expected at least 1"]),
        ({"exclusiveMaximum": 5}, 5, ["K006 is 5; expected less than 5"]),
        ({"minItems": 1}, [], ["K006 is a list of 0; expected a number of items of at least 1"]),
        ({"maxLength": 2}, "x" * 100, [f"K006 is '{'x' * 59}...; expected a length of at most 2"]),
        ({"pattern": "^a$"}, "b", ["K006 is 'b'; expected a match of ^a$"]),
        ({"pattern": "^a$", "x-expected": "an a"}, "a\n", ["K006 is 'a\\n'; expected an a"]),
        ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, ["K006 b is no key here; expected a match of ^a"]),
        ({"not": {"required": ["a"]}}, {"a": 1}, ["K006 is not as its schema wants it: "]),
        (SAW, {"sow": 1}, ["K004 sow is not a known field"]),
        (DRILL, {}, ["K005 drill is missing"]),
        (DRILL, {"drill": 1, "x": 2}, ["K004 x is not a known field", "K006 drill is 1; expected a string"]),
        ({"anyOf": [SAW, DRILL]}, {"saw": "x"}, ["K006 saw is 'x'; expected an integer"]),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, ["K005 needs one of a, b"]),
        (
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"a": 1, "b": 2},
            ["K006 is not as its schema wants it: "],
        ),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, [], ["K006 is a list of 0; expected a string"]),
    ],
)
def test_a_misfit_says_what_is_there_and_what_is_expected(
    schema: dict[str, Any], thing: Any, expected: list[str]
) -> None:
    said = sorted(
        f"{m.code} {' '.join(map(str, m.route))} {m.message}".replace("  ", " ") for m in explain(thing, schema)
    )
    assert len(said) == len(expected)
    for line, start in zip(said, expected, strict=True):
        assert line.startswith(start), said


def test_a_near_miss_is_suggested() -> None:
    schema = {"additionalProperties": False, "properties": {"replicas": {}, "selector": {}}}
    assert [m.hint for m in explain({"replcas": 1}, schema)] == ["did you mean 'replicas'?"]
    assert [m.hint for m in explain({"zzz": 1}, schema)] == ["its fields are replicas, selector"]
    assert [m.hint for m in explain("alway", {"enum": ["Always"]})] == ["did you mean 'Always'?"]


def test_what_is_nested_too_deeply_is_one_misfit() -> None:
    deep: Any = {}
    for _ in range(3000):
        deep = {"a": deep}
    schema = {"$defs": {"a": {"additionalProperties": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a", "required": ["b"]}
    assert {m.code for m in explain(deep, schema)} <= {"K005", "K006"}
