"""An explanation as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from composer.model.explanation import Explanation, Input, Said
from composer.report.visible import visible

WIDEST = 120
MOST = 12
"""Leaves shown of one question; a whole object has hundreds."""

MOST_STEPS = 80
"""Lines shown of a calculation, which is no table and means little without its end."""


def text(explanations: Sequence[Explanation]) -> str:
    """The explanations for people, one block each."""
    blocks = ["\n".join(_lines(explanation)) for explanation in explanations[:MOST]]
    more = len(explanations) - MOST
    if more > 0:
        blocks.append(f"... and {more} more values; name a field to see them")
    return "\n\n".join(blocks) + "\n"


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.object} {explanation.field} = {_shown(explanation.value)}"
    yield f"  placed by {explanation.template}  (component {explanation.component})"
    if not explanation.expression:
        yield "  the template states this value"
        return
    yield f"  expression {visible(explanation.expression)}"
    for read in explanation.inputs:
        yield from _input(read)


def _input(read: Input) -> Iterator[str]:
    line = f"  at {read.line.file}:{read.line.line}" if read.line else ""
    value = ", which is not there" if read.missing else f" = {_shown(read.value)}"
    yield f"  read {read.path}{value}{line}"
    *overridden, last = read.said or (None,)
    if last is not None:
        yield f"    {'removed' if last.removed else 'set'} by {_source(last)}"
    for said in reversed(overridden):
        if said is not None:
            what = "removed" if said.removed else _shown(said.value)
            yield f"    overrides {what} of {_source(said)}"
    most = MOST_STEPS if read.path.startswith("sizing") else MOST
    for reason in read.derived[:most]:
        yield f"    {visible(reason)}"
    if len(read.derived) > most:
        yield f"    ... and {len(read.derived) - most} more"


def _source(said: Said) -> str:
    return f"{said.layer}, {said.place}"


def _shown(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return visible(written if len(written) <= WIDEST else f"{written[: WIDEST - 3]}...")
