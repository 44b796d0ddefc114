"""Places in YAML text, and what is wrong with text that is not YAML, in words that help."""

from __future__ import annotations

import re

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.source.events import Mark, SyntaxProblem

SOURCE_LIMIT = 240
"""Characters of a line that a place shows; there are JSON files of one line."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_EXPRESSION = re.compile(r"^\s*(?:- )*(?:[^\s\"'#]+\s*:\s+)?(?:- )*\{\{")

_HINTS = (
    ("'\\t'", "tabs cannot separate or indent; use spaces"),
    ("tab character", "tabs cannot separate or indent; use spaces"),
    ("mapping values are not allowed", "quote the value if the ': ' belongs to it, or check the indentation"),
    ("found unexpected end of stream", "is a closing quote missing?"),
    ("cannot start any token", "a value that starts with this character has to stand in quotes"),
    ("found unexpected ':'", "leave a space after the colon, or quote the text if the colon belongs to it"),
    ("could not find expected ':'", "is a ':' missing after the key, or a quote around the value?"),
    ("expected ',' or", "is a comma, bracket or quote missing?"),
    ("did not find expected key", "check the indentation: keys of one mapping start in one column"),
    ("expected <block end>", "check the indentation: keys of one mapping start in one column"),
    ("'-' indicator", "check the indentation: items of one list start in one column"),
)
"""Part of the parser's message -> what to look for, the first that fits."""


def lines_of(text: str) -> list[str]:
    """The lines as the parser counts them."""
    return _LINE_BREAK.split(text)


def at(text: str, file: str, start: Mark, end: Mark | None = None, *, width: int = 1) -> Place:
    """The place from *start* to *end* or the end of its line; *width* characters where no end is given."""
    lines = lines_of(text)
    return place(lines, file, start, end, width=width)


def place(lines: list[str], file: str, start: Mark, end: Mark | None = None, *, width: int = 1) -> Place:
    """As `at`, for somebody who has many places to make from one text."""
    source = lines[start.line] if start.line < len(lines) else ""
    if end is not None:
        last = end.column if end.line == start.line else len(source)
        width = last - start.column
    return Place(file, start.line + 1, start.column + 1, source[:SOURCE_LIMIT], max(width, 1))


def explain(problem: SyntaxProblem, text: str, file: str, innermost: Mark | None) -> Diagnostic:
    """What the parser stumbled over, where, and a hint where there is a usual cause.

    At the end of the file there is nothing to show: the place is then where the open quote or the *innermost*
    open collection began.
    """
    message = problem.problem or "not YAML"
    mark, began = problem.problem_mark, problem.context_mark
    if mark is None:
        return error("Y007", message, Place(file))
    hint = _hint(message, text, mark)
    if not text[mark.index :].strip():
        started = began if began is not None and began.index < mark.index else innermost
        return error("Y007", f"{message}, {problem.context}", at(text, file, started or mark), hint=hint)
    related = []
    if began is not None and began.line != mark.line:
        related.append(Related(problem.context or "it began here", at(text, file, began)))
    return error("Y007", message, at(text, file, mark), hint=hint, related=related)


def _hint(message: str, text: str, mark: Mark) -> str:
    lines = lines_of(text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1] and "token" in message:
        return "tabs cannot separate or indent; use spaces"
    if _EXPRESSION.match(line):
        return 'put an expression in quotes: "{{ ... }}"'
    return next((hint for part, hint in _HINTS if part in message), "")


def refuse_invisible(text: str, file: str) -> list[Diagnostic]:
    """One finding for the characters that no YAML file may have, at the first of them."""
    first = _INVISIBLE.search(text)
    if first is None:
        return []
    lines = lines_of(text[: first.start()])
    source = lines_of(text[first.start() - len(lines[-1]) : first.start() + SOURCE_LIMIT])[0]
    count = len(_INVISIBLE.findall(text))
    more = f", the first of {count:,}" if count > 1 else ""
    return [
        error(
            "Y006",
            f"control character U+{ord(first[0]):04X}{more}",
            Place(file, len(lines), len(lines[-1]) + 1, source[:SOURCE_LIMIT]),
            hint=f'write it as an escape in double quotes: "\\u{ord(first[0]):04X}"',
        )
    ]
