"""Payload schemas along the chains: what is sent against what is accepted at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from composer.diagnostic import Diagnostic
from composer.stages.wire.graph.shapes import Node, misfits
from tests.wire.sites import PLC, files
from tests.wire.test_topics import HERE, at, found, said
from tests.wire.test_traffic import GATEWAY, functions, streams

PRESS = """\
  devices:
    press: {count: 9, publish: [{topic: "press/{device}/t", rate: 1/s, bytes: 90, schema: files/sent.json}]}
"""
STOP = functions("on: alert, accepts: files/accepted.json")


def chain(root: Path, sent: Any, accepted: Any, steps: str = "", tenant: str = PRESS) -> list[Diagnostic]:
    """The findings where a stream lies between what is sent and what is accepted. A text is a file's content as it is."""
    texts = {
        f"files/{name}.json": schema if isinstance(schema, str) else json.dumps(schema)
        for name, schema in (("sent", sent), ("accepted", accepted))
    }
    spec = tenant + streams(f"from: press/+/t, to: {{topic: alert}}, do: [{steps}]") + STOP
    return found(root, {**files(HERE, acme=spec), **texts})


def fields(*required: str, more: bool = True, **properties: Any) -> dict[str, Any]:
    made = {name: {"type": said} if isinstance(said, str) else said for name, said in properties.items()}
    return {"type": "object", "required": list(required), "properties": made, "additionalProperties": more}


NUMBER = fields("pressure", pressure="number")


def test_w024_names_both_ends_of_the_chain(tmp_path: Path) -> None:
    (finding,) = chain(tmp_path, fields("pressure", pressure="string"), NUMBER)
    assert said([finding]) == [
        "acme.yaml:10 `files/accepted.json` error[W024] function f0 of tenant acme accepts sites/files/accepted.json, but what "
        "device class press of tenant acme publishes, by way of stream s0 of tenant acme, may not fit: "
        "pressure is string, accepted is number"
    ]
    assert [at(r.place) for r in finding.related] == ["acme.yaml:6 `files/sent.json`"]


@pytest.mark.parametrize(
    ("sent", "accepted", "fault"),
    [
        (NUMBER, NUMBER, ""),
        (fields("pressure", pressure="integer"), NUMBER, ""),
        (NUMBER, fields("pressure", pressure="integer"), "pressure is number, accepted is integer"),
        (
            fields("pressure", pressure={"type": ["number", "null"]}),
            NUMBER,
            "pressure is number or null, accepted is number",
        ),
        (fields(pressure="number"), NUMBER, "pressure is required, but is not always sent"),
        (fields(), NUMBER, "pressure is required, but nothing says that it is sent"),
        (fields(more=False), NUMBER, "pressure is required, but is not sent"),
        (
            fields("a", a=fields(b="string")),
            fields("a", a=fields("b", b="string")),
            "a.b is required, but is not always sent",
        ),
        (fields("a", a={"enum": [1, 2]}), fields("a", a={"enum": [2, 3]}), "a may be 1, accepted is 2 or 3"),
        (fields("a", a={"const": 2}), fields("a", a={"enum": [2, 3]}), ""),
        (fields("a", a={"const": 2}), fields("a", a={"const": 2.0}), ""),
        (fields("a", a={"enum": [1, True]}), fields("a", a="integer"), "a is integer or boolean, accepted is integer"),
        (fields("a", a="integer"), fields("a", a={"enum": ["on", None]}), "a is integer, accepted is string or null"),
        (fields("a", a="string"), fields("a", a={"enum": ["on", "off"]}), ""),
        (fields(a="number"), {"type": "object", "additionalProperties": {"type": "number"}}, ""),
        (
            fields(a="number", b="number"),
            {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
            "b is number, accepted is string",
        ),
        (
            fields("a", a={"type": ["object", "null"], "properties": {"b": {"type": "string"}}}),
            fields("a", a={"type": ["object", "null"], "properties": {"b": {"type": "number"}}, "required": ["b"]}),
            "a.b is required, but is not always sent; a.b is string, accepted is number",
        ),
        (fields("a", a="number"), fields("a", a={"type": "number", "minimum": 180}), ""),
        (fields("a", a="number", b="number"), fields("a", a="number", more=False), "b is sent, but is not accepted"),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "number"}},
            "[] is string",
        ),
        ({"type": "string"}, NUMBER, "the message is string, accepted is object"),
        (NUMBER, False, "the message is not accepted"),
        (True, NUMBER, ""),
        (
            {
                "$ref": "#/$defs/it",
                "$defs": {"it": fields("pressure", pressure={"$ref": "#/$defs/p"}), "p": {"type": "null"}},
            },
            NUMBER,
            "pressure is null, accepted is number",
        ),
        ({"allOf": [fields("pressure"), fields(pressure="number")], "type": "object"}, NUMBER, ""),
        ({**fields(), "anyOf": [NUMBER, NUMBER]}, NUMBER, ""),
        ({**fields(), "$ref": "#/nowhere"}, NUMBER, ""),
        ({**fields("a"), "properties": {"a": {"$ref": "#"}}}, {**fields("a"), "properties": {"a": {"$ref": "#"}}}, ""),
    ],
)
def test_w024_types_fields_and_listed_values(tmp_path: Path, sent: Any, accepted: Any, fault: str) -> None:
    findings = chain(tmp_path, sent, accepted)
    assert [d.code for d in findings] == (["W024"] if fault else [])
    assert all(fault in d.message for d in findings)


