"""Quoting filters: each makes a value safe in one target language, so that it arrives there unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from json import JSONEncoder
from typing import Any

from composer.emit import to_yaml
from composer.stages.render.filters.quoted import Quoted
from composer.stages.render.filters.strings import string
from composer.stages.render.limits import capped_text
from composer.stages.render.refusal import Refused, kind_of
from composer.stages.render.values import plain

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TO_ESCAPE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON takes as it is, and readers of YAML and TOML do not."""

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_BARE_TOML_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_HAPROXY = re.compile(r"[A-Za-z0-9_./:@*-]+")


def json(value: Any) -> Quoted:
    """Compact JSON."""
    return Quoted(capped_text(_compact(plain(value))))


def yaml(value: Any) -> Quoted:
    """Canonical YAML text without the line break at its end.

    A value with line breaks of its own is written as JSON, which is YAML too and may be moved to the right.
    """
    made = plain(value)
    compact = _compact(made)
    return Quoted(capped_text(compact if "\\n" in compact else to_yaml(made).removesuffix("\n")))


def toml(value: Any) -> Quoted:
    """A TOML value on one line, with `$` written as its escape: some programs look for variables in TOML."""
    return Quoted(capped_text(_toml(plain(value))))


def mosquitto(value: Any) -> Quoted:
    """A value for mosquitto.conf or an access list, where it reaches to the end of its line."""
    made = string(value)
    if _CONTROL.search(made):
        raise Refused("T016", f"mosquitto cannot take {made!r}: it holds a line break or a control character")
    if made != made.strip() or not made:
        raise Refused("T016", f"mosquitto cannot take {made!r}: it would lose blanks at the ends, or is empty")
    return Quoted(made)


def haproxy(value: Any) -> Quoted:
    """One word of a line of HAProxy's configuration: as it is where no character means anything there, else between quotes."""
    made = string(value)
    if _CONTROL.search(made):
        raise Refused("T016", f"HAProxy cannot take {made!r}: it holds a line break or a control character")
    if not made:
        raise Refused("T016", "HAProxy cannot take an empty word: it would take it for the end of the line")
    return Quoted(made if _BARE_HAPROXY.fullmatch(made) else "'" + made.replace("'", "'\\''") + "'")


def bento(value: Any) -> Quoted:
    """A JSON value for a Bento configuration, with `${` written so that it is no variable."""
    made = _compact(plain(value))
    if "${!" in made:
        raise Refused("T016", f"Bento would run the interpolation in {made}")
    return Quoted(capped_text(made.replace("${", "\\u0024{")))


def bloblang(value: Any) -> Quoted:
    """An expression of a stream's steps in Bloblang, Bento's language."""
    from composer.model.expression import ExpressionError, to_bloblang  # noqa: PLC0415 - only streams need it

    try:
        return Quoted(capped_text(to_bloblang(string(value))))
    except ExpressionError as wrong:
        raise Refused("T016", f"{value!r} is not an expression: {wrong}") from wrong


def _compact(value: Any) -> str:
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", _encode(value))


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(key)} = {_toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return _toml_string(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Refused("T016", f"TOML has no integer of the size of {value}")
    if isinstance(value, bool | int | float):
        return _compact(value)
    raise Refused("T016", f"TOML has no {kind_of(value)}")


def _toml_key(key: str) -> str:
    return key if _BARE_TOML_KEY.fullmatch(key) else _toml_string(key)


def _toml_string(value: str) -> str:
    return _compact(value).replace("$", "\\u0024")


FILTERS: dict[str, Callable[..., Quoted]] = {
    "json": json,
    "yaml": yaml,
    "toml": toml,
    "mosquitto": mosquitto,
    "haproxy": haproxy,
    "bento": bento,
    "bloblang": bloblang,
}
