"""The topic somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import islice

WILD = ("+", "#")
MOST = 1000
"""Topics that one is compared with; a gateway may have thousands."""
ALIKE = 0.6
"""Share of characters that two spellings of one level have in common, at least."""


def nearest(topic: str, known: Iterable[str]) -> str:
    """The one of *known* that differs from *topic* in the spelling of a level or two, or ""."""
    wanted = topic.split("/")
    scored = [(_alike(wanted, each.split("/")), each) for each in islice(dict.fromkeys(known), MOST) if each != topic]
    best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return best[1] if best[0] > 0 else ""


def _alike(wanted: list[str], found: list[str]) -> float:
    """How alike topics of as many levels are, from 0 (one of the levels is another word) to 1."""
    if len(wanted) != len(found):
        return 0
    worst = 1.0
    total = 0.0
    for one, other in zip(wanted, found, strict=True):
        likeness = 1.0 if one == other or _any(one, other) else SequenceMatcher(None, one, other).ratio()
        worst, total = min(worst, likeness), total + likeness
    return total / len(wanted) if worst >= ALIKE else 0


def _any(one: str, other: str) -> bool:
    return one in WILD or other in WILD or "{" in one or "{" in other