@pytest.mark.parametrize(
    ("steps", "wanted", "fault"),
    [
        ("{filter: 'pressure > 180'}", fields("pressure", "device", pressure="number", device="string"), ""),
        ("{keep: [device]}", NUMBER, "pressure is required, but is not sent"),
        ("{keep: [pressure]}", fields("device"), "device is required, but is not sent"),
        ("{drop: [pressure]}", NUMBER, "pressure is required, but nothing says that it is sent"),
        ("{map: {bar: pressure}}", fields("bar", "pressure"), ""),
        ("{map: {bar: pressure}}", fields("psi"), "psi is required, but nothing says that it is sent"),
        ("{map: {a.b: pressure}}", fields("psi"), ""),
        (
            "{window: {every: 10s, by: device, mean: [pressure]}}",
            fields("device", "pressure_mean", pressure_mean="number"),
            "",
        ),
        ("{window: {every: 10s, max: [pressure]}}", fields("pressure"), "pressure is required, but is not sent"),
        ("{window: {every: 10s, max: [heat]}}", fields("heat_max"), "heat_max is required, but is not always sent"),
        ("{window: {every: 10s, count: [heat]}}", fields("heat_count", "messages", "time"), ""),
        ("{window: {every: 10s}}", fields(messages="string"), "messages is integer, accepted is string"),
    ],
)
def test_w024_knows_what_steps_make_of_a_message(tmp_path: Path, steps: str, wanted: Any, fault: str) -> None:
    findings = chain(tmp_path, NUMBER, wanted, steps)
    assert [d.code for d in findings] == (["W024"] if fault else [])
    assert all(fault in d.message for d in findings)


def test_the_schema_a_stream_states_itself_counts(tmp_path: Path) -> None:
    spec = PRESS + streams("from: press/+/t, to: {topic: alert, schema: files/own.json}, do: [{map: {a: '1'}}]") + STOP
    texts = {
        f"files/{n}.json": json.dumps(s) for n, s in (("sent", NUMBER), ("own", fields("a")), ("accepted", fields("b")))
    }
    assert said(found(tmp_path, {**files(HERE, acme=spec), **texts})) == [
        "acme.yaml:10 `files/accepted.json` error[W024] function f0 of tenant acme accepts sites/files/accepted.json, but what "
        "stream s0 of tenant acme publishes may not fit: b is required, but nothing says that it is sent"
    ]


def test_w024_is_said_once_for_all_devices_of_a_gateway_that_are_alike(tmp_path: Path) -> None:
    fleet = PLC.replace("plc/{device}/state", "press/{device}/t").replace(
        "bytes: 60", "bytes: 60, schema: files/sent.json"
    )
    devices = ", ".join(f"d{i}: {{tenant: acme, profile: plc, unit: {i}}}" for i in range(1, 5))
    documents = files(
        HERE + GATEWAY % devices, fleet=fleet, acme=functions("on: press/+/t, accepts: files/accepted.json")
    )
    texts = {"files/sent.json": json.dumps(fields()), "files/accepted.json": json.dumps(NUMBER)}
    (finding,) = found(tmp_path, {**documents, **texts})
    assert (finding.code, [at(r.place) for r in finding.related]) == ("W024", ["fleet.yaml:9 `files/sent.json`"])


