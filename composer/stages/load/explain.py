"""Says in the user's words why a document does not fit its schema: every finding, each at the line that was written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from composer.diagnostic import Diagnostic, did_you_mean, error
from composer.model.fieldpath import path_text
from composer.source.document import Document, Route

LONGEST = 60
"""Characters of a value that a message repeats."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}


def explain(document: Document, schema: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The findings for a document that *schema* refuses. There is always at least one."""
    validator = _Validator(schema, registry=Registry())
    errors = list(validator.iter_errors(document.data))
    mistyped = {tuple(e.absolute_path) for e in errors if e.validator == "type"}
    told = [e for e in errors if e.validator == "type" or tuple(e.absolute_path) not in mistyped]
    findings = [finding for e in told for finding in _findings(document, e)]
    findings += [_not_finite(document, route) for route in _not_finite_routes(document.data, ())]
    yield from findings or [
        error("D011", "the document does not fit the schema of its kind", document.place())
    ]


def _pattern(_: Any, pattern: str, value: object, __: Any) -> Iterator[ValidationError]:
    """JSON Schema's `$` means the very end; Python's would also match before a last line break."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError("does not match")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})


def _findings(document: Document, found: ValidationError) -> Iterator[Diagnostic]:
    route = tuple(found.absolute_path)
    if list(found.absolute_schema_path)[-2:-1] == ["propertyNames"]:
        yield _bad_key(document, route, found)
    else:
        yield from _EXPLAIN.get(str(found.validator), _other)(document, route, found)


def _unknown_keys(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    known = found.schema["properties"] if "properties" in found.schema else {}
    for key in found.instance:
        if key not in known:
            message = f"{_path((*route, key))}: unknown key {key!r}"
            hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
            yield error("D001", message, document.place((*route, key), key=True), hint=hint)


def _wrong_type(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    hint = _type_hint(document, route, found)
    yield _unexpected("D002", document, route, found, hint)


def _type_hint(document: Document, route: Route, found: ValidationError) -> str:
    """What most likely went wrong where a value has another type than meant."""
    value, allowed = found.instance, _allowed(found.schema)
    if "string" in allowed and isinstance(value, (bool, int, float)):
        place = document.place(route)
        written = (
            place.source[place.column - 1 : place.column - 1 + place.width] if place.column else str(value)
        )
        return f'put it into quotes: "{written}"'
    if "string" in allowed and isinstance(value, dict) and list(value.values()) in ([], [None]):
        return "text that begins with { must stand in quotes"
    if "boolean" in allowed and value in ("yes", "no", "on", "off"):
        return f"write {'true' if value in ('yes', 'on') else 'false'}"
    if isinstance(value, str) and re.fullmatch(r"[0-9]+", value) and {"integer", "number"} & allowed:
        return "leave out the quotes"
    return "a list is written [a, b], or one item a line after a dash" if "array" in allowed else ""


def _missing(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    """One error of the library stands for one missing key; its message is the only place that names the key."""
    for key in found.validator_value:
        if key not in found.instance and found.message.startswith(repr(key)):
            said = found.schema["properties"][key].get("description", "")
            where = _path(route) if route else "the document"
            yield error("D003", f"{where} lacks {key!r}", document.place(route, key=True), hint=said)


def _not_allowed(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    allowed = [value for value in found.validator_value if value is not None]
    choices = " or ".join(", ".join(map(str, allowed)).rsplit(", ", 1))
    message = f"{_path(route)}: expected {choices}, found {_shown(found.instance)}"
    hint = did_you_mean(str(found.instance), map(str, allowed))
    yield error("D004", message, document.place(route), hint=hint)


def _wrong_form(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    yield _unexpected("D005", document, route, found, "")


def _out_of_bounds(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    limit = found.validator_value
    figures = {
        "minimum": f"expected at least {limit}, found {_shown(found.instance)}",
        "maximum": f"expected at most {limit}, found {_shown(found.instance)}",
        "minLength": "expected some text, found none",
        "maxLength": f"expected at most {limit} characters, found {_size(found.instance)}",
        "minItems": f"expected at least {limit} in the list, found {_size(found.instance)}",
    }
    yield error("D006", f"{_path(route)}: {figures[str(found.validator)]}", document.place(route))


def _double_items(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    items = found.instance
    for index, item in enumerate(items):
        if item in items[:index]:
            message = f"{_path(route)}: {_shown(item)} stands in the list twice"
            yield error("D006", message, document.place((*route, index)))


def _wrong_number_of_keys(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    known = found.schema.get("properties")
    expected = (
        f"exactly one of {', '.join(known)}"
        if known and "maxProperties" in found.schema
        else "at least one entry"
    )
    if known and "maxProperties" not in found.schema:
        expected = f"one of {', '.join(known)}"
    have = ", ".join(found.instance) or "none"
    yield error("D007", f"{_path(route)}: expected {expected}, found {have}", document.place(route, key=True))


def _other(document: Document, route: Route, found: ValidationError) -> Iterator[Diagnostic]:
    yield error(
        "D011", f"{_path(route)} is refused by the schema's rule {found.validator!r}", document.place(route)
    )


def _bad_key(document: Document, route: Route, found: ValidationError) -> Diagnostic:
    key = found.instance
    message = f"{_path(route)}: {_expectation(found.schema)}, found the key {_shown(key)}"
    return error("D005", message, document.place((*route, key), key=True))


_EXPLAIN: dict[str, Callable[[Document, Route, ValidationError], Iterator[Diagnostic]]] = {
    "additionalProperties": _unknown_keys,
    "type": _wrong_type,
    "required": _missing,
    "enum": _not_allowed,
    "pattern": _wrong_form,
    "minimum": _out_of_bounds,
    "maximum": _out_of_bounds,
    "minLength": _out_of_bounds,
    "maxLength": _out_of_bounds,
    "minItems": _out_of_bounds,
    "uniqueItems": _double_items,
    "minProperties": _wrong_number_of_keys,
    "maxProperties": _wrong_number_of_keys,
}
"""Keyword of the schema -> who explains it."""


def _unexpected(code: str, document: Document, route: Route, found: ValidationError, hint: str) -> Diagnostic:
    message = f"{_path(route)}: {_expectation(found.schema)}, found {_shown(found.instance)}"
    return error(code, message, document.place(route), hint=hint)


def _expectation(schema: Mapping[str, Any]) -> str:
    """ "expected ..." as the schema itself puts it, else from its types."""
    said = schema.get("patternErrorMessage")
    return said or "expected " + " or ".join(_TYPES[t] for t in _TYPES if t in _allowed(schema))


def _allowed(schema: Mapping[str, Any]) -> set[str]:
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _shown(value: object) -> str:
    """A value as a message names it: mappings and lists only by what they are."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return repr(value if len(value) <= LONGEST else value[:LONGEST] + "…")
    return "a mapping" if isinstance(value, dict) else "a list"


def _size(value: Any) -> str:
    return str(len(value))


def _path(route: Route) -> str:
    return path_text(route) or "the document"


def _not_finite_routes(value: object, route: Route) -> Iterator[Route]:
    """Numbers no manifest can hold. Python's validator takes them for numbers, JSON knows no such thing."""
    if isinstance(value, float) and not math.isfinite(value):
        yield route
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _not_finite_routes(inner, (*route, key))


def _not_finite(document: Document, route: Route) -> Diagnostic:
    return error("D006", f"{_path(route)}: expected a finite number", document.place(route))
