"""What became of sites that were not published, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from composer.report.visible import visible

MOST = 40
"""Rows that are shown; all of them are findings too."""


class Row(NamedTuple):
    """A site, its branch, what became of it, and what helps."""

    site: str
    branch: str
    outcome: str
    next: str


HEAD = Row("SITE", "BRANCH", "OUTCOME", "WHAT HELPS")


def table(rows: Sequence[Row]) -> list[str]:
    """The lines of a table of the rows; beyond MOST they are counted."""
    shown = [HEAD, *(Row(*map(visible, row)) for row in rows[:MOST])]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]
    more = len(rows) - MOST
    return [*lines, f"... and {more:,} more"] if more > 0 else lines
