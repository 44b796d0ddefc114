"""The way through a tree of rules: which rule speaks of a value, and where defaults are declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Place
from composer.source.document import Document, Route

Rule = Mapping[str, Any]
Schema = Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Found:
    """A rule and its route in the rule file; *among* holds the rules of the parameters beside it, if any."""

    rule: Rule
    route: Route
    among: Schema


def rule_at(schema: Schema, route: Route) -> Found:
    """The rule for the value at *route*; an empty one where no rule speaks of it."""
    here = Found({"type": "dict", "schema": schema}, (), schema)
    for step in route:
        here = _inside(here, step)
    return here


def _inside(found: Found, step: str | int) -> Found:
    """The rule for an entry of the value that *found* is about."""
    rule, route = found.rule, found.route
    inner = rule.get("schema")
    if isinstance(step, str) and isinstance(inner, Mapping) and _is_mapping_rule(rule):
        base = (*route, "schema") if route else ()
        return Found(inner.get(step, {}), (*base, step), inner)
    key = "valuesrules" if isinstance(step, str) else "schema"
    return Found(rule.get(key, {}), (*route, key), {})


def _is_mapping_rule(rule: Rule) -> bool:
    """Whether the rule's `schema` speaks of a mapping's parameters, not of a list's items."""
    named = rule.get("type", ())
    return "list" not in ([named] if isinstance(named, str) else named)


def defaults_of(schema: Schema) -> dict[str, Any]:
    """What holds where nobody says anything, nested defaults included. Defaults of null are left out."""
    pairs = ((name, rule, rule.get("default")) for name, rule in schema.items())
    return {name: _filled(rule, default) for name, rule, default in pairs if default is not None}


def _filled(rule: Rule, value: Any) -> Any:
    """A default with the defaults inside it."""
    inner, each = rule.get("schema"), rule.get("valuesrules")
    if isinstance(value, Mapping):
        if isinstance(inner, Mapping) and _is_mapping_rule(rule):
            own = {name: _filled(inner.get(name, {}), x) for name, x in value.items()}
            return {**own, **{name: x for name, x in defaults_of(inner).items() if name not in value}}
        return {name: _filled(each, x) for name, x in value.items()} if each else dict(value)
    if isinstance(value, list) and inner:
        return [_filled(inner, x) for x in value]
    return value


class DefaultsDocument(Document):
    """A rule file read as the lowest layer: its places are where the rules declare their defaults."""

    def place(self, route: Route = (), *, key: bool = False) -> Place:
        """Where the default of the parameter at *route* is declared, or else its rule."""
        for length in range(len(route), 0, -1):
            found = rule_at(self.data, route[:length])
            if "default" in found.rule:
                return super().place((*found.route, "default", *route[length:]), key=key)
        return super().place(rule_at(self.data, route).route, key=key)
