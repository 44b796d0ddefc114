"""Payload schemas: JSON files below sites/ that say what messages look like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from composer.diagnostic import Rejected
from composer.model.fleet import Fleet
from composer.model.payload import Payload
from composer.source.files import read_text
from composer.stages.load.listing import SITES

DIALECTS = frozenset(
    f"{scheme}://json-schema.org/{draft}/schema{end}"
    for scheme in ("http", "https")
    for draft in ("draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12")
    for end in ("", "#")
)
"""Dialects of JSON Schema that are known without asking anybody."""

DEEPEST = 64
"""Levels of nesting that are read."""


def read_payload(fleet: Fleet, path: str) -> Payload:
    """The payload schema in the file *path* below sites/, or what is wrong with it. Nothing it refers to is ever opened."""
    try:
        text = read_text(fleet.root, f"{SITES}/{path}")
    except Rejected as rejected:
        return Payload(None, rejected.diagnostics[0].message)
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as wrong:
        return Payload(None, f"it is not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}")
    except RecursionError:
        return Payload(None, "it is nested too deeply")
    fault = _fault(schema)
    return Payload(None, fault) if fault else Payload(schema)


def _fault(schema: Any) -> str:
    parts = list(_parts(schema, 0))
    if parts and parts[-1] is None:
        return "it is nested too deeply"
    for part in parts:
        fault = _foreign(part) if isinstance(part, dict) else ""
        if fault:
            return fault
    return _against_dialect(schema)


def _parts(value: Any, depth: int) -> Iterator[Any]:
    """Every mapping of the schema; None, as the last, where it is nested too deeply."""
    if depth > DEEPEST:
        yield None
        return
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        for part in _parts(each, depth + 1):
            yield part
            if part is None:
                return


def _foreign(part: dict[str, Any]) -> str:
    """What the mapping refers to outside of the file, as a fault."""
    dialect = part.get("$schema")
    if isinstance(dialect, str) and dialect not in DIALECTS:
        return f"its dialect {dialect!r} is not known; write https://json-schema.org/draft/2020-12/schema"
    for key in ("$ref", "$dynamicRef"):
        target = part.get(key)
        if isinstance(target, str) and not target.startswith("#"):
            return f"{key} {target!r} leads out of the file; only what begins with # is followed"
    return ""


def _against_dialect(schema: Any) -> str:
    import jsonschema_rs  # noqa: PLC0415 - needed only where there are payload schemas

    try:
        jsonschema_rs.meta.validate(schema)
    except jsonschema_rs.ValidationError as wrong:
        where = "/".join(map(str, wrong.instance_path))
        return f"it is not a JSON Schema: {wrong.message}" + (f" (at {where})" if where else "")
    except (ValueError, jsonschema_rs.ReferencingError) as wrong:
        return f"it is not a JSON Schema: {wrong}"
    return ""
