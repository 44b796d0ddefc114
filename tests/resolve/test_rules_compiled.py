"""The compiled rules and cerberus give the same answers: for any rules, and any values."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from composer.source.document import Document
from composer.stages.resolve.rules.audit import audit
from composer.stages.resolve.rules.coerce import COERCIONS
from composer.stages.resolve.rules.compile import Unfit, compile_mapping, compile_value
from composer.stages.resolve.rules.kinds import TYPES
from composer.stages.resolve.rules.tree import defaults_of
from composer.stages.resolve.rules.validator import ParameterValidator, validator

NAMES = st.sampled_from(["a", "b", "coerce", "default", "rename", "schema", "type"])
"""Parameters may be called as rules are; cerberus must not be confused by that."""

PLAIN = (True, False, 0, 1, 2, -1, 5, 0.5, 1.0, "", "a", "b", "ab", "a\n", "1", "5", "A", "a" * 2000)
UNITS = (
    "1s",
    "60s",
    "1m",
    "1Gi",
    "500m",
    "2GB",
    "1/s",
    "6/min",
    "10%",
    "10.0.0.0/8",
    "nginx:1",
    "mes/token",
    "x.y",
)
SAID = st.sampled_from((*PLAIN, *UNITS))
SCALARS = st.none() | SAID
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
SCALAR_TYPES = st.sampled_from(sorted(set(TYPES) - {"list", "dict"}))

LIMITS = {
    "allowed": st.lists(SAID, min_size=1, max_size=4),
    "forbidden": st.lists(SCALARS, min_size=1, max_size=3),
    "min": SCALARS,
    "max": SCALARS,
    "minlength": st.integers(0, 3),
    "maxlength": st.integers(0, 3),
    "empty": st.booleans(),
    "regex": st.sampled_from(["a*", "[a-z]+", "^a|b$", "(a|ab)b?", ".*"]),
    "nullable": st.booleans(),
}


def some_of(choices: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the rules, each with something to say."""
    words = st.lists(st.sampled_from(sorted(choices)), max_size=most, unique=True)
    return words.flatmap(lambda chosen: st.fixed_dictionaries({word: choices[word] for word in chosen}))


SCALAR_RULES = st.builds(
    lambda types, limits: {"type": types[0] if len(types) == 1 else types, **limits},
    st.lists(SCALAR_TYPES, min_size=1, max_size=2, unique=True),
    some_of({**LIMITS, "coerce": st.sampled_from(sorted(COERCIONS))}, 3),
)


def without(rule: dict[str, Any], *words: str) -> dict[str, Any]:
    """The rule, and all rules inside it, without some words."""
    return {
        key: without(said, *words) if isinstance(said, dict) else said for key, said in rule.items() if key not in words
    }


@st.composite
def nested_rules(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A rule with rules inside it: of a list, of a mapping, or several definitions of one value."""
    form = draw(st.sampled_from(["list", "schema", "valuesrules", "logic"]))
    limits = draw(some_of({k: LIMITS[k] for k in ("minlength", "maxlength", "empty", "nullable")}, 1))
    if form == "list":
        return {"type": draw(st.sampled_from(["list", ["list", "string"]])), "schema": draw(inner), **limits}
    if form == "logic":
        choices = [without(draw(inner), "coerce", "default", "nullable") for _ in range(draw(st.integers(1, 3)))]
        kinds = draw(st.sampled_from([{}, {"type": ["string", "integer"]}]))
        return {**kinds, draw(st.sampled_from(["allof", "anyof", "noneof", "oneof"])): choices, **limits}
    mapping = {"type": draw(st.sampled_from(["dict", ["dict", "string"]])), **limits}
    if form == "valuesrules":
        keys = draw(st.sampled_from([{}, {"keysrules": {"type": "string", "maxlength": 1}}]))
        return {**mapping, "valuesrules": draw(inner), **keys}
    unknown = draw(some_of({"allow_unknown": st.booleans()}, 1))
    return {**mapping, **unknown, "schema": draw(st.dictionaries(NAMES, inner, max_size=3))}


RULES = st.recursive(SCALAR_RULES, nested_rules, max_leaves=4)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """The rules of a blueprint's parameters, with defaults that keep them and relations among neighbours."""
    schema = draw(st.dictionaries(NAMES, RULES, min_size=1, max_size=3))
    for name, rule in schema.items():
        others = sorted(set(schema) - {name})
        beside: dict[str, st.SearchStrategy[Any]] = {"required": st.booleans()}
        if others:
            one = st.sampled_from(others)
            beside["excludes"] = one | st.lists(one, min_size=1, max_size=2)
            beside["dependencies"] = one | st.dictionaries(one, SAID, min_size=1)
        rule.update(draw(some_of(beside, 1)))
        default = draw(VALUES)
        if draw(st.booleans()) and fits(rule, default):
            rule["default"] = default
    return schema


def fits(rule: dict[str, Any], value: Any) -> bool:
    if document({"x": without(rule, "excludes", "dependencies")}) is None:
        return False
    try:
        compile_value(rule, unknown=False)(value)
    except Unfit:
        return False
    return True


def document(schema: dict[str, Any]) -> Document | None:
    """The rules as a document, or None where the audit refuses them."""
    made = Document("params.yaml", "{}", schema)
    return None if audit(made) else made


@st.composite
def params(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """Parameters, mostly of the names that the rules know."""
    known = st.sampled_from(sorted(schema))
    return draw(st.dictionaries(known | known | NAMES, VALUES, max_size=4))


def compiled(schema: dict[str, Any], given_params: dict[str, Any]) -> str | None:
    try:
        return json.dumps(compile_mapping(schema)(given_params))
    except Unfit:
        return None


def asked(schema: dict[str, Any], given_params: dict[str, Any]) -> str | None:
    cerberus = validator(schema)
    return json.dumps(cerberus.document) if cerberus.validate(given_params) else None


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
@given(st.data())
def test_compiled_rules_take_what_cerberus_takes_and_make_the_same_of_it(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    assume(document(schema) is not None)
    values = data.draw(params(schema))
    answer = compiled(schema, values)
    event("taken" if answer else "refused")
    assert answer == asked(schema, values)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)
@given(schemas())
def test_rules_without_findings_are_rules_to_cerberus(schema: dict[str, Any]) -> None:
    schema = without(schema, "default")  # cerberus cannot look at a rule whose default is a list of lists
    assume(document(schema) is not None)
    ParameterValidator(deepcopy(schema))


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)
@given(schemas())
def test_the_defaults_are_what_cerberus_makes_of_nothing_but_for_nulls_and_coercions(
    schema: dict[str, Any],
) -> None:
    schema = without(schema, "coerce", "required", "dependencies", "excludes")
    assume(document(schema) is not None)
    made = json.loads(asked(schema, {}) or "null")
    assume(made is not None)
    assert defaults_of(schema) == {name: value for name, value in made.items() if value is not None}


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)
@given(st.data())
def test_normalised_parameters_stay_as_they_are(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    assume(document(schema) is not None)
    once = compiled(schema, data.draw(params(schema)))
    assume(once is not None)
    assert compiled(schema, json.loads(once or "")) == once


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)
@given(st.data())
def test_checking_changes_neither_rules_nor_parameters(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    assume(document(schema) is not None)
    values = data.draw(params(schema))
    before = deepcopy((schema, values))
    compiled(schema, values)
    asked(schema, values)
    assert (schema, values) == before
