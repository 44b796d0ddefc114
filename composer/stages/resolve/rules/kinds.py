"""The types a parameter can have: what each accepts, what it expects in words, and how its values compare."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from composer.model import units
from composer.model.images import image
from composer.model.names import HOSTNAME, LABEL, is_hostname, is_label
from composer.model.topics import topic, topic_filter
from composer.model.units import UnitError


@dataclass(frozen=True, slots=True, eq=False)
class ParameterType:
    """One type. *expected* ends the sentence "expected ..."; *measure* gives what bounds are compared by.

    *schema* is the type in JSON Schema, as near as that language comes.
    """

    name: str
    expected: str
    accepts: Callable[[Any], bool]
    schema: Mapping[str, Any] = field(repr=False)
    measure: Callable[[Any], Any] | None = None
    parse: Callable[[Any], Any] | None = None

    def wants(self, value: Any) -> str:
        """What is expected instead of *value*: more exact than *expected* where there is more to say."""
        if self.parse is not None and isinstance(value, str | int | float):
            try:
                self.parse(value)
            except UnitError as fault:
                return str(fault)
        return self.expected


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _plain(
    name: str,
    expected: str,
    accepts: Callable[[Any], bool],
    json_type: str,
    measure: Callable[[Any], Any] | None = None,
) -> ParameterType:
    return ParameterType(name, expected, accepts, {"type": json_type}, measure)


def _parsed(
    name: str,
    parse: Callable[[Any], Any],
    kinds: tuple[type, ...],
    schema: Mapping[str, Any],
    *,
    measured: bool = False,
) -> ParameterType:
    """A type for what *parse* takes of *kinds*; with *measured*, bounds compare what it gives."""

    def accepts(value: Any) -> bool:
        if type(value) not in kinds:
            return False
        try:
            parse(value)
        except UnitError:
            return False
        return True

    return ParameterType(name, _expected(parse), accepts, schema, parse if measured else None, parse)


def _expected(parse: Callable[[Any], Any]) -> str:
    """What *parse* expects: what it says of nothing at all."""
    try:
        parse(None)
    except UnitError as fault:
        return str(fault)
    raise AssertionError("no type takes null")


def _hostname(value: Any) -> str:
    if is_hostname(value):
        return str(value)
    raise UnitError("a host name such as berlin-01.edge.example.com")


def _name(value: Any) -> str:
    if is_label(value):
        return str(value)
    raise UnitError("a name of lower-case letters, digits and inner dashes, at most 63 characters")


_SECRET_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")


def _secret_ref(value: Any) -> str:
    if isinstance(value, str):
        name, _, key = value.partition("/")
        if is_hostname(name) and _SECRET_KEY.fullmatch(key):
            return value
    raise UnitError("a secret and a key in it, such as mes/token")


def _relative(check: Callable[[object], str]) -> Callable[[Any], str]:
    """The check for a topic below the mount point of a tenant: it begins neither with / nor with $."""

    def relative(value: Any) -> str:
        if isinstance(value, str) and value.startswith(("/", "$")):
            raise UnitError("a topic relative to the tenant, without / or $ in front, such as press/mean")
        return check(value)

    return relative


def _text(pattern: re.Pattern[str] | str) -> dict[str, Any]:
    source = pattern if isinstance(pattern, str) else pattern.pattern
    return {"type": "string", "pattern": f"^(?:{ecma(source)})$"}


def ecma(source: str) -> str:
    """A Python pattern as JSON Schema's dialect (ECMA 262) writes it."""
    return re.sub(r"\(\?P<[A-Za-z]+>", "(", source).replace("\\Z", "$")


_QUANTITY = {"type": ["string", "number"], "minimum": 0, "pattern": _text(units.QUANTITY)["pattern"]}
_SIZE = {"type": ["string", "integer"], "minimum": 0, "pattern": _text(units.SIZE)["pattern"]}
_TOPIC = r"[^\x00#+/$][^\x00#+]*"
_FILTER = r"[^\x00/$][^\x00]*"
_IMAGE = r"[A-Za-z0-9][A-Za-z0-9._/:\[\]-]*(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})"

_ALL = (
    _plain("string", "text", lambda value: isinstance(value, str), "string"),
    _plain("integer", "a whole number", _is_integer, "integer", lambda value: value),
    _plain("float", "a number", _is_number, "number", lambda value: value),
    _plain("number", "a number", _is_number, "number", lambda value: value),
    _plain("boolean", "true or false", lambda value: isinstance(value, bool), "boolean"),
    _plain("list", "a list", lambda value: isinstance(value, list), "array"),
    _plain("dict", "a mapping", lambda value: isinstance(value, Mapping), "object"),
    _parsed("quantity", units.quantity, (str, int, float), _QUANTITY, measured=True),
    _parsed("duration", units.duration, (str,), _text(units.DURATION), measured=True),
    _parsed("size", units.size, (str, int), _SIZE, measured=True),
    _parsed("rate", units.rate, (str,), _text(units.RATE), measured=True),
    _parsed("percentage", units.percentage, (str,), _text(units.PERCENTAGE), measured=True),
    _parsed("port", units.port, (int,), {"type": "integer", "minimum": 1, "maximum": 65535}, measured=True),
    _parsed("cidr", units.cidr, (str,), _text(r"[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}")),
    _parsed("hostname", _hostname, (str,), _text(HOSTNAME)),
    _parsed("name", _name, (str,), _text(LABEL)),
    _parsed("topic", _relative(topic), (str,), _text(_TOPIC)),
    _parsed("topicFilter", _relative(topic_filter), (str,), _text(_FILTER)),
    _parsed("image", image, (str,), _text(_IMAGE)),
    _parsed("secretRef", _secret_ref, (str,), _text(r"[a-z0-9][-.a-z0-9]*/[-._A-Za-z0-9]+")),
)

TYPES: Mapping[str, ParameterType] = MappingProxyType({kind.name: kind for kind in _ALL})


def types_of(rule: Mapping[str, Any]) -> tuple[ParameterType, ...]:
    """The types a rule allows, in the order it names them; none where it names none."""
    named = rule.get("type", ())
    return tuple(TYPES[name] for name in ([named] if isinstance(named, str) else named))


def below(rule: Mapping[str, Any], one: Any, other: Any) -> bool:
    """Whether *one* is less than *other* by the measure of the rule's type, if they can be compared."""
    try:
        return bool(_measured(rule, one) < _measured(rule, other))
    except TypeError:
        return False


def _measured(rule: Mapping[str, Any], value: Any) -> Any:
    """What bounds compare *value* by: seconds for a duration, bytes for a size, itself for a number."""
    for kind in types_of(rule):
        if kind.accepts(value):
            return kind.measure(value) if kind.measure else value
    return value


LONGEST_MATCHED = 1024
"""Longer texts never match a pattern: what a pattern costs may grow with the text faster than its length."""


def fits(pattern: str, text: str) -> bool:
    """Whether the whole of *text* matches, and is short enough to be tried."""
    return len(text) <= LONGEST_MATCHED and re.fullmatch(pattern, text) is not None
