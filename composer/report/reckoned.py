"""How rows of `composer capacity` came about, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from composer.model.explanation import Reckoned
from composer.report.capacity import shown
from composer.report.visible import visible

MOST = 80
"""Lines shown of one sum."""


def text(rows: Sequence[Reckoned]) -> str:
    """A block for each row: what is needed and why, what is given and by what."""
    return "\n".join("".join(f"{line}\n" for line in _lines(row)) for row in rows)


def _lines(row: Reckoned) -> Iterator[str]:
    need = row.need
    if not need.by:
        yield f"{need.label}: {shown(need.needed, need.unit)}"
        yield from (f"    {visible(line)}" for line in row.needed[:MOST])
        return
    yield f"{need.label}: {shown(need.needed, need.unit)} needed, {shown(need.given, need.unit)} given by {need.by}"
    for title, lines in (("needed", row.needed), ("given", row.given)):
        yield f"  {title}"
        yield from (f"    {visible(line)}" for line in lines[:MOST])
        if len(lines) > MOST:
            yield f"    ... and {len(lines) - MOST} more"
