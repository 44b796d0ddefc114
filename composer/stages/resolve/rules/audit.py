"""Whether a blueprint's params.yaml is a set of rules, checked before any site uses it.

A file without findings is one that cerberus takes and that the compiled checks understand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean, error
from composer.merge import dotted
from composer.source.document import Document, Route
from composer.stages.resolve.rules.coerce import COERCIONS
from composer.stages.resolve.rules.compile import Unfit, compile_value
from composer.stages.resolve.rules.kinds import TYPES, ParameterType, below, types_of
from composer.stages.resolve.rules.relations import as_list

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_LOGIC = ("allof", "anyof", "noneof", "oneof")
_BESIDE = ("dependencies", "excludes", "required")
"""Rules about neighbours; what is in a list or in a mapping of any keys has none."""
_CHANGING = ("coerce", "default")


@dataclass(frozen=True, slots=True)
class _At:
    """A place in the rule file. *barred* are words that mean nothing here, *types* those inherited."""

    document: Document
    route: Route = ()
    barred: tuple[str, ...] = ()
    types: Any = ()

    def into(self, *steps: str | int, bar: Iterable[str] = (), types: Any = ()) -> _At:
        return _At(self.document, (*self.route, *steps), tuple(dict.fromkeys((*self.barred, *bar))), types)

    def parameters(self, *steps: str) -> _At:
        """Where rules of parameters that stand side by side begin."""
        return replace(self.into(*steps), barred=tuple(x for x in self.barred if x not in _BESIDE))

    def fault(self, code: str, message: str, *, key: bool = False, hint: str = "") -> Diagnostic:
        return error(code, message, self.document.place(self.route, key=key), hint=hint)


def audit(document: Document) -> list[Diagnostic]:
    """Everything that is wrong with a rule file."""
    return list(_parameters(_At(document), document.data))


def _parameters(at: _At, schema: Any) -> Iterator[Diagnostic]:
    """The rules of parameters that stand side by side."""
    if not isinstance(schema, Mapping):
        yield at.fault("L110", "expected a mapping of parameter names to rules")
        return
    for name, rule in schema.items():
        here = at.into(name)
        if not _NAME.fullmatch(name):
            yield here.fault("L110", f"a parameter cannot be called {name!r}", key=True)
        yield from _rule(here, rule)
        if isinstance(rule, Mapping):
            yield from _neighbours(here, rule, schema)


def _neighbours(at: _At, rule: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Whether the parameters a rule speaks of exist."""
    for key in ("dependencies", "excludes"):
        wanted = rule.get(key, [])
        for name in wanted if isinstance(wanted, Mapping) else as_list(wanted):
            if name not in schema:
                hint = did_you_mean(str(name), schema)
                yield at.into(key).fault("L110", f"{key}: there is no parameter {name!r} beside this one", hint=hint)


def _rule(at: _At, rule: Any) -> Iterator[Diagnostic]:
    """One rule, and all that is inside it."""
    if not isinstance(rule, Mapping):
        yield at.fault("L110", f"{dotted(at.route)}: expected a mapping of rules, such as {{type: integer}}")
        return
    before = [*_words(at, rule), *_types(at, rule)]
    yield from before
    if before:
        return
    whole = {"type": at.types, **rule} if at.types else rule
    inner = [*_inner(at, whole), *_fitting(at, whole)]
    yield from inner
    if not inner and "default" in rule:
        yield from _default(at, rule)


