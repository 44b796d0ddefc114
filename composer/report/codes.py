"""The page of diagnostics, the single source for what each code means."""

from __future__ import annotations

import re
from functools import cache

from composer.source.packaged import packaged

_HEADING = re.compile(r"^## ([A-Z]\d{3}) - (.+)$", re.MULTILINE)


def explain_code(code: str) -> str | None:
    """The section of the page about *code*, with its heading, or None for a code that does not exist."""
    return _sections().get(code)


def all_codes() -> list[str]:
    """Every code of the page, in its order."""
    return list(_sections())


def title_of(code: str) -> str | None:
    """The short title of *code*, or None for a code that does not exist."""
    section = explain_code(code)
    match = _HEADING.match(section) if section else None
    return match[2] if match else None


@cache
def _sections() -> dict[str, str]:
    page = packaged("diagnostics.md").read_text(encoding="utf-8")
    starts = list(_HEADING.finditer(page))
    ends = [*(start.start() for start in starts[1:]), len(page)]
    return {start[1]: page[start.start() : end].strip() for start, end in zip(starts, ends, strict=True)}
