"""Places in YAML text, and what is wrong with text that is not YAML, in words that help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.source.events import Mark, SyntaxProblem

SHOWN = 240
"""Characters of a line that a place shows; there are JSON files of one line."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_EXPRESSION = re.compile(r"^\s*(?:- )*(?:[^\s\"'#]+\s*:\s+)?(?:- )*\{\{")

_HINTS = (
    ("'\\t'", "tabs cannot separate or indent; use spaces"),
    ("tab character", "tabs cannot separate or indent; use spaces"),
    ("mapping values are not allowed", "quote the value if the ': ' belongs to it, or check the indentation"),
    ("found unexpected end of stream", "is a closing quote missing?"),
    (
        "expected alphabetic or numeric character",
        "quote a value that begins with * or &: by themselves they name other values",
    ),
    ("cannot start any token", "a value that starts with this character has to stand in quotes"),
    ("found unexpected ':'", "leave a space after the colon, or quote the text if the colon belongs to it"),
    ("could not find expected ':'", "is a ':' missing after the key, or a quote around the value?"),
    ("expected ',' or", "is a comma, bracket or quote missing?"),
    ("did not find expected key", "check the indentation: keys of one mapping start in one column"),
    ("expected <block end>", "check the indentation: keys of one mapping start in one column"),
    ("'-' indicator", "check the indentation: items of one list start in one column"),
)
"""Part of the parser's message -> what to look for, the first that fits."""


DEPTH_LIMIT = 100
"""Levels of mappings and lists. The deepest custom resource schemas have about 40."""

TOO_DEEP = f"more than {DEPTH_LIMIT} levels of mappings and lists"

_TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml says from 0.2.6 on, which looks ahead over a thousand brackets before it tells of the first."""


@dataclass(frozen=True)
class Source:
    """A text and the name of its file."""

    text: str
    file: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines as the parser counts them."""
        return _LINE_BREAK.split(self.text)

    def place(self, start: Mark, end: Mark | None = None, *, width: int = 1) -> Place:
        """The place from *start* to *end* or the end of its line; *width* characters where no end is given."""
        line = self.lines[start.line] if start.line < len(self.lines) else ""
        if end is not None:
            last = end.column if end.line == start.line else len(line)
            width = last - start.column
        return Place(self.file, start.line + 1, start.column + 1, line[:SHOWN], max(width, 1))


def explain(problem: SyntaxProblem, source: Source, innermost: Mark | None) -> Diagnostic:
    """What the parser stumbled over, where, and a hint where there is a usual cause.

    At the end of the file there is nothing to show: the place is then where the open quote or the *innermost*
    open collection began.
    """
    message = problem.problem or "not YAML"
    mark, began = problem.problem_mark, problem.context_mark
    if mark is None:
        return error("Y007", message, Place(source.file))
    if message == _TOO_DEEP:
        return error("Y017", TOO_DEEP, source.place(mark))
    hint = _hint(message, source, mark)
    if not source.text[mark.index :].strip():
        started = began if began is not None and began.index < mark.index else innermost
        return error("Y007", f"{message}, {problem.context}", source.place(started or mark), hint=hint)
    related = []
    if began is not None and began.line != mark.line:
        related.append(Related(problem.context or "it began here", source.place(began)))
    return error("Y007", message, source.place(mark), hint=hint, related=related)


def _hint(message: str, source: Source, mark: Mark) -> str:
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    if "\t" in line[: mark.column + 1] and "token" in message:
        return "tabs cannot separate or indent; use spaces"
    if _EXPRESSION.match(line):
        return 'put an expression in quotes: "{{ ... }}"'
    return next((hint for part, hint in _HINTS if part in message), "")


def refuse_invisible(source: Source) -> list[Diagnostic]:
    """One finding for the characters that no YAML file may have, at the first of them."""
    first = _INVISIBLE.search(source.text)
    if first is None:
        return []
    before = _LINE_BREAK.split(source.text[: first.start()])
    count = len(_INVISIBLE.findall(source.text))
    more = f", the first of {count:,}" if count > 1 else ""
    return [
        error(
            "Y006",
            f"control character U+{ord(first[0]):04X}{more}",
            Place(source.file, len(before), len(before[-1]) + 1, source.lines[len(before) - 1][:SHOWN]),
            hint=f'write it as an escape in double quotes: "\\u{ord(first[0]):04X}"',
        )
    ]
