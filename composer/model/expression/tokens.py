"""The words of an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LONGEST = 2000
"""Characters of an expression. Longer ones belong into a function."""

Kind = Literal["number", "text", "name", "quoted", "operator", "end"]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z0-9_.]))
      | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<quoted>`[^`\n]*`)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<operator>==|!=|<=|>=|&&|\|\||[-+*/%<>!().,])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


class ExpressionError(ValueError):
    """What is wrong with an expression. *offset* is the character, counted from 0, where that shows."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Token:
    """A word at a place. The text of a text is without its quotes and escapes."""

    kind: Kind
    text: str
    offset: int


def tokens(text: str) -> Iterator[Token]:
    """The words of *text*, with one of kind "end" behind them. Raises ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression has more than {LONGEST} characters", LONGEST)
    offset = 0
    while offset < len(text):
        found = _TOKEN.match(text, offset)
        if found is None:
            raise ExpressionError(_unreadable(text, offset), offset)
        word = found[0]
        match found.lastgroup:
            case "number" | "name" | "operator" as kind:
                yield Token(kind, word, offset)
            case "text":
                yield Token("text", _unescaped(word, offset), offset)
            case "quoted":
                yield Token("quoted", _field_name(word[1:-1], offset), offset)
        offset = found.end()
    yield Token("end", "", offset)


def _unreadable(text: str, offset: int) -> str:
    character = text[offset]
    if character in "\"'`":
        return f"the quote {character} is never closed"
    if character == "=":
        return "to compare, write =="
    if character in "&|":
        return "write `and` or `or`"
    if character.isdigit() or character == ".":
        return "this is no number; a field whose name begins with a digit is written in backquotes"
    return f"{character!r} means nothing in an expression"


def _unescaped(word: str, offset: int) -> str:
    def replace(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise ExpressionError(f"\\{found[1]} is no escape; write \\\\ for a backslash", offset + found.start() + 1)
        return _ESCAPES[found[1]]

    return re.sub(r"\\(.)", replace, word[1:-1])


def _field_name(name: str, offset: int) -> str:
    if not name or not name.isprintable():
        raise ExpressionError("a field's name is neither empty nor has control characters", offset)
    return name
