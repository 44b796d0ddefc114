"""One schema of all documents for editors: those of the composer, with the blueprints that a fleet has and their parameters.

What a document may hold follows from its `kind`, and what a component's `params` may hold from its `blueprint`, by `if`
and `then`. Nothing that the composer takes is refused; what a schema cannot tell is left to `composer validate`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected
from composer.model.blueprint import Blueprint
from composer.model.fleet import Fleet
from composer.pipeline.run import SECONDS
from composer.stages.load import KINDS, schema_of
from composer.stages.render import deadline
from composer.stages.resolve import params_schema

FILE = "documents.schema.json"
FOLDER = "schemas"
"""Where it lies in a fleet."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Use:
    """Which blueprints may stand somewhere: those of the *role* ("": any) that the *owner*, "site" or "tenant", may use."""

    role: str
    owner: str

    def takes(self, blueprint: Blueprint) -> bool:
        fits = blueprint.spec["scope"] in (self.owner, "any")
        return fits and self.role in ("", blueprint.role)


_USES: Mapping[str, _Use] = {
    "component": _Use("", "site"),
    "siteGateway": _Use("gateway", "site"),
    "gateway": _Use("gateway", "tenant"),
    "stream": _Use("stream", "tenant"),
    "function": _Use("function", "tenant"),
}
"""Definition of the documents' schemas -> the blueprints that may stand in its `blueprint`."""

_DEFAULTS = "blueprintDefaults"


def editor_schema(fleet: Fleet) -> tuple[str, list[Diagnostic]]:
    """The JSON text of the schema, and what is wrong with blueprints, whose parameters are left out."""
    blueprints: list[Blueprint] = []
    definitions: Schema = {}
    findings: list[Diagnostic] = []
    for name, major in ((name, major) for name, majors in fleet.blueprints.items() for major in majors):
        try:
            with deadline(SECONDS, Place(f"blueprints/{name}/v{major}/params.yaml")):
                blueprint = fleet.blueprints[name][major]
                definitions[_label(blueprint)] = _inner(params_schema(blueprint))
            blueprints.append(blueprint)
        except Rejected as rejected:
            findings += rejected.diagnostics
    for kind in KINDS:
        schema = schema_of(kind)
        definitions |= {name: _definition(name, inner, blueprints) for name, inner in schema["$defs"].items()}
        definitions[kind] = _inner(schema)
    whole = {
        "$schema": DIALECT,
        "title": f"A document of the fleet {fleet.document.data['metadata']['name']}",
        "type": "object",
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": [_of_kind(kind) for kind in KINDS],
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n", findings


def _of_kind(kind: str) -> Schema:
    asked = {"properties": {"kind": {"const": kind}}, "required": ["kind"]}
    return {"if": asked, "then": {"$ref": f"#/$defs/{kind}"}}


def _inner(schema: Schema) -> Schema:
    """A schema as a part of another one: what says that it stands for itself is left out."""
    return {key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")}


def _label(blueprint: Blueprint) -> str:
    return f"{blueprint.name}@{blueprint.major}"


def _definition(name: str, schema: Schema, blueprints: Sequence[Blueprint]) -> Schema:
    plain = name.removesuffix("-or-null")
    if plain == _DEFAULTS:
        return _defaults(schema, blueprints)
    if plain not in _USES:
        return schema
    usable = [blueprint for blueprint in blueprints if _USES[plain].takes(blueprint)]
    references = {_label(blueprint): list(_references(blueprint, blueprints)) for blueprint in usable}
    named = {**schema["properties"]["blueprint"], "enum": [*(r for some in references.values() for r in some), None]}
    chosen = [
        {
            "if": {"properties": {"blueprint": {"enum": some}}, "required": ["blueprint"]},
            "then": {"properties": {"params": {"$ref": f"#/$defs/{label}"}}},
        }
        for label, some in references.items()
    ]
    found = {**schema, "properties": {**schema["properties"], "blueprint": named}}
    return {**found, "allOf": chosen} if chosen else found


def _references(blueprint: Blueprint, blueprints: Sequence[Blueprint]) -> Iterator[str]:
    """The ways to write it. Without a version only where there is but one major version."""
    yield _label(blueprint)
    yield blueprint.label
    if sum(other.name == blueprint.name for other in blueprints) == 1:
        yield blueprint.name


def _defaults(schema: Schema, blueprints: Sequence[Blueprint]) -> Schema:
    """Parameters for every use of a blueprint: those of any of its versions."""
    entry = schema["additionalProperties"]
    properties = {}
    for name in dict.fromkeys(blueprint.name for blueprint in blueprints):
        versions = [{"$ref": f"#/$defs/{_label(b)}"} for b in blueprints if b.name == name]
        params = versions[0] if len(versions) == 1 else {"anyOf": versions}
        properties[name] = {**entry, "properties": {**entry["properties"], "params": params}}
    return {**schema, "properties": properties}
