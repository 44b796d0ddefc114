"""Writes schemas/<kind>.schema.json from tests/generate/schemas/*.yaml: `python -m tests.generate.build_schemas`.

The sources say each thing once; the written schemas are complete in themselves, so any editor can use them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from composer.model.constants import CONSTANTS, Constant
from composer.source.reader import read_document

ROOT = Path(__file__).resolve().parents[2]
SOURCES = "tests/generate/schemas"
API_VERSION = "edge-composer.io/v1alpha1"
BASE = "https://edge-composer.io/schemas"

Schema = dict[str, Any]


def main() -> None:
    for kind, schema in schemas().items():
        (ROOT / "schemas" / f"{kind.lower()}.schema.json").write_text(as_text(schema), encoding="utf-8")


def as_text(schema: Schema) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schemas() -> dict[str, Schema]:
    """The schema of each kind of document."""
    scalars, definitions, kinds = (_source(name) for name in ("scalars", "definitions", "kinds"))
    kinds["Fleet"]["properties"]["capacity"] = _capacity()
    return {kind: _Build(scalars, definitions).document(kind, source) for kind, source in kinds.items()}


def _source(name: str) -> Schema:
    data: Schema = read_document(ROOT, f"{SOURCES}/{name}.yaml").data
    return data


def _capacity() -> Schema:
    """`spec.capacity` of a fleet: every constant that sizing starts from, with its bounds."""
    fields: Schema = {}
    for constant in CONSTANTS:
        within = fields
        if constant.group:
            line = f"{constant.group[-2]}.{constant.group[-1]}"
            description = f"What release line {line} of Mosquitto needs."
            empty = {"title": f"Mosquitto {line}", "description": description, "properties": {}}
            within = fields.setdefault(constant.group, empty)["properties"]
        within[constant.name] = _constant(constant)
    description = "Figures that sizing starts from, where they are not those of docs/capacity.md."
    return {"title": "Capacity", "description": description, "properties": fields}


def _constant(constant: Constant) -> Schema:
    limits = f"From {constant.low} to {constant.high}; left out means {constant.value}."
    kind: Schema = {"use": constant.unit}
    if constant.unit == "count":
        kind = {"type": "integer", "minimum": constant.low, "maximum": constant.high}
    return {**kind, "description": f"{constant.meaning} {limits}", "examples": [constant.value]}


class _Build:
    """Builds one schema; *defs* gathers the definitions it turns out to need."""

    def __init__(self, scalars: Mapping[str, Schema], definitions: Mapping[str, Schema]) -> None:
        self.scalars = scalars
        self.definitions = definitions
        self.defs: dict[str, Schema] = {}

    def document(self, kind: str, source: Schema) -> Schema:
        spec = {"title": f"Spec of a {kind}", **source}
        example = spec.pop("example")
        spec["examples"] = [example["spec"]]
        properties = {
            "apiVersion": {
                "type": "string",
                "enum": [API_VERSION],
                "title": "API version",
                "description": "The version of this vocabulary.",
                "examples": [API_VERSION],
            },
            "kind": {
                "type": "string",
                "enum": [kind],
                "title": "Kind",
                "description": source["description"],
                "examples": [kind],
            },
            "metadata": self.schema({"ref": "metadata"}),
            "spec": self.schema(spec),
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{BASE}/{kind.lower()}.schema.json",
            "title": kind,
            "description": source["description"],
            "type": "object",
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": properties,
            "additionalProperties": False,
            "examples": [example],
            "$defs": {name: self.defs[name] for name in sorted(self.defs)},
        }

    def schema(self, source: Schema, *, nullable: bool = False) -> Schema:
        """The JSON Schema that *source* stands for; with *nullable*, null is allowed as well."""
        if "ref" in source:
            return self._reference(source, nullable)
        found = self._finished(self._extended(source))
        return _or_null(found) if nullable else found

    def _reference(self, source: Schema, nullable: bool) -> Schema:
        name = source["ref"]
        definition = self.definitions[name]
        known = f"{name}-or-null" if nullable else name
        if known not in self.defs:
            self.defs[known] = {}  # breaks the circle where a definition leads back to itself
            self.defs[known] = self.schema(definition, nullable=nullable)
        own = {key: value for key, value in source.items() if key != "ref"}
        return {"$ref": f"#/$defs/{known}", **own}

    def _extended(self, source: Schema) -> Schema:
        """*source* with everything it takes over: from a scalar (`use`) or from a definition (`extends`)."""
        own = {key: value for key, value in source.items() if key not in ("use", "extends")}
        if "use" in source:
            return {**self.scalars[source["use"]], **own}
        if "extends" in source:
            base = self._extended(self.definitions[source["extends"]])
            properties = {**base.get("properties", {}), **own.get("properties", {})}
            return {**base, **own, **({"properties": properties} if properties else {})}
        return own

    def _finished(self, source: Schema) -> Schema:
        layered = source.get("layered", False)
        found = dict(self._finished_keys(source, layered))
        if "properties" in source or "additionalProperties" in source:
            found.setdefault("additionalProperties", False)
            found = {"type": "object", **found}
        return found

    def _finished_keys(self, source: Schema, layered: bool) -> Iterator[tuple[str, Any]]:
        for key, value in source.items():
            if key == "expected":
                yield "patternErrorMessage", f"expected {value}"
            elif key == "properties":
                yield key, {n: self.schema(_titled(n, inner), nullable=layered) for n, inner in value.items()}
            elif key == "additionalProperties" and isinstance(value, dict):
                yield key, self.schema(value, nullable=layered)
            elif key in ("items", "propertyNames"):
                yield key, self.schema(value)
            elif key != "layered" and value != []:
                yield key, value


def _titled(name: str, field: Schema) -> Schema:
    """The field with a title: its own, or its name in plain words (baudRate: "Baud rate")."""
    words = re.sub(r"([A-Z])", r" \1", name).capitalize()
    return field if "title" in field or "ref" in field else {"title": words, **field}


def _or_null(schema: Schema) -> Schema:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found = {**schema, "type": [*kinds, "null"]}
    if "enum" in schema:
        found["enum"] = [*schema["enum"], None]
    return found


if __name__ == "__main__":
    main()
