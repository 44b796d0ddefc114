"""What cerberus finds wrong, in the user's words: what was found, what is expected, what could be meant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cerberus import errors
from cerberus.errors import ValidationError

from composer.diagnostic import Diagnostic, Place, Related, did_you_mean, error
from composer.merge import dotted
from composer.source.document import Document, Route
from composer.stages.resolve.rules.kinds import LONGEST_MATCHED, types_of
from composer.stages.resolve.rules.relations import as_list
from composer.stages.resolve.rules.tree import Found, Rule, Schema, rule_at

LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose parameters are spoken of, and by which rules.

    *label* names the component, *place* tells where the value at a route was set, *document* holds the rules.
    """

    label: str
    place: Callable[[Route], Place]
    document: Document
    schema: Schema


def explain(found: Iterable[ValidationError], subject: Subject) -> list[Diagnostic]:
    """A finding for everything that cerberus found."""
    leaves = [leaf for fault in found for leaf in _leaves(fault)]
    hopeless = {tuple(leaf.document_path) for leaf in leaves if leaf.code == errors.COERCION_FAILED.code}
    return [
        _finding(leaf, subject)
        for leaf in leaves
        if tuple(leaf.document_path) not in hopeless or leaf.code == errors.COERCION_FAILED.code
    ]


def _leaves(fault: ValidationError) -> Iterator[ValidationError]:
    """The single errors in a group of them. What several definitions say of one value stays together."""
    if fault.is_group_error and not fault.is_logic_error and fault.code != errors.KEYSRULES.code:
        for child in fault.child_errors:
            yield from _leaves(child)
    else:
        yield fault


def _finding(fault: ValidationError, subject: Subject) -> Diagnostic:
    route: Route = tuple(fault.document_path)
    about = rule_at(subject.schema, route)
    name = dotted(route)
    code, say = _SAYINGS.get(fault.code, ("L125", _other))
    hint = _hint(fault, about) or str((about.rule.get("meta") or {}).get("help", ""))
    related = [Related("its rule", subject.document.place(about.route, key=True))] if about.rule else []
    message = f"{subject.label}: {say(fault, about.rule, name)}"
    place = subject.place(route)
    return error(code, message, place.hidden() if _is_secret(fault, about.rule) else place, hint=hint, related=related)


def _is_secret(fault: ValidationError, rule: Rule) -> bool:
    """Whether somebody may have written a secret where a reference to one belongs."""
    return isinstance(fault.value, str) and "secretRef" in as_list(rule.get("type", ()))


