"""An explanation as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from composer.model.explanation import Explanation, Input, Said
from composer.model.wording import count
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
        blocks.append(f"... and {count(more, 'more value')}; name a field to see {'it' if more == 1 else 'them'}")
    return "\n\n".join(blocks) + "\n"


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.object} {explanation.field} = {_shown(explanation.value)}"
    yield f"  placed by {explanation.template}  (component {explanation.component})"
    if not explanation.expression:
        yield "  the template states this value"
        return
    yield f"  expression {visible(explanation.expression)}"
    told: set[tuple[str, ...]] = set()
    for reads in _with_one_cause(explanation.inputs):
        yield from map(_read, reads)
        yield from _cause(reads[0], told)


def _with_one_cause(inputs: Sequence[Input]) -> Iterable[Sequence[Input]]:
    """The inputs, those together that follow from the same: a long text reads much that the same lines are behind."""
    together: dict[object, list[Input]] = {}
    for number, read in enumerate(inputs):
        together.setdefault(number if read.said else read.derived, []).append(read)
    return together.values()


def _read(read: Input) -> str:
    line = f"  at {read.line.file}:{read.line.line}" if read.line else ""
    value = ", which is not there" if read.missing else f" = {_shown(read.value)}"
    return f"  read {read.path}{value}{line}"


def _cause(read: Input, told: set[tuple[str, ...]]) -> Iterator[str]:
    """What a value follows from; of that, what stands above already is only counted, and added to *told* otherwise."""
    *overridden, last = read.said or (None,)
    if last is not None:
        yield f"    {'removed' if last.removed else 'set'} by {_source(last)}"
    for said in reversed(overridden):
        if said is not None:
            what = "removed" if said.removed else _shown(said.value)
            yield f"    overrides {what} of {_source(said)}"
    reasons = list(_reasons(read.derived))
    new = [reason for reason in reasons if reason not in told]
    lines = [visible(line) for reason in new for line in reason]
    most = MOST_STEPS if read.path.startswith("sizing") else MOST
    yield from (f"    {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"    ... and {len(lines) - most:,} more"
    else:
        told.update(new)
    if len(new) < len(reasons):
        yield f"    ... {'and ' if new else ''}{len(reasons) - len(new):,} told above"


def _reasons(derived: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The reasons, each with the indented lines that belong to it."""
    lines: list[str] = []
    for line in derived:
        if lines and not line.startswith(" "):
            yield tuple(lines)
            lines = []
        lines.append(line)
    if lines:
        yield tuple(lines)


def _source(said: Said) -> str:
    return f"{said.layer}, {said.place}"


def _shown(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return visible(written if len(written) <= WIDEST else f"{written[: WIDEST - 3]}...")
