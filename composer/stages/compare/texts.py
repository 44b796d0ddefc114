"""Two texts line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from composer.stages.compare.change import Hunk

_CONTEXT = 2
_TOO_LONG = 5_000
"""Lines. Longer texts are one difference: the shortest one takes the square of it to find."""

_NO_END = "(no line break at the end)"


def hunks_of(old: str, new: str) -> tuple[Hunk, ...]:
    """Where two texts differ, with two lines around each place."""
    ends_alike = old.endswith("\n") == new.endswith("\n")
    before, after = (_lines(text, ends_alike=ends_alike) for text in (old, new))
    return tuple(_hunk(before, after, codes) for codes in _places(before, after))


_Code = tuple[str, int, int, int, int]


def _places(before: Sequence[str], after: Sequence[str]) -> list[list[_Code]]:
    if max(len(before), len(after)) > _TOO_LONG:
        return [[("replace", 0, len(before), 0, len(after))]]
    return [list(codes) for codes in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT)]


def _hunk(before: Sequence[str], after: Sequence[str], codes: Sequence[_Code]) -> Hunk:
    lines = (line for code in codes for line in _signed(before, after, code))
    return Hunk(codes[0][1] + 1, tuple(lines))


def _signed(before: Sequence[str], after: Sequence[str], code: _Code) -> Iterator[str]:
    tag, from_, to, start, end = code
    if tag == "equal":
        yield from (f" {line}" for line in before[from_:to])
    else:
        yield from (f"-{line}" for line in before[from_:to])
        yield from (f"+{line}" for line in after[start:end])


def _lines(text: str, *, ends_alike: bool) -> list[str]:
    """The lines of a text; where only one of two ends in a line break, the other says that it does not."""
    lines = text.split("\n")
    if not lines[-1]:
        return lines[:-1]
    return lines if ends_alike else [*lines, _NO_END]
