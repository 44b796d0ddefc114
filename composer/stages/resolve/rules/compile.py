"""Parameter rules compiled to plain functions that give exactly what cerberus gives where it finds nothing
wrong.

Cerberus needs most of a millisecond for a handful of parameters, these a few microseconds. They never say
what is wrong: where one raises Unfit, cerberus is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from composer.stages.resolve.rules.coerce import COERCIONS
from composer.stages.resolve.rules.kinds import below, fits, types_of
from composer.stages.resolve.rules.relations import relations_of

Rule = Mapping[str, Any]
Check = Callable[[Any], Any]
"""Gives the value with defaults filled in and coercions done, or raises Unfit."""
Test = Callable[[Any], bool]


class Unfit(Exception):  # noqa: N818 - an answer, not a malfunction
    """The value does not fit its rule."""


def compile_mapping(schema: Mapping[str, Rule], *, unknown: bool = False) -> Check:
    """The check of a mapping with these parameters; with *unknown*, others may stand beside them."""
    checks = {name: compile_value(rule, unknown=unknown) for name, rule in schema.items()}
    defaults = {name: rule["default"] for name, rule in schema.items() if "default" in rule}
    related = relations_of(schema)

    def check(value: Mapping[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, inner in value.items():
            fit = checks.get(name)
            if fit is not None:
                result[name] = fit(inner)
            elif unknown:
                result[name] = inner
            else:
                raise Unfit
        for name, default in defaults.items():
            if name not in value:
                result[name] = checks[name](default)
        if related is not None and not related(result):
            raise Unfit
        return result

    return check


def compile_value(rule: Rule, *, unknown: bool) -> Check:
    """The check of one value; *unknown* is whether mappings inside may hold what no rule speaks of."""
    coerce = COERCIONS[rule["coerce"]] if "coerce" in rule else None
    fit = _compile_present(rule, unknown=unknown)
    nullable, default = rule.get("nullable", False), rule.get("default")

    def check_anew(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            if default is None:
                raise Unfit
            value = default
        if coerce is not None:
            try:
                value = coerce(value)
            except ValueError:
                raise Unfit from None
        return fit(value)

    return _remembering(check_anew)


def _remembering(check: Check) -> Check:
    """The check, which knows the last value again when it sees the very same object.

    Merging keeps what a layer does not touch, so that most parameters of most sites are the same objects as
    before; and no one changes a value once it is made.
    """
    last: Any = object()
    result: Any = None

    def remembering(value: Any) -> Any:
        nonlocal last, result
        if value is not last:
            result = check(value)
            last = value
        return result

    return remembering


def _compile_present(rule: Rule, *, unknown: bool) -> Check:
    """The check of a value that is there: its type, then what it contains, then everything else."""
    fits_type = _type_test([kind.accepts for kind in types_of(rule)])
    steps = list(_containers(rule, unknown=unknown))
    tests = [*_content(rule), *_bounds(rule), *_logic(rule, unknown=unknown)]

    def check(value: Any) -> Any:
        if not fits_type(value):
            raise Unfit
        for step in steps:
            value = step(value)
        for test in tests:
            if not test(value):
                raise Unfit
        return value

    return check


def _type_test(kinds: list[Test]) -> Test:
    if len(kinds) == 1:
        return kinds[0]
    return lambda value: not kinds or any(accepts(value) for accepts in kinds)


def _containers(rule: Rule, *, unknown: bool) -> Iterator[Check]:
    """What is done with the values inside a list or a mapping."""
    if "schema" in rule and "list" in {kind.name for kind in types_of(rule)}:
        item = compile_value(rule["schema"], unknown=unknown)
        yield lambda value: [item(x) for x in value] if isinstance(value, list) else value
    elif "schema" in rule:
        inside = compile_mapping(rule["schema"], unknown=rule.get("allow_unknown", unknown))
        yield lambda value: inside(value) if isinstance(value, Mapping) else value
    if "valuesrules" in rule:
        each = compile_value(rule["valuesrules"], unknown=unknown)
        yield lambda value: {k: each(v) for k, v in value.items()} if isinstance(value, Mapping) else value
    if "keysrules" in rule:
        key = compile_value(rule["keysrules"], unknown=unknown)
        yield lambda value: {key(k): v for k, v in value.items()} if isinstance(value, Mapping) else value


def _allowed(allowed: list[Any]) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, list | Mapping):
            return all(x in allowed for x in value)
        return value in allowed

    return test


def _sized(compare: Callable[[int], bool]) -> Test:
    return lambda value: compare(len(value)) if isinstance(value, str | list | Mapping) else True


def _content(rule: Rule) -> Iterator[Test]:
    """Tests that an empty value is spared, where the rule speaks of empty values at all."""
    tests = [make(rule[name]) for name, make in _CONTENT.items() if name in rule]
    if "empty" not in rule:
        yield from tests
        return

    def test(value: Any) -> bool:
        if isinstance(value, str | list | Mapping) and not value:
            return bool(rule["empty"])
        return all(each(value) for each in tests)

    yield test


_CONTENT: Mapping[str, Callable[[Any], Test]] = {
    "allowed": _allowed,
    "forbidden": lambda forbidden: lambda value: value not in forbidden,
    "minlength": lambda least: _sized(lambda length: length >= least),
    "maxlength": lambda most: _sized(lambda length: length <= most),
    "regex": lambda pattern: lambda value: not isinstance(value, str) or fits(pattern, value),
}


def _bounds(rule: Rule) -> Iterator[Test]:
    if "min" in rule:
        yield lambda value: not below(rule, value, rule["min"])
    if "max" in rule:
        yield lambda value: not below(rule, rule["max"], value)


_ENOUGH: Mapping[str, Callable[[list[bool]], bool]] = {
    "allof": all,
    "anyof": any,
    "noneof": lambda fitting: not any(fitting),
    "oneof": lambda fitting: sum(fitting) == 1,
}


def _logic(rule: Rule, *, unknown: bool) -> Iterator[Test]:
    """Tests against several definitions at once. As in cerberus, each inherits type and allow_unknown."""
    inherited = {"allow_unknown": rule.get("allow_unknown", unknown)}
    if "type" in rule:
        inherited["type"] = rule["type"]
    for name, enough in _ENOUGH.items():
        if name in rule:
            choices = [compile_value({**inherited, **choice}, unknown=True) for choice in rule[name]]
            yield partial(_chosen, choices, enough)


def _chosen(choices: list[Check], enough: Callable[[list[bool]], bool], value: Any) -> bool:
    return enough([_passes(choice, value) for choice in choices])


def _passes(check: Check, value: Any) -> bool:
    try:
        check(value)
    except Unfit:
        return False
    return True
