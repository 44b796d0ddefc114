"""The schemas of documents explain every field to an editor, and say what the composer itself says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.model.units import UnitError
from composer.source.packaged import packaged
from composer.stages.load.formats import FORMATS
from composer.stages.load.schema import HOMES
from tests.generate import build_reference, build_schemas

KINDS = sorted(HOMES)
SCHEMAS = {kind: json.loads((packaged("schemas") / f"{kind.lower()}.schema.json").read_text()) for kind in KINDS}

Found = tuple[str, dict[str, Any]]


def parts(schema: Any, path: str = "") -> Iterator[Found]:
    """Every schema inside a schema, with its path."""
    if isinstance(schema, dict):
        yield path, schema
        for key in ("properties", "$defs"):
            for name, inner in schema.get(key, {}).items():
                yield from parts(inner, f"{path}/{key}/{name}")
        for key in ("additionalProperties", "items", "propertyNames"):
            yield from parts(schema.get(key), f"{path}/{key}")


ALL = [(f"{kind}{path}", part) for kind in KINDS for path, part in parts(SCHEMAS[kind])]
FIELDS = [found for found in ALL if not found[0].endswith("/propertyNames")]


def test_the_written_schemas_are_what_the_sources_say() -> None:
    """Else: python -m tests.generate.build_schemas"""
    for kind, schema in build_schemas.schemas().items():
        file = packaged("schemas") / f"{kind.lower()}.schema.json"
        assert file.read_text(encoding="utf-8") == build_schemas.as_text(schema)


def test_the_reference_of_documents_is_what_the_schemas_say() -> None:
    """Else: python -m tests.generate.build_reference"""
    assert build_reference.PAGE.read_text(encoding="utf-8") == build_reference.page()


def test_links_in_the_reference_lead_somewhere() -> None:
    page = build_reference.PAGE.read_text(encoding="utf-8")
    headings = {re.sub(r"[^a-z0-9-]", "", h.lower().replace(" ", "-")) for h in re.findall(r"(?m)^#+ (.*)$", page)}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= headings


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_valid_and_refers_to_nothing_outside_of_itself(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])
    references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(SCHEMAS[kind]))
    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)
    assert {reference.removeprefix("#/$defs/") for reference in references} == set(SCHEMAS[kind]["$defs"])


def test_every_field_is_described_titled_and_typed() -> None:
    for path, part in FIELDS:
        assert part.get("description") or "$ref" in part, path
        assert "type" in part or "$ref" in part, path
        named = re.search(r"/(properties|\$defs)/[^/]*$", path)
        assert not named or part.get("title") or "$ref" in part, path


def test_single_values_have_examples() -> None:
    for path, part in FIELDS:
        if re.search(r"/properties/[^/]*$", path) and "object" not in part.get("type", ["object"]):
            assert part.get("examples") or part.get("items"), path


def test_unknown_keys_are_errors_everywhere_but_in_params() -> None:
    for path, part in FIELDS:
        if "object" in part.get("type", []):
            anything = path.rpartition("/")[2] in ("params", "params-or-null")
            assert part["additionalProperties"] is True if anything else part["additionalProperties"] is not True, path


def test_no_schema_offers_alternatives_so_every_message_is_about_one_thing() -> None:
    for path, part in ALL:
        assert not {"anyOf", "oneOf", "allOf", "not", "if"} & part.keys(), path


def test_every_pattern_says_in_words_what_it_expects() -> None:
    for path, part in ALL:
        assert "pattern" not in part or part["patternErrorMessage"].startswith("expected "), path


def test_every_example_fits_its_own_schema() -> None:
    for kind in KINDS:
        for path, part in parts(SCHEMAS[kind]):
            rooted = {**part, "$defs": SCHEMAS[kind]["$defs"]}
            for example in part.get("examples", ()):
                assert list(jsonschema.Draft202012Validator(rooted).iter_errors(example)) == [], f"{kind}{path}"


def test_every_format_is_one_the_composer_checks() -> None:
    assert {part["format"] for _, part in ALL if "format" in part} == set(FORMATS)


PATTERNS = {(part["format"], part["pattern"]) for _, part in ALL if "format" in part and "pattern" in part}

TOGETHER = {"edge-address", "edge-branch"}
"""Formats of which the pattern says one half and the check the other."""

ALPHABET = "0123456789.+-/:@{}%$#ab ehimnsdwkKMGTPEBiu,_[]"


@given(st.text(ALPHABET, max_size=12))
def test_a_pattern_never_refuses_what_the_composer_understands(text: str) -> None:
    for name, pattern in sorted(PATTERNS):
        try:
            FORMATS[name](text)
        except UnitError:
            continue
        assert name in TOGETHER or re.search(pattern, text), f"{pattern} refuses {text!r}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("edge-duration", "1h30m"),
        ("edge-duration", "0.5s"),
        ("edge-quantity", "1e3"),
        ("edge-quantity", ".5"),
        ("edge-quantity", "+1Ki"),
        ("edge-size", "2 GiB"),
        ("edge-rate", "12/10m"),
        ("edge-percentage", "0.1%"),
        ("edge-topic", "press/{device}/cmd"),
        ("edge-filter", "press/+/#"),
        ("edge-cidr", "2001:db8::/32"),
        ("edge-image", "localhost:5000/a/b@sha256:" + "0" * 64),
        ("edge-branch", "site/{site}"),
        ("edge-address", "[2001:db8::1]:502"),
    ],
)
def test_what_people_write_passes_pattern_and_format(name: str, text: str) -> None:
    FORMATS[name](text)
    assert all(re.search(pattern, text) for known, pattern in PATTERNS if known == name)
