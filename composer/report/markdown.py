"""Values in Markdown: as code, which no value can leave, and in which nobody is mentioned and nothing is a link."""

from __future__ import annotations

import re
from collections.abc import Iterable

from composer.report.visible import inert, visible

_TICKS = re.compile(r"`+")
_MOST = 200
"""Characters of a value within a sentence."""


def code(text: str) -> str:
    """The text on one line as inline code. Long ones are cut, and say so."""
    shown = visible(text)
    shown = shown if len(shown) <= _MOST else f"{shown[:_MOST]}…"
    ticks = "`" * (_longest_run(shown) + 1)
    # Markdown takes one space off both ends, and would take backticks there for its own.
    pad = " " if not shown.strip() or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown or '(empty)'}{pad}{ticks}"


def fenced(lines: Iterable[str], language: str = "diff") -> str:
    """The lines as a block of code, which ends in a line break. Each line is made harmless, and stays one line."""
    shown = [inert(visible(line)) for line in lines]
    fence = "`" * max(3, *(_longest_run(line) + 1 for line in shown), 3)
    return "\n".join([f"{fence}{language}", *shown, fence]) + "\n"


def _longest_run(text: str) -> int:
    """Backticks in a row."""
    return max(map(len, _TICKS.findall(text)), default=0)
