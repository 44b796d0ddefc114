"""Plain objects as canonical YAML text, which every YAML reader takes for the same values.

Readers disagree about unquoted text: in YAML 1.1 `no`, `12:30` and `2024-01-01` are a boolean, a number and
a date, in 1.2 `0o7` is a number, Go's readers mix both. So a string stands without quotes only where all
agree it is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

_SHORT = 96
"""Letters of the strings whose spelling is remembered: names, quantities and images come again and again."""

_LONGEST_KEY = 160
"""Letters of a key written the usual way. Readers look for its colon in the next 1,024; an escape takes up
to six.
"""

_PLAIN = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null|nan|inf)\Z)"  # a boolean, null or number to some reader
    r"(?:[a-z_/]|[0-9]+(?=\S*[g-mq-su-wy/@%]))"  # digits need a letter that stands in no number and no date
    r"(?:[a-z0-9_./@%+$()=~^;-]|[,:](?=[a-z0-9_./-])| (?=[a-z0-9_./@%+$()=~^;-]))*",
    re.IGNORECASE | re.ASCII,
)

_UNSEEN = "\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\U000e0000-\U000e0fff"
"""Characters that readers refuse or change, or that nobody sees who reviews the text."""

_ESCAPED = re.compile(f"[{_UNSEEN}]")
_NO_BLOCK = re.compile(f"^\\n*\t|[^\\S\n](?:\n|\\Z)|[\\x00-\\x08\\x0b-\\x1f{_UNSEEN}]")
"""What keeps a text from being a literal block: a tab where it would seem to indent, space at the end of a
line, characters to escape."""

_LINE_START = re.compile(r"^(?=[^\n])", re.MULTILINE)

_FIRST_AT_ROOT = ("apiVersion", "kind", "metadata")
_FIRST_IN_METADATA = ("name", "namespace", "labels", "annotations")


def to_yaml(value: Any) -> str:
    """The canonical text of plain data: keys in a fixed order, one spelling for each value, a line break at
    the end.

    At the root apiVersion, kind and metadata come first, in metadata name, namespace, labels and annotations;
    all other keys stand in the order of the alphabet. Raises TypeError for a value or key that is not plain
    data, and ValueError for text that UTF-8 cannot hold.
    """
    out: list[str] = []
    if isinstance(value, dict) and value:
        _mapping(out, value, "", "", _FIRST_AT_ROOT)
    elif isinstance(value, list | tuple) and value:
        _sequence(out, value, "", "")
    else:
        out.append(f"{_line(str(value)) if isinstance(value, str) else _atom(value)}\n")
    return "".join(out)


def _mapping(out: list[str], mapping: dict[str, Any], lead: str, pad: str, first: tuple[str, ...] = ()) -> None:
    """Writes one entry a line, the first after *lead* and the others after *pad*."""
    for key in _ordered(mapping, first) if first else sorted(mapping):
        value = mapping[key]
        head = lead + (_short_key(key) if len(key) <= _LONGEST_KEY else _long_key(key, pad))
        lead = pad
        kind = type(value)
        if kind is str:
            out.append(f"{head} {(len(value) <= _SHORT and _short_line(value)) or _text(value, pad)}\n")
        elif kind is dict and value:
            out.append(f"{head}\n")
            deeper = pad + "  "
            _mapping(out, value, deeper, deeper, _FIRST_IN_METADATA if key == "metadata" else ())
        elif kind is list and value:
            out.append(f"{head}\n")
            _sequence(out, value, pad, pad)
        elif kind is tuple and value:
            out.append(f"{head}\n")
            _sequence(out, list(value), pad, pad)
        else:
            out.append(f"{head} {_leaf(value, pad)}\n")


def _sequence(out: list[str], items: list[Any] | tuple[Any, ...], lead: str, pad: str) -> None:
    """Writes one item a line, the first after *lead* and the others after *pad*."""
    deeper = pad + "  "
    for item in items:
        head = f"{lead}- "
        lead = pad
        kind = type(item)
        if kind is dict and item:
            _mapping(out, item, head, deeper)
        elif kind is str:
            out.append(f"{head}{(len(item) <= _SHORT and _short_line(item)) or _text(item, pad)}\n")
        elif kind in (list, tuple) and item:
            _sequence(out, item, head, deeper)
        else:
            out.append(f"{head}{_leaf(item, pad)}\n")


def _ordered(mapping: dict[str, Any], first: tuple[str, ...]) -> list[str]:
    return [key for key in first if key in mapping] + [key for key in sorted(mapping) if key not in first]


@lru_cache(maxsize=8192)
def _short_key(key: str) -> str:
    return f"{_line(key)}:"


def _long_key(key: str, pad: str) -> str:
    return f"? {_line(key)}\n{pad}:"


@lru_cache(maxsize=16384)
def _short_line(text: str) -> str:
    """The spelling of a short string, or "" where it has several lines."""
    return "" if "\n" in text else _line(text)


def _text(text: str, pad: str) -> str:
    """A string as value of an entry or item whose line begins with *pad*."""
    return _block(text, pad) if "\n" in text else _line(text)


def _line(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    text.encode()  # a lone surrogate is no text, and an escape would only hide it until a reader stumbles
    return _ESCAPED.sub(_escape, encode_basestring(text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _block(text: str, pad: str) -> str:
    """A text of several lines as a literal block, or in quotes where a block would not keep every
    character.
    """
    if _NO_BLOCK.search(text) or not text.strip("\n"):
        return _quoted(text)
    text.encode()
    indentation = "2" if text[0] in " \n" else ""
    end = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    body = _LINE_START.sub(f"{pad}  ", text if end == "-" else text[:-1])
    return f"|{indentation}{end}\n{body}"


def _leaf(value: Any, pad: str) -> str:
    return _text(str(value), pad) if isinstance(value, str) else _atom(value)


def _atom(value: Any) -> str:
    try:
        write = _ATOMS[type(value)]
    except KeyError:
        raise TypeError(f"{type(value).__name__} is not plain data") from None
    return write(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")  # YAML 1.1 takes 1e+16 for a string


_ATOMS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _float,
    type(None): lambda _: "null",
    dict: lambda _: "{}",
    list: lambda _: "[]",
    tuple: lambda _: "[]",
}