def shown(value: Any) -> str:
    """The value as a message shows it: on one line, harmless to a terminal, and not too long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():
        text = json.dumps(value, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _is(expected: Callable[[ValidationError, Rule], str]) -> Callable[[ValidationError, Rule, str], str]:
    """The sentence for faults of which the value and what is expected instead say everything."""

    def say(fault: ValidationError, rule: Rule, name: str) -> str:
        value = "a hidden text (it may be a secret)" if _is_secret(fault, rule) else shown(fault.value)
        return f"{name} is {value}, expected {expected(fault, rule)}"

    return say


def _type(fault: ValidationError, rule: Rule) -> str:
    kinds = types_of({"type": fault.constraint} if fault.rule == "type" else rule)
    return " or ".join(dict.fromkeys(kind.wants(fault.value) for kind in kinds)) or "a value"


def _coerced(fault: ValidationError, _rule: Rule) -> str:
    return str(fault.info[0])


def _bounds(fault: ValidationError, rule: Rule) -> str:
    least, most = rule.get("min"), rule.get("max")
    if least is not None and most is not None and fault.constraint in (least, most):
        return f"{least} to {most}"
    return f"{'at least' if fault.rule == 'min' else 'at most'} {fault.constraint}"


def _length(fault: ValidationError, _rule: Rule) -> str:
    unit = "characters" if isinstance(fault.value, str) else "entries"
    limit = "at least" if fault.rule == "minlength" else "at most"
    return f"{limit} {fault.constraint} {unit}, not {len(fault.value)}"


def _allowed(fault: ValidationError, _rule: Rule) -> str:
    choice = ", ".join(map(str, fault.constraint))
    return f"only {choice}" if fault.code == errors.UNALLOWED_VALUES.code else f"one of {choice}"


def _forbidden(fault: ValidationError, _rule: Rule) -> str:
    return f"anything but {', '.join(map(str, fault.constraint))}"


def _pattern(fault: ValidationError, _rule: Rule) -> str:
    if len(fault.value) > LONGEST_MATCHED:
        return f"at most {LONGEST_MATCHED} characters"
    return f"text that matches {fault.constraint}"


def _choices(fault: ValidationError, rule: Rule) -> str:
    """What each of several definitions expects, or why fitting them is wrong."""
    if fault.code == errors.NONEOF.code:
        return "a value that fits none of the forms its rule excludes"
    if fault.code == errors.ONEOF.code and fault.info[1] > 1:
        return "a value that fits one of the forms of its rule, not several"
    words = [_expected(child, rule) for child in fault.child_errors]
    return (" and " if fault.code == errors.ALLOF.code else " or ").join(dict.fromkeys(words))


def _expected(fault: ValidationError, rule: Rule) -> str:
    """What one definition expects."""
    leaf = next(_leaves(fault))
    phrase = _PHRASES.get(leaf.code)
    return phrase[1](leaf, rule) if phrase else "another form"


_PHRASES: Mapping[int, tuple[str, Callable[[ValidationError, Rule], str]]] = {
    errors.BAD_TYPE.code: ("L122", _type),
    errors.NOT_NULLABLE.code: ("L122", _type),
    errors.COERCION_FAILED.code: ("L122", _coerced),
    errors.MIN_VALUE.code: ("L123", _bounds),
    errors.MAX_VALUE.code: ("L123", _bounds),
    errors.MIN_LENGTH.code: ("L123", _length),
    errors.MAX_LENGTH.code: ("L123", _length),
    errors.EMPTY_NOT_ALLOWED.code: ("L123", lambda _fault, _rule: "something in it"),
    errors.UNALLOWED_VALUE.code: ("L124", _allowed),
    errors.UNALLOWED_VALUES.code: ("L124", _allowed),
    errors.FORBIDDEN_VALUE.code: ("L124", _forbidden),
    errors.REGEX_MISMATCH.code: ("L125", _pattern),
    errors.ANYOF.code: ("L125", _choices),
    errors.ALLOF.code: ("L125", _choices),
    errors.NONEOF.code: ("L125", _choices),
    errors.ONEOF.code: ("L125", _choices),
}
"""What ends the sentence "expected ...", for every fault of a value taken by itself."""


def _missing(_fault: ValidationError, _rule: Rule, name: str) -> str:
    return f"the parameter {name} is missing"


def _unknown(_fault: ValidationError, _rule: Rule, name: str) -> str:
    return f"there is no parameter {name}"


def _key(fault: ValidationError, rule: Rule, name: str) -> str:
    leaf = next(_leaves(fault.child_errors[0]))
    expected = _expected(leaf, rule.get("keysrules", {}))
    return f"{name} has the key {shown(leaf.value)}, expected {expected}"


def _needs(fault: ValidationError, _rule: Rule, name: str) -> str:
    return f"{name} needs {fault.info[0]} beside it"


def _needs_value(fault: ValidationError, _rule: Rule, name: str) -> str:
    wanted = (f"{other} to be {_one_of(fault.constraint[other])}" for other in fault.info[0])
    return f"{name} needs {', '.join(wanted)}"


def _one_of(values: Any) -> str:
    return " or ".join(map(shown, as_list(values)))


def _excludes(fault: ValidationError, _rule: Rule, name: str) -> str:
    return f"{name} cannot be set together with {', '.join(as_list(fault.constraint))}"


def _other(fault: ValidationError, _rule: Rule, name: str) -> str:
    return f"{name} is {shown(fault.value)}, which its rule `{fault.rule}` does not allow"


_SAYINGS: Mapping[int, tuple[str, Callable[[ValidationError, Rule, str], str]]] = {
    **{code: (family, _is(expected)) for code, (family, expected) in _PHRASES.items()},
    errors.UNKNOWN_FIELD.code: ("L120", _unknown),
    errors.REQUIRED_FIELD.code: ("L121", _missing),
    errors.KEYSRULES.code: ("L125", _key),
    errors.DEPENDENCIES_FIELD.code: ("L126", _needs),
    errors.DEPENDENCIES_FIELD_VALUE.code: ("L126", _needs_value),
    errors.EXCLUDES_FIELD.code: ("L126", _excludes),
}


def _hint(fault: ValidationError, about: Found) -> str:
    """What could be meant, where that can be told."""
    if fault.code == errors.UNKNOWN_FIELD.code:
        known = ", ".join(sorted(about.among))
        return did_you_mean(str(fault.field), about.among) or (f"there are {known}" if known else "")
    if fault.code == errors.UNALLOWED_VALUE.code and isinstance(fault.value, str):
        return did_you_mean(fault.value, [x for x in fault.constraint if isinstance(x, str)])
    if fault.code == errors.BAD_TYPE.code:
        return _quotes(fault)
    return ""


def _quotes(fault: ValidationError) -> str:
    """Whether quotes, or the lack of them, are the trouble."""
    kinds, value = types_of({"type": fault.constraint}), fault.value
    if isinstance(value, str):
        try:
            bare = json.loads(value)
        except ValueError:
            return ""
        return f"write {value} without quotes" if any(kind.accepts(bare) for kind in kinds) else ""
    text = json.dumps(value)
    return f'write it in quotes: "{text}"' if any(kind.accepts(text) for kind in kinds) and text != "null" else ""
