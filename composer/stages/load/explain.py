"""Says in the user's words why a document does not fit its schema: all findings, each at its line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from composer.diagnostic import Diagnostic, did_you_mean, error
from composer.model.fieldpath import path_text
from composer.model.units import UnitError
from composer.source.document import Document, Route
from composer.stages.load.formats import FORMATS

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

UNSEEN = "a hidden text (it may be a secret)"

_CREDENTIALS = re.compile(r"://[^/]*@")

_RANK = {"type": 0, "format": 1}
"""Rules that tell more than others about the same value; of the rest all are told."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One rule of the schema that a value breaks. With *is_key*, the value is the last key of *route*."""

    rule: str
    limit: Any
    route: Route
    value: Any
    schema: Mapping[str, Any]
    document: Document
    missing: str = ""
    cause: str = ""
    is_key: bool = False

    @property
    def path(self) -> str:
        return path_text(self.route) or "the document"

    @property
    def types(self) -> frozenset[str]:
        kinds = self.schema.get("type", ())
        return frozenset([kinds] if isinstance(kinds, str) else kinds)

    def finding(self, code: str, message: str, *, hint: str = "", key: bool = False) -> Diagnostic:
        """A finding about the value itself."""
        place = self.document.place(self.route, key=key)
        return error(code, f"{self.path}: {message}", place.hidden() if self.is_secret else place, hint=hint)

    @property
    def is_secret(self) -> bool:
        """Whether somebody may have written a secret where a reference belongs, or a login into a URL."""
        if not isinstance(self.value, str) or self.is_key:
            return False
        return self.route[-2:-1] == ("secrets",) or bool(_CREDENTIALS.search(self.value))

    @property
    def shown(self) -> str:
        """The value as a message names it."""
        return UNSEEN if self.is_secret else _shown(self.value)


def explain(document: Document, schema: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The findings for a document that *schema* refuses. There is always at least one."""
    validator = _Validator(schema, registry=Registry(), format_checker=_formats())
    refusals = [_refusal(document, found) for found in validator.iter_errors(document.data)]
    findings = [finding for refusal in _telling(refusals) for finding in _findings(refusal)]
    findings = findings or [_not_finite(document, route) for route in _not_finite_routes(document.data, ())]
    yield from findings or [error("D011", "the document does not fit the schema of its kind", document.place())]


def _pattern(_: Any, pattern: str, value: object, __: Any) -> Iterator[ValidationError]:
    """JSON Schema's `$` means the very end; Python's would also match before a last line break."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError("does not match")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call] # as shipped


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name, raises=UnitError)(check)
    return checker


def _refusal(document: Document, found: ValidationError) -> _Refusal:
    """The library's error in plain terms. Its message is the only place that names a missing key."""
    schema: Any = found.schema
    value: Any = found.instance
    route = tuple(found.absolute_path)
    is_key = list(found.absolute_schema_path)[-2:-1] == ["propertyNames"]
    missing = next((k for k in schema.get("required", ()) if found.message.startswith(repr(k))), "")
    return _Refusal(
        rule=str(found.validator),
        limit=found.validator_value,
        route=(*route, value) if is_key else route,
        value=value,
        schema=schema,
        document=document,
        missing=missing if found.validator == "required" else "",
        cause=str(found.cause or ""),
        is_key=is_key,
    )


def _telling(refusals: list[_Refusal]) -> Iterator[_Refusal]:
    """The refusals without those that follow from a better one about the same value."""
    best: dict[tuple[Route, bool], int] = {}
    for refusal in refusals:
        place = (refusal.route, refusal.is_key)
        best[place] = min(best.get(place, len(_RANK)), _RANK.get(refusal.rule, len(_RANK)))
    for refusal in refusals:
        if _RANK.get(refusal.rule, len(_RANK)) == best[refusal.route, refusal.is_key]:
            yield refusal


def _findings(refusal: _Refusal) -> Iterator[Diagnostic]:
    if refusal.is_key:
        message = f"{_expectation(refusal)}, found the key {_shown(refusal.value)}"
        yield refusal.finding("D005", message, key=True)
    else:
        yield from _EXPLAIN.get(refusal.rule, _other)(refusal)


def _unknown_keys(refusal: _Refusal) -> Iterator[Diagnostic]:
    known = refusal.schema.get("properties", {})
    for key in refusal.value:
        if key not in known:
            route = (*refusal.route, key)
            hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
            place = refusal.document.place(route, key=True)
            yield error("D001", f"{path_text(route)}: unknown key {_shown(key)}", place, hint=hint)


def _wrong_type(refusal: _Refusal) -> Iterator[Diagnostic]:
    message = f"{_expectation(refusal)}, found {refusal.shown}"
    yield refusal.finding("D002", message, hint=_type_hint(refusal))


