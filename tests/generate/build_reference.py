"""Writes the lower part of docs/reference/documents.md from the schemas: `python -m tests.generate.build_reference`.

What stands above the marker is written by hand and stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.generate.build_schemas import ROOT, Schema, schemas

PAGE = ROOT / "docs/reference/documents.md"
MARKER = "<!-- made by tests/generate/build_reference.py from the schemas; do not edit below -->\n"

_PLAIN = re.compile(r"(?!(?:[0-9.]+|true|false|null)$)[A-Za-z0-9_./@%+{}-][A-Za-z0-9_./@%+{}> -]*")
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page with everything below the marker made anew."""
    written = PAGE.read_text(encoding="utf-8").partition(MARKER)[0]
    return written + MARKER + "\n".join(_lines(schemas())) + "\n"


def _lines(by_kind: Mapping[str, Schema]) -> Iterator[str]:
    definitions = {name: d for schema in by_kind.values() for name, d in schema["$defs"].items()}
    for kind, schema in by_kind.items():
        yield from ("", f"## {kind}", "", schema["description"], "")
        yield from _table(schema["properties"]["spec"], definitions)
    yield from ("", "## Parts", "", "What several kinds of documents share.")
    for part in _parts(definitions):
        yield from ("", f"### {part['title']}", "", part["description"], "")
        yield from _table(part, definitions)


def _parts(definitions: Mapping[str, Schema]) -> list[Schema]:
    """Definitions with a table of their own, by title; variants that differ only in null once."""
    found = {d["title"]: d for d in definitions.values() if _is_part(d)}
    return [found[title] for title in sorted(found)]


def _is_part(definition: Schema) -> bool:
    return "properties" in definition


def _table(schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    yield "| field | value | meaning |"
    yield "|---|---|---|"
    for path, field in _fields(schema, "", definitions):
        yield f"| `{path}` | {_value(field, definitions)} | {field['description']}{_examples(field)} |"


def _fields(schema: Schema, prefix: str, definitions: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Every field with its path, down to where another part begins."""
    required = schema.get("required", ())
    entry = schema.get("additionalProperties")
    named = {"<name>": entry} if isinstance(entry, dict) else {}
    for name, found in {**schema.get("properties", {}), **named}.items():
        field = _resolved(found, definitions)
        must = " **Required.**" if name in required else ""
        yield f"{prefix}{name}", {**field, "description": field["description"] + must}
        if not _is_link(field):
            yield from _fields(field, f"{prefix}{name}.", definitions)
    items = schema.get("items", {})
    if _is_part(items) and "$ref" not in items:
        yield from _fields(items, f"{prefix.removesuffix('.')}[].", definitions)


def _resolved(field: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The field with everything that the definition it refers to says about it."""
    return {**definitions[field["$ref"].rpartition("/")[2]], **field} if "$ref" in field else field


def _is_link(field: Schema) -> bool:
    return "$ref" in field and _is_part(field)


def _value(field: Schema, definitions: Mapping[str, Schema]) -> str:
    """What the field takes, in words, with links to parts."""
    if _is_link(field):
        return _link(field)
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"] if value is not None)
    if "patternErrorMessage" in field:
        return str(field["patternErrorMessage"]).removeprefix("expected ")
    if "$ref" in field.get("items", {}):
        return f"a list of {_link(_resolved(field['items'], definitions))}"
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(_TYPES[kind] for kind in kinds if kind != "null")


def _link(part: Schema) -> str:
    title: str = part["title"]
    return f"[{title}](#{title.lower().replace(' ', '-').replace(chr(39), '')})"


def _examples(field: Schema) -> str:
    examples = " or ".join(f"`{_flow(example)}`" for example in field.get("examples", ()))
    return f" Example: {examples}" if examples else ""


def _flow(value: Any) -> str:
    """A value as people write it on one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
