"""The schemas that editors get: they help, and never refuse what the composer takes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from composer.source.reader import parse
from composer.stages.resolve.rules import compile_rules, json_schema
from tests.resolve.test_rules_compiled import compiled, document, params, schemas

RULES = """
maxConnections: {type: integer, min: 1, max: 1000, default: 100, meta: {help: Most clients at a time.}}
version: {type: string, allowed: ["2.0", "2.1"], default: "2.1"}
window: {type: duration, min: 1s, meta: {examples: [10s]}}
port: {type: integer, coerce: integer, required: true}
secrets: {type: dict, keysrules: {type: string, regex: "[A-Z_]+"}, valuesrules: {type: secretRef}}
tls:
  type: dict
  schema: {enabled: {type: boolean}, versions: {type: list, minlength: 1, schema: {type: string}}}
extra: {type: dict, allow_unknown: true, schema: {a: {type: integer}}}
either: {anyof: [{type: integer, min: 5}, {type: string, allowed: [big]}]}
free: {noneof: [{type: boolean}]}
"""


def schema_of(text: str) -> dict[str, Any]:
    return json_schema(compile_rules(parse(text, "params.yaml")).schema, title="Parameters")


def faults(schema: dict[str, Any], values: Any) -> list[str]:
    Draft202012Validator.check_schema(schema)
    return sorted(error.json_path for error in Draft202012Validator(schema).iter_errors(values))


def test_a_parameter_is_explained_with_its_help_bounds_and_default() -> None:
    properties = schema_of(RULES)["properties"]
    assert properties["maxConnections"] == {
        "description": "Most clients at a time.\n\nExpected a whole number, at least 1, at most 1000.",
        "default": 100,
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 1000,
    }
    assert properties["version"] == {
        "default": "2.1",
        "type": ["string", "null"],
        "enum": ["2.0", "2.1", None],
    }
    assert properties["window"]["examples"] == ["10s"]
    assert properties["free"] == {}
    assert properties["window"]["patternErrorMessage"].startswith("expected a duration")


def test_what_an_editor_can_tell_is_told() -> None:
    wrong = {
        "maxConnections": 0,
        "version": "2.2",
        "window": "10",
        "secrets": {"mes": "mes/token", "A": "x"},
        "tls": {"enabled": "yes", "versions": [], "version": 1},
        "extra": {"a": "x"},
        "either": 3,
        "maxConnection": 5,
    }
    assert faults(schema_of(RULES), wrong) == [
        "$",
        "$.either",
        "$.extra.a",
        "$.maxConnections",
        "$.secrets",
        "$.secrets.A",
        "$.tls",
        "$.tls.enabled",
        "$.tls.versions",
        "$.version",
        "$.window",
    ]


def test_a_layer_may_say_a_part_or_null_anywhere_and_what_is_coerced() -> None:
    assert faults(schema_of(RULES), {}) == []
    assert faults(schema_of(RULES), {"tls": None, "version": None, "either": None, "extra": {"a": None, "b": 1}}) == []
    assert faults(schema_of(RULES), {"port": "8883"}) == []


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)
@given(st.data())
def test_what_the_composer_takes_an_editor_takes(data: st.DataObject) -> None:
    rules = data.draw(schemas())
    assume(document(rules) is not None)
    values = data.draw(params(rules))
    assume(compiled(rules, values) is not None)
    assert faults(json.loads(json.dumps(json_schema(rules, title="Parameters"))), values) == []