def _type_hint(refusal: _Refusal) -> str:
    """What most likely went wrong where a value has another type than was meant."""
    value, types = refusal.value, refusal.types
    if "string" in types and isinstance(value, bool | int | float):
        written = _written(refusal)
        fitting = _Validator(refusal.schema, format_checker=_formats()).is_valid(written)
        return f'put it into quotes: "{written}"' if fitting else ""
    if "string" in types and isinstance(value, dict) and all(inner is None for inner in value.values()):
        return "text that begins with { must stand in quotes"
    if "boolean" in types and value in ("yes", "no", "on", "off"):
        return f"write {'true' if value in ('yes', 'on') else 'false'}"
    if {"integer", "number"} & types and isinstance(value, str) and value.isdecimal():
        return "leave out the quotes"
    return "a list is written [a, b], or one item a line after a dash" if "array" in types else ""


def _written(refusal: _Refusal) -> str:
    """The value as it stands in the file: 1.30 is the number 1.3, but was not meant as one."""
    place = refusal.document.place(refusal.route)
    start = place.column - 1
    return place.source[start : start + place.width] if place.line else str(refusal.value)


def _missing(refusal: _Refusal) -> Iterator[Diagnostic]:
    said = refusal.schema["properties"][refusal.missing].get("description", "")
    yield refusal.finding("D003", f"{refusal.missing!r} is missing", hint=said, key=True)


def _not_allowed(refusal: _Refusal) -> Iterator[Diagnostic]:
    allowed = [str(value) for value in refusal.limit if value is not None]
    choices = " or ".join(", ".join(allowed).rsplit(", ", 1))
    hint = did_you_mean(str(refusal.value), allowed)
    yield refusal.finding("D004", f"expected {choices}, found {refusal.shown}", hint=hint)


def _wrong_form(refusal: _Refusal) -> Iterator[Diagnostic]:
    expected = f"expected {refusal.cause}" if refusal.cause else _expectation(refusal)
    yield refusal.finding("D005", f"{expected}, found {refusal.shown}")


def _out_of_bounds(refusal: _Refusal) -> Iterator[Diagnostic]:
    side = "at least" if refusal.rule.startswith("min") else "at most"
    what = {"Length": " characters", "Items": " entries"}.get(refusal.rule[3:], "")
    found = str(len(refusal.value)) if what else refusal.shown
    yield refusal.finding("D006", f"expected {side} {refusal.limit}{what}, found {found}")


def _double_items(refusal: _Refusal) -> Iterator[Diagnostic]:
    for index, item in enumerate(refusal.value):
        if item in refusal.value[:index]:
            place = refusal.document.place((*refusal.route, index))
            yield error("D006", f"{refusal.path}: {_shown(item)} stands in the list twice", place)


def _wrong_number_of_keys(refusal: _Refusal) -> Iterator[Diagnostic]:
    known = ", ".join(refusal.schema.get("properties", ()))
    exactly = "exactly one" if "maxProperties" in refusal.schema else "one"
    expected = f"{exactly} of {known}" if known else "at least one entry"
    found = ", ".join(refusal.value) or "none"
    yield refusal.finding("D007", f"expected {expected}, found {found}", key=True)


def _other(refusal: _Refusal) -> Iterator[Diagnostic]:
    yield refusal.finding("D011", f"the schema's rule {refusal.rule!r} refuses the value")


_EXPLAIN: dict[str, Callable[[_Refusal], Iterator[Diagnostic]]] = {
    "additionalProperties": _unknown_keys,
    "type": _wrong_type,
    "required": _missing,
    "enum": _not_allowed,
    "pattern": _wrong_form,
    "format": _wrong_form,
    "minimum": _out_of_bounds,
    "maximum": _out_of_bounds,
    "minLength": _out_of_bounds,
    "maxLength": _out_of_bounds,
    "minItems": _out_of_bounds,
    "uniqueItems": _double_items,
    "minProperties": _wrong_number_of_keys,
    "maxProperties": _wrong_number_of_keys,
}
"""Rule of a schema -> who explains what broke it."""


def _expectation(refusal: _Refusal) -> str:
    """ "expected ...", as the schema itself puts it, else from its types."""
    said: str = refusal.schema.get("patternErrorMessage", "")
    return said or "expected " + " or ".join(_TYPES[kind] for kind in _TYPES if kind in refusal.types)


def _shown(value: object) -> str:
    """A value as a message names it: mappings and lists only by what they are."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST else value[:LONGEST] + "…")
    return "a mapping" if isinstance(value, dict) else "a list"


def _not_finite_routes(value: object, route: Route) -> Iterator[Route]:
    """Numbers that no manifest can hold. The library takes them for numbers; JSON knows no such thing."""
    if isinstance(value, float) and not math.isfinite(value):
        yield route
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _not_finite_routes(inner, (*route, key))


def _not_finite(document: Document, route: Route) -> Diagnostic:
    return error("D006", f"{path_text(route)}: expected a finite number", document.place(route))
