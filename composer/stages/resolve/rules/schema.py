"""A blueprint's parameter rules as JSON Schema (2020-12), for editors: they complete and explain what a layer
says.

A layer says only a part of what holds in the end, and may say null to remove what lower layers say. So
nothing is required, and null may stand anywhere. The schema never refuses what the composer takes; what JSON
Schema cannot tell (bounds of values with units, rules between parameters, exact topics) it lets pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from composer.stages.resolve.rules.kinds import ParameterType, ecma, types_of
from composer.stages.resolve.rules.relations import as_list

Rule = Mapping[str, Any]
Made = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(schema: Mapping[str, Rule], *, title: str) -> Made:
    """The JSON Schema of one layer's parameters."""
    return {"$schema": DIALECT, "title": title, **_mapping(schema, closed=True)}


def _mapping(schema: Mapping[str, Rule], *, closed: bool) -> Made:
    """Parameters side by side; with *closed*, no others may stand beside them."""
    properties = {name: _described(rule, _or_null(_value(rule, closed=closed))) for name, rule in schema.items()}
    made: Made = {"type": "object", "properties": properties}
    return {**made, "additionalProperties": False} if closed else made


def _value(rule: Rule, *, closed: bool) -> Made:
    """The schema of one value. What is coerced may be of another type than what it becomes."""
    if "coerce" in rule:
        return {}
    kinds = types_of(rule)
    forms = [_of_kind(rule, kind, closed=closed) for kind in kinds]
    parts = [forms[0] if len(forms) == 1 else {"anyOf": forms}] if forms else []
    inherited = {"type": rule["type"]} if "type" in rule else {}
    for word, combined in _LOGIC.items():
        if word in rule:
            parts.append({combined: [_value({**inherited, **choice}, closed=False) for choice in rule[word]]})
    made = parts[0] if len(parts) == 1 else {"allOf": parts} if parts else {}
    return _or_null(made) if rule.get("nullable") or "default" in rule else made


_LOGIC: Mapping[str, str] = MappingProxyType({"allof": "allOf", "anyof": "anyOf", "oneof": "anyOf"})
"""As a schema lets more pass than its rule, fitting exactly one form cannot be asked for."""


def _or_null(made: Made) -> Made:
    if not made or "null" in as_list(made.get("type", ())):
        return made
    if "type" not in made:
        return {"anyOf": [made, {"type": "null"}]}
    enum = {"enum": [*made["enum"], None]} if "enum" in made else {}
    return {**made, "type": [*as_list(made["type"]), "null"], **enum}


def _of_kind(rule: Rule, kind: ParameterType, *, closed: bool) -> Made:
    spared = {} if rule.get("empty") is True else rule
    made = {**kind.schema, **_LIMITS.get(kind.name, _bounds)(spared)}
    if "allowed" in spared and kind.name not in ("list", "dict"):
        made["enum"] = [value for value in rule["allowed"] if kind.accepts(value)]
    if "pattern" in made:
        made["patternErrorMessage"] = f"expected {kind.expected}"
    inside = _INSIDE.get(kind.name)
    return {**made, **inside(rule, closed)} if inside else made


def _bounds(rule: Rule) -> Made:
    """Bounds of numbers. Bounds with units are strings, which JSON Schema cannot compare."""
    words = {"min": "minimum", "max": "maximum"}
    return {words[word]: rule[word] for word in words if isinstance(rule.get(word), int | float)}


def _text(rule: Rule) -> Made:
    made = _lengths(rule, "minLength", "maxLength")
    if "regex" in rule:
        made["pattern"] = f"^(?:{ecma(rule['regex'])})$"
    return made


def _list(rule: Rule) -> Made:
    return _lengths(rule, "minItems", "maxItems")


def _lengths(rule: Rule, least: str, most: str) -> Made:
    made = {word: rule[name] for name, word in (("minlength", least), ("maxlength", most)) if name in rule}
    if rule.get("empty") is False:
        made[least] = max(1, made.get(least, 1))
    return made


_LIMITS: Mapping[str, Callable[[Rule], Made]] = MappingProxyType(
    {"string": _text, "list": _list, "dict": lambda _rule: {}}
)


def _items(rule: Rule, closed: bool) -> Made:
    return {"items": _value(rule["schema"], closed=closed)} if "schema" in rule else {}


def _entries(rule: Rule, closed: bool) -> Made:
    if "schema" in rule:
        return _mapping(rule["schema"], closed=not rule.get("allow_unknown", not closed))
    made: Made = {}
    if "valuesrules" in rule:
        made["additionalProperties"] = _or_null(_value(rule["valuesrules"], closed=closed))
    if "keysrules" in rule:
        made["propertyNames"] = _value(rule["keysrules"], closed=closed)
    return made


_INSIDE: Mapping[str, Callable[[Rule, bool], Made]] = MappingProxyType({"list": _items, "dict": _entries})


def _described(rule: Rule, made: Made) -> Made:
    """With what an editor shows beside the parameter: its help, what is expected, its default and examples."""
    meta = rule.get("meta") or {}
    told = [x for x in (meta.get("help", ""), _expectation(rule)) if x]
    words: Made = {"description": "\n\n".join(told)} if told else {}
    if "default" in rule:
        words["default"] = rule["default"]
    if "examples" in meta:
        words["examples"] = as_list(meta["examples"])
    return {**words, **made}


def _expectation(rule: Rule) -> str:
    """What is expected, where that says more than the type of the value does."""
    telling = [kind.expected for kind in types_of(rule) if kind.name not in ("string", "boolean", "list", "dict")]
    bounds = [f"{limit} {rule[word]}" for word, limit in (("min", "at least"), ("max", "at most")) if word in rule]
    expected = ", ".join([" or ".join(dict.fromkeys(telling)), *bounds])
    return f"Expected {expected}." if telling else ""