def _words(at: _At, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Whether each word of the rule is one, is allowed here, and says something of the right kind."""
    for word, said in rule.items():
        here = at.into(word)
        if word not in WORDS:
            hint = did_you_mean(str(word), WORDS) or f"there are {', '.join(sorted(WORDS))}"
            yield here.fault("L110", f"{word!r} is not a rule of params.yaml", key=True, hint=hint)
        elif word in at.barred:
            yield here.fault("L110", f"`{word}` means nothing here", key=True)
        else:
            expected = WORDS[word](said)
            if expected:
                yield here.fault("L110", f"{word}: expected {expected}")


def _types(at: _At, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    named = as_list(rule.get("type", at.types) or [])
    if not named and not any(word in rule for word in _LOGIC):
        yield at.fault("L110", f"{dotted(at.route)} has no type", hint=f"types: {', '.join(TYPES)}", key=True)
    for name in named:
        if name not in TYPES:
            hint = did_you_mean(str(name), TYPES) or f"types: {', '.join(TYPES)}"
            yield at.into("type").fault("L110", f"there is no type {name!r}", hint=hint)


def _inner(at: _At, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """The rules inside a rule."""
    names = {kind.name for kind in types_of(rule)}
    if "schema" in rule:
        if len(names & {"list", "dict"}) != 1:
            yield at.into("schema").fault("L110", "schema: needs one of the types list and dict", key=True)
        elif "list" in names:
            yield from _rule(at.into("schema", bar=_BESIDE), rule["schema"])
        else:
            yield from _parameters(at.parameters("schema"), rule["schema"])
    for word in ("keysrules", "valuesrules"):
        if word in rule and ("dict" not in names or "schema" in rule):
            yield at.into(word).fault("L110", f"{word}: needs the type dict, and no `schema` beside it", key=True)
        elif word in rule:
            bar = (*_BESIDE, *_CHANGING) if word == "keysrules" else _BESIDE
            yield from _rule(at.into(word, bar=bar), rule[word])
    for word in _LOGIC:
        for index, choice in enumerate(rule.get(word, ())):
            bar = (*_BESIDE, *_CHANGING)
            yield from _rule(at.into(word, index, bar=bar, types=rule.get("type", ())), choice)


def _fitting(at: _At, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Whether bounds and choices are values that the type has, and leave some room."""
    kinds = types_of(rule)
    for word in ("min", "max"):
        if word in rule and not any(kind.measure and kind.accepts(rule[word]) for kind in kinds):
            yield at.into(word).fault("L111", f"{word}: expected {_bound(kinds)}")
    for word in ("allowed", "forbidden"):
        for index, value in enumerate(rule.get(word, ())):
            if kinds and not _is_container(kinds) and not any(kind.accepts(value) for kind in kinds):
                yield at.into(word, index).fault("L111", f"{word}: expected {_either(kinds)}")
    if "forbidden" in rule and (not kinds or _is_container(kinds)):
        yield at.into("forbidden").fault("L110", "forbidden: only for single values", key=True)
    if "min" in rule and "max" in rule and below(rule, rule["max"], rule["min"]):
        yield at.into("max").fault("L111", f"max: {rule['max']} is less than min, {rule['min']}")
    if rule.get("maxlength", 0) < rule.get("minlength", 0) and "maxlength" in rule:
        yield at.into("maxlength").fault("L111", "maxlength: less than minlength")


def _is_container(kinds: Iterable[ParameterType]) -> bool:
    return any(kind.name in ("list", "dict") for kind in kinds)


def _bound(kinds: Iterable[ParameterType]) -> str:
    return _either(kind for kind in kinds if kind.measure) or "no such rule, as the type has no order"


def _either(kinds: Iterable[ParameterType]) -> str:
    return " or ".join(dict.fromkeys(kind.expected for kind in kinds))


def _default(at: _At, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Whether the default keeps its own rule."""
    try:
        compile_value({k: v for k, v in rule.items() if k != "default"}, unknown=False)(rule["default"])
    except Unfit:
        yield from _explain_default(at.into("default"), rule)


def _explain_default(at: _At, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    from composer.stages.resolve.rules.messages import Subject, explain  # noqa: PLC0415 - cerberus loads slowly
    from composer.stages.resolve.rules.validator import validator  # noqa: PLC0415 - cerberus loads slowly

    alone = {k: v for k, v in rule.items() if k not in (*_BESIDE, "default")}
    asked = validator({"default": alone})
    asked.validate({"default": rule["default"]})
    place = at.document.place(at.route)
    subject = Subject(dotted(at.route[:-1]), lambda _: place, at.document, {"default": alone})
    for finding in explain(asked._errors, subject):
        yield replace(finding, code="L112", related=())


def _flag(said: Any) -> str:
    return "" if isinstance(said, bool) else "true or false"


def _count(said: Any) -> str:
    return "" if type(said) is int and said >= 0 else "a whole number from 0"


def _values(said: Any) -> str:
    return "" if isinstance(said, list) and said else "a list of values"


def _pattern(said: Any) -> str:
    try:
        re.compile(said)
    except (re.error, TypeError) as fault:
        return f"a regular expression ({fault})"
    return ""


def _coercion(said: Any) -> str:
    return "" if isinstance(said, str) and said in COERCIONS else f"one of {', '.join(COERCIONS)}"


def _type_names(said: Any) -> str:
    names = as_list(said)
    return "" if names and all(isinstance(x, str) for x in names) else "a type or a list of types"


def _rules(said: Any) -> str:
    return "" if isinstance(said, Mapping) else "a mapping of rules"


def _definitions(said: Any) -> str:
    return "" if isinstance(said, list) and said else "a list of rules"


def _meta(said: Any) -> str:
    return "" if isinstance(said, Mapping) and isinstance(said.get("help", ""), str) else "a mapping with a `help` text"


def _names(said: Any) -> str:
    names = as_list(said)
    return "" if names and all(isinstance(x, str) for x in names) else "a parameter's name, or a list of such"


def _needs(said: Any) -> str:
    if isinstance(said, Mapping):
        values = [x for wanted in said.values() for x in as_list(wanted)]
        fine = values and not any(x is None or isinstance(x, list | Mapping) for x in values)
        return "" if fine else "a value, or a list of values, for each parameter"
    return _names(said)


def _anything(_said: Any) -> str:
    return ""


WORDS: Mapping[str, Callable[[Any], str]] = {
    "allof": _definitions,
    "allow_unknown": _flag,
    "allowed": _values,
    "anyof": _definitions,
    "coerce": _coercion,
    "default": _anything,
    "dependencies": _needs,
    "empty": _flag,
    "excludes": _names,
    "forbidden": _values,
    "keysrules": _rules,
    "max": _anything,
    "maxlength": _count,
    "meta": _meta,
    "min": _anything,
    "minlength": _count,
    "noneof": _definitions,
    "nullable": _flag,
    "oneof": _definitions,
    "regex": _pattern,
    "required": _flag,
    "schema": _rules,
    "type": _type_names,
    "valuesrules": _rules,
}
"""The words of a rule -> what is expected of what they say, or "" where it is fine."""
