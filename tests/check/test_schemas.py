"""The shipped schemas: derived faithfully, never looser than what Kubernetes publishes."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry

from composer.source.packaged import packaged
from composer.stages.check.explain import explain
from composer.stages.check.schemas import Schemas, compile_schema, definitions, schemas_for, versions
from tests.check.sites import HERE, prelude, read_case
from tests.generate import build_kubernetes

FOLDER = packaged("schemas")
KNOWN = versions(FOLDER)
NEWEST = KNOWN[-1]


@cache
def published(version: str) -> dict[str, Any]:
    found: dict[str, Any] = build_kubernetes.published(version)
    return found


def text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def test_the_schema_files_are_exactly_what_the_script_makes() -> None:
    files = {file.name: file.read_text() for file in (FOLDER / "kubernetes").glob("*.json")}
    assert files == build_kubernetes.files()


@pytest.mark.parametrize("version", KNOWN, ids=text)
def test_the_files_of_all_versions_together_hold_the_definitions_of_each(version: tuple[int, int]) -> None:
    assert definitions(FOLDER, version) == build_kubernetes.reduced(published(text(version)))


def test_every_row_of_the_scripts_tables_is_about_something() -> None:
    script, found = build_kubernetes, definitions(FOLDER, NEWEST)
    rows = [(name, key) for names, key, _ in script.ENUMS + script.LIST_ENUMS for name in names.split()]
    rows += [(name, key) for name, key, _ in script.TYPES] + list(script.KEYS)
    assert [row for row in rows if row[1] not in found.get(row[0], {}).get("properties", {})] == []
    kinds = {name.partition(".")[0] for version in KNOWN for name in definitions(FOLDER, version)}
    assert script.NAMES.keys() | script.CLUSTER_SCOPED <= kinds


def test_nothing_in_the_schemas_allows_null_or_a_field_of_machines() -> None:
    written = json.dumps(definitions(FOLDER, NEWEST))
    assert '"null"' not in written
    assert "managedFields" not in written
    assert "description" not in {key for schema in definitions(FOLDER, NEWEST).values() for key in schema}


def test_a_kind_has_a_namespace_where_the_api_creates_it_in_one() -> None:
    looked_at = 0
    for name, schema in definitions(FOLDER, NEWEST).items():
        if "x-scope" not in schema:
            continue
        kind, version, *group = name.split(".")
        family = (".".join(group) or "core").removesuffix(".k8s.io").replace(".", "_")
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
        made = client_methods(f"{family}_{version}") & {f"create_namespaced_{snake}", f"create_{snake}"}
        if made:
            looked_at += 1
            assert made == {f"create_namespaced_{snake}" if schema["x-scope"] == "Namespaced" else f"create_{snake}"}
    assert looked_at > 55


@cache
def client_methods(api: str) -> frozenset[str]:
    """What the kubernetes package can do in one API version, as its source says: importing it is slow."""
    spec = find_spec("kubernetes")
    assert spec
    assert spec.origin
    file = Path(spec.origin).parent / "client" / "api" / f"{api}_api.py"
    return frozenset(re.findall(r"def (\w+)\(", file.read_text())) if file.exists() else frozenset()


@cache
def objects() -> list[dict[str, Any]]:
    """Objects of Kubernetes' own kinds that give no finding."""
    case = read_case(HERE / "cases" / "valid_site.yaml")
    return [r.object for r in (*prelude(), *case.objects) if "." not in r.object["apiVersion"].partition("/")[0]]


def published_schema(version: str, thing: dict[str, Any]) -> dict[str, Any]:
    group, _, api_version = thing["apiVersion"].rpartition("/")
    wanted = {"group": group, "kind": thing["kind"], "version": api_version}
    found = published(version)
    name = next(n for n, s in found.items() if wanted in s.get("x-kubernetes-group-version-kind", []))
    return {"$ref": f"#/$defs/{name}", "$defs": found}


@pytest.mark.parametrize("version", KNOWN, ids=text)
def test_valid_objects_are_accepted_in_every_version(version: tuple[int, int]) -> None:
    schemas = schemas_for(version, FOLDER, None)
    for thing in objects():
        kind = schemas.kind(thing["apiVersion"], thing["kind"])
        assert kind
        assert kind.accepts(thing), explain(thing, kind.schema)
        assert compile_schema(published_schema(text(version), thing))(thing)


@cache
def both(version: tuple[int, int], at: int) -> tuple[Any, Any]:
    thing = objects()[at]
    kind = Schemas(version, FOLDER, None).kind(thing["apiVersion"], thing["kind"])
    return kind, compile_schema(published_schema(text(version), thing))


SCALARS = st.none() | st.booleans() | st.integers(-9, 99999) | st.sampled_from(["", "x", "TCP", "64Mi", "a b", "Q"])
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(["name", "x"]), SCALARS, max_size=2)


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """A valid object with a value replaced, added or taken away somewhere inside."""
    at = draw(st.integers(0, len(objects()) - 1))
    thing: Any = copy.deepcopy(objects()[at])
    node = thing
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        inner = [key for key in keys if isinstance(node[key], (dict, list)) and node[key]]
        if not inner or draw(st.booleans()):
            break
        node = node[draw(st.sampled_from(inner))]
    if isinstance(node, dict) and draw(st.booleans()):
        node[draw(st.sampled_from(["status", "nmae", "name", "type", "replicas"]))] = draw(VALUES)
    elif draw(st.booleans()):
        node[draw(st.sampled_from(keys))] = draw(VALUES)
    else:
        del node[draw(st.sampled_from(keys))]
    return at, thing


@settings(max_examples=150, deadline=None)
@given(spoilt(), st.sampled_from(KNOWN))
def test_what_is_accepted_is_accepted_by_the_published_schema_too(
    spoilt: tuple[int, dict[str, Any]], version: tuple[int, int]
) -> None:
    at, thing = spoilt
    kind, accepts = both(version, at)
    if kind.accepts(thing):
        assert accepts(thing)


@settings(max_examples=100, deadline=None)
@given(spoilt())
def test_what_is_refused_is_explained_and_what_is_accepted_has_no_errors(
    spoilt: tuple[int, dict[str, Any]],
) -> None:
    at, thing = spoilt
    kind, _ = both(NEWEST, at)
    errors = list(jsonschema.Draft202012Validator(kind.schema, registry=Registry()).iter_errors(thing))
    assert kind.accepts(thing) == (not errors)
    if errors:
        assert all(misfit.code in ("K004", "K005", "K006") and misfit.message for misfit in explain(thing, kind.schema))


def test_every_schema_of_a_custom_resource_is_strict_and_lies_where_its_kind_says() -> None:
    files = sorted((FOLDER / "crds").rglob("*.json"))
    assert len(files) >= 9
    for file in files:
        schema = json.loads(file.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        properties = schema["properties"]
        group, version = properties["apiVersion"]["const"].split("/")
        assert file.relative_to(FOLDER / "crds").as_posix() == f"{group}/{schema['title'].lower()}_{version}.json"
        assert properties["kind"] == {"const": schema["title"]}
        assert schema["x-scope"] in ("Cluster", "Namespaced")
        assert not list(_loose(schema)), file


def _loose(schema: Any) -> Any:
    """Mappings of a schema that would take any field."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield schema
        for key, inner in schema.items():
            if key != "metadata":
                yield from _loose(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _loose(inner)