DEEP = "[" * 100 + "]" * 100


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "it is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"type": "objekt"}', "it is not a JSON Schema"),
        ("[]", "it is not a JSON Schema"),
        ('{"properties": {"a": {"type": 5}}}', "(at properties/a/type)"),
        ('{"$ref": "other.json"}', "$ref 'other.json' leads out of the file"),
        ('{"$ref": "http://127.0.0.1:9/x"}', "leads out of the file"),
        ('{"$schema": "http://127.0.0.1:9/dialect"}', "its dialect 'http://127.0.0.1:9/dialect' is not known"),
        ('{"default": ' + DEEP + "}", "it is nested too deeply"),
        ('{"default": ' + "[" * 100_000 + "}", "it is nested too deeply"),
    ],
)
def test_w025_a_schema_that_cannot_be_used(tmp_path: Path, text: str, fault: str) -> None:
    (finding,) = chain(tmp_path, text, NUMBER)
    assert (finding.code, at(finding.place)) == ("W025", "acme.yaml:6 `files/sent.json`")
    assert fault in finding.message


def test_w025_at_the_consumer(tmp_path: Path) -> None:
    findings = chain(tmp_path, NUMBER, "nothing")
    assert [(d.code, at(d.place)) for d in findings] == [("W025", "acme.yaml:10 `files/accepted.json`")]


KINDS = st.sampled_from(["string", "number", "integer", "boolean", "null"])
LEAVES = st.fixed_dictionaries({"type": KINDS | st.lists(KINDS, min_size=1, max_size=2, unique=True)})
LISTED = st.fixed_dictionaries(
    {"enum": st.lists(st.sampled_from([1, "a", None]), min_size=1, max_size=3, unique_by=repr)}
)
VALUES = {"string": "a", "number": 1.5, "integer": 7, "boolean": True, "null": None}


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    """A schema of objects whose required fields are all described."""
    properties = draw(st.dictionaries(st.sampled_from("ab"), inner, max_size=2))
    required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
    return fields(*required, more=draw(st.booleans()), **properties)


SCHEMAS = objects(LEAVES | LISTED | objects(LEAVES))


def messages(schema: Any) -> st.SearchStrategy[Any]:
    """Messages with no other fields than their schema describes."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] != "object":
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        return st.sampled_from([VALUES[kind] for kind in kinds])
    made = {name: messages(inner) for name, inner in schema["properties"].items()}
    optional = {name: each for name, each in made.items() if name not in schema["required"]}
    return st.fixed_dictionaries({name: made[name] for name in schema["required"]}, optional=optional)


@given(SCHEMAS)
def test_what_a_schema_describes_fits_that_schema(schema: Any) -> None:
    assert list(misfits(Node(schema, schema), Node(schema, schema))) == []


@given(st.data())
def test_where_schemas_fit_every_message_is_accepted(data: st.DataObject) -> None:
    """Values listed on one side alone are not compared, as bounds of numbers are not."""
    plain = objects(LEAVES | objects(LEAVES))
    sent = data.draw(plain)
    accepted = data.draw(st.just(sent) | plain)
    message = data.draw(messages(sent))
    if not list(misfits(Node(sent, sent), Node(accepted, accepted))):
        assert Draft202012Validator(accepted).is_valid(message)
    elif sent["properties"]:
        assert sent != accepted


def test_schemas_that_lead_to_themselves_in_many_ways_are_compared_all_the_same() -> None:
    below = {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "both": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}
    sent = {"type": "object", "required": ["v"], "properties": {**below, "v": {"type": "string"}}}
    accepted = {"type": "object", "required": ["v"], "properties": {**below, "v": {"type": "number"}}}
    assert list(misfits(Node(sent, sent), Node(sent, sent))) == []
    assert list(misfits(Node(sent, sent), Node(accepted, accepted))) == ["v is string, accepted is number"]


def test_references_that_double_at_each_step_are_followed_once() -> None:
    steps = {f"s{i}": {"allOf": [{"$ref": f"#/$defs/s{i + 1}"}, {"$ref": f"#/$defs/s{i + 1}"}]} for i in range(40)}
    schema = {
        "$ref": "#/$defs/s0",
        "$defs": {**steps, "s40": {"required": ["a"], "properties": {"a": {"type": "string"}}}},
    }
    accepted = fields("a", a="number")
    assert list(misfits(Node(schema, schema), Node(accepted, accepted))) == ["a is string, accepted is number"]
