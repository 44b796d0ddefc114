"""Why an object does not follow its schema, in the words of the person who wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from composer.diagnostic import did_you_mean
from composer.source.document import Route
from composer.stages.check.schemas import Schema, compile_schema

if TYPE_CHECKING:
    from jsonschema import ValidationError

    _Describe = Callable[[ValidationError, Any, Route], Iterator["Misfit"]]

EXPECTED = "x-expected"
"""Keyword of a schema that says in words what its pattern and length mean."""

_SHOWN = 60
_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}


class Misfit(NamedTuple):
    """What is wrong with the field at *route*: it is unknown, missing, or its value is not allowed."""

    code: str
    route: Route
    message: str
    hint: str = ""


def explain(thing: Any, schema: Schema) -> list[Misfit]:
    """Everything in *thing* that does not follow *schema*; at least one misfit."""
    from referencing import Registry  # noqa: PLC0415 - slow to import, seldom needed

    try:
        errors = _validator()(schema, registry=Registry()).iter_errors(thing)
        found = [misfit for error in errors for misfit in _misfits(error)]
    except RecursionError:
        found = [Misfit("K006", (), "is nested too deeply to be checked")]
    return list(dict.fromkeys(found)) or [Misfit("K006", (), "does not follow its schema")]


@lru_cache(maxsize=1)
def _validator() -> Any:
    """jsonschema, but with patterns matched as they are where objects are accepted: alike, and in linear time."""
    from jsonschema import Draft202012Validator, ValidationError  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not _matcher(wanted)(value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    return extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Callable[[Any], bool]:
    return compile_schema({"pattern": pattern})


def _misfits(error: ValidationError) -> Iterator[Misfit]:
    if error.context and error.validator in ("anyOf", "oneOf"):
        yield from _alternatives(error)
    else:
        describe = _DESCRIPTIONS.get(str(error.validator), _anything)
        yield from describe(error, error.validator_value, tuple(error.absolute_path))


def _unknown(error: ValidationError, _: Any, route: Route) -> Iterator[Misfit]:
    known = _schema_of(error).get("properties", {})
    fields: Any = error.instance
    for name in fields:
        if name not in known:
            hint = did_you_mean(str(name), known) or _list_of(known)
            yield Misfit("K004", (*route, name), "is not a known field", hint)


def _missing(error: ValidationError, wanted: Any, route: Route) -> Iterator[Misfit]:
    fields: Any = error.instance
    for name in wanted:
        if name not in fields:
            yield Misfit("K005", (*route, name), "is missing")


def _wrong_type(error: ValidationError, wanted: Any, route: Route) -> Iterator[Misfit]:
    expected = " or ".join(_TYPES[name] for name in (wanted if isinstance(wanted, list) else [wanted]))
    yield Misfit("K006", route, f"is {_shown(error.instance)}; expected {expected}")


def _not_listed(error: ValidationError, wanted: Any, route: Route) -> Iterator[Misfit]:
    allowed = [str(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
    hint = did_you_mean(str(error.instance), allowed)
    yield Misfit("K006", route, f"is {_shown(error.instance)}; expected {', '.join(allowed)}", hint)


def _outside(relation: str) -> _Describe:
    def describe(error: ValidationError, bound: Any, route: Route) -> Iterator[Misfit]:
        expected = _schema_of(error).get(EXPECTED) or f"{relation} {bound}"
        if "propertyNames" in error.absolute_schema_path:
            yield Misfit("K006", (*route, str(error.instance)), f"is no key here; expected {expected}")
        else:
            yield Misfit("K006", route, f"is {_shown(error.instance)}; expected {expected}")

    return describe


def _anything(error: ValidationError, _: Any, route: Route) -> Iterator[Misfit]:
    yield Misfit("K006", route, f"is not as its schema wants it: {_cut(error.message)}")


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


_DESCRIPTIONS: Mapping[str, _Describe] = {
    "additionalProperties": _unknown,
    "const": _not_listed,
    "enum": _not_listed,
    "exclusiveMaximum": _outside("less than"),
    "exclusiveMinimum": _outside("more than"),
    "maximum": _outside("at most"),
    "maxItems": _outside("a number of items of at most"),
    "maxLength": _outside("a length of at most"),
    "maxProperties": _outside("a number of fields of at most"),
    "minimum": _outside("at least"),
    "minItems": _outside("a number of items of at least"),
    "minLength": _outside("a length of at least"),
    "minProperties": _outside("a number of fields of at least"),
    "pattern": _outside("a match of"),
    "required": _missing,
    "type": _wrong_type,
}


def _alternatives(error: ValidationError) -> Iterator[Misfit]:
    """Of several allowed shapes, what is wrong with the nearest; where all just miss a field, which ones."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    missing = [inner for found in branches.values() for inner in found if _is_missing(inner)]
    if len(missing) == len(error.context or ()):
        names = sorted({name for inner in missing for name in _names(inner)})
        yield Misfit("K005", tuple(error.absolute_path), f"needs one of {', '.join(names)}")
        return
    nearest = min(branches.values(), key=lambda found: (-max(len(inner.path) for inner in found), len(found)))
    for inner in nearest:
        yield from _misfits(inner)


def _is_missing(error: ValidationError) -> bool:
    return error.validator == "required" and not error.path


def _names(error: ValidationError) -> list[str]:
    names: Any = error.validator_value
    return list(names)


def _shown(value: Any) -> str:
    """The value as people wrote it, with its type where that is the point."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (dict, list)):
        return f"{_TYPES['object' if isinstance(value, dict) else 'array']} of {len(value)}"
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _list_of(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return f"its fields are {', '.join(ordered)}" if 0 < len(ordered) <= 12 else ""
