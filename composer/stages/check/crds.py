"""CustomResourceDefinitions as strict JSON Schemas, one for each kind and version that a cluster serves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from composer.diagnostic import Diagnostic, Place, error, warning
from composer.stages.check.schemas import Schema, compile_schema, crd_path

_WORDS = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")

_KEPT = (
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maximum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minimum",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
    "required",
    "type",
)
"""Keywords that say which values are allowed; descriptions, defaults and formats go."""

_BY_MACHINES = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Fields of the root that are either the same for all kinds, or not written by people."""


@dataclass(frozen=True, slots=True)
class ImportedSchema:
    """The schema of one kind in one version; *path* is below a fleet's folder `schemas`."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class _Definition:
    """A CustomResourceDefinition, and what was found on the way."""

    group: str
    kind: str
    scope: str
    place: Place
    findings: list[Diagnostic] = field(default_factory=list)


def schemas_of(documents: Iterable[tuple[Any, Place]]) -> tuple[list[ImportedSchema], list[Diagnostic]]:
    """The schemas of all definitions among *documents*, each with the place it stands at.

    Other objects, which such files often hold too, are passed over.
    """
    found: dict[str, ImportedSchema] = {}
    findings: list[Diagnostic] = []
    for data, place in _definitions(documents):
        definition = _definition(data, place)
        if definition is None:
            message = "this CustomResourceDefinition is not as apiextensions.k8s.io/v1 wants it"
            findings.append(error("K051", message, place, hint="convert older ones with `kubectl convert`"))
            continue
        for version in data["spec"]["versions"]:
            schema = _imported(definition, version)
            if schema is not None:
                found[schema.path] = schema
        findings += definition.findings
    return [found[path] for path in sorted(found)], findings


def _definitions(documents: Iterable[tuple[Any, Place]]) -> Iterator[tuple[dict[str, Any], Place]]:
    for data, place in documents:
        if not isinstance(data, dict):
            continue
        if data.get("kind") == "CustomResourceDefinition":
            yield data, place
        elif data.get("kind") in ("CustomResourceDefinitionList", "List"):
            items = data.get("items")
            yield from _definitions((item, place) for item in (items if isinstance(items, list) else ()))


def _definition(data: Mapping[str, Any], place: Place) -> _Definition | None:
    """The definition, or None where it lacks what every one has. Its names become part of file names."""
    spec = data.get("spec")
    if data.get("apiVersion") != "apiextensions.k8s.io/v1" or not isinstance(spec, dict):
        return None
    names, versions = spec.get("names"), spec.get("versions")
    kind = names.get("kind") if isinstance(names, dict) else None
    group, scope = spec.get("group"), spec.get("scope")
    if not (_is(_WORDS, group) and _is(_KIND, kind) and scope in ("Cluster", "Namespaced")):
        return None
    if not isinstance(versions, list) or not all(isinstance(v, dict) and _is(_WORDS, v.get("name")) for v in versions):
        return None
    return _Definition(str(group), str(kind), str(scope), place)


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _imported(definition: _Definition, version: Mapping[str, Any]) -> ImportedSchema | None:
    """The schema of one version, or None where it is not served or has none."""
    if not version.get("served", True):
        return None
    api_version = f"{definition.group}/{version['name']}"
    written = version.get("schema")
    written = written.get("openAPIV3Schema") if isinstance(written, dict) else None
    if not isinstance(written, dict):
        message = f"{definition.kind} of {api_version} has no schema, so its objects cannot be checked"
        definition.findings.append(error("K051", message, definition.place))
        return None
    try:
        schema = _root(definition, api_version, written)
        compile_schema(schema)
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        reason = next(iter(str(problem).splitlines()), "")
        message = f"the schema of {definition.kind} in {api_version} makes no sense: {reason}"
        definition.findings.append(error("K051", message, definition.place))
        return None
    path = crd_path(definition.group, version["name"], definition.kind)
    return ImportedSchema(path, json.dumps(schema, indent=1) + "\n")


def _root(definition: _Definition, api_version: str, written: Mapping[str, Any]) -> Schema:
    body = _strict(written, definition)
    properties = {k: v for k, v in body.get("properties", {}).items() if k not in _BY_MACHINES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": definition.kind,
        "x-scope": definition.scope,
        **body,
        "required": [name for name in body.get("required", ()) if name not in _BY_MACHINES],
        "properties": {
            "apiVersion": {"const": api_version},
            "kind": {"const": definition.kind},
            "metadata": {"type": "object"},
            **properties,
        },
    }


def _strict(node: Mapping[str, Any], definition: _Definition) -> Schema:
    """A structural schema as strict JSON Schema: what the API server would silently drop is an error."""
    found = _conditions(node, definition)
    if "items" in node:
        found["items"] = _strict(node["items"], definition)
    if "properties" in node:
        found["properties"] = {name: _strict(inner, definition) for name, inner in node["properties"].items()}
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        found["additionalProperties"] = _strict(extra, definition)
    elif node.get("type") == "object" and not extra and not node.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    if node.get("x-kubernetes-embedded-resource"):
        _embed(found)
    return found


def _conditions(node: Mapping[str, Any], definition: _Definition) -> Schema:
    """What a node says about values, other than which fields it has."""
    found: Schema = {keyword: node[keyword] for keyword in _KEPT if keyword in node}
    if node.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
    else:
        _combine(node, found, definition)
    for bound, exclusive in (("maximum", "exclusiveMaximum"), ("minimum", "exclusiveMinimum")):
        if found.get(exclusive) is True:  # as in OpenAPI 3.0
            found[exclusive] = found.pop(bound)
        elif found.get(exclusive) is False:
            del found[exclusive]
    if "pattern" in found and not _is_known(found["pattern"]):
        pattern = found.pop("pattern")
        message = f"a pattern of {definition.kind} is not understood and left out: {pattern}"
        definition.findings.append(warning("K052", message, definition.place))
    if node.get("nullable"):
        _allow_null(found)
    return found


def _combine(node: Mapping[str, Any], found: Schema, definition: _Definition) -> None:
    """Alternatives narrow the values of fields that are listed elsewhere, so they are not strict."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in node:
            found[keyword] = [_loose(inner, definition) for inner in node[keyword]]
    refused = _loose(node["not"], definition) if "not" in node else {}
    if refused:
        found["not"] = refused


def _loose(node: Mapping[str, Any], definition: _Definition) -> Schema:
    found = _conditions(node, definition)
    if "items" in node:
        found["items"] = _loose(node["items"], definition)
    if "properties" in node:
        found["properties"] = {name: _loose(inner, definition) for name, inner in node["properties"].items()}
    return found


def _embed(found: Schema) -> None:
    """A whole object inside another one."""
    text: Schema = {"type": "string"}
    own = {"apiVersion": text, "kind": text, "metadata": {"type": "object"}}
    found["properties"] = {**found.get("properties", {}), **own}
    found["required"] = sorted({*found.get("required", ()), "apiVersion", "kind"})


def _allow_null(found: Schema) -> None:
    if "type" in found:
        types = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*types, "null"]
    if "enum" in found and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]


def _is_known(pattern: str) -> bool:
    """Whether the pattern's syntax is known to the engine that will match it."""
    try:
        compile_schema({"pattern": pattern})
    except ValueError:
        return False
    return True
