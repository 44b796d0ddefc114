"""Versions and version ranges: "1.33", "1.4.2", ">=1.14 <2", "*"."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest

_CLAUSE = re.compile(r"(>=|<=|>|<|=)?\s*v?(\d+(?:\.\d+)*)")
_SIGN_OF = {"": (0,), "=": (0,), ">=": (0, 1), "<=": (0, -1), ">": (1,), "<": (-1,)}

Version = tuple[int, ...]


@lru_cache(maxsize=1024)
def version(text: str) -> Version:
    """The numbers of a dotted version; raises ValueError for anything else. A leading "v" is allowed."""
    return tuple(int(part) for part in text.removeprefix("v").split("."))


def compare(left: Version, right: Version, *, digits: int | None = None) -> int:
    """-1, 0 or 1, comparing number by number; missing numbers count as 0, and only *digits* numbers are looked at."""
    for a, b in list(zip_longest(left, right, fillvalue=0))[:digits]:
        if a != b:
            return -1 if a < b else 1
    return 0


@lru_cache(maxsize=4096)
def satisfies(text: str, wanted: str) -> bool:
    """Whether version *text* lies in the range *wanted*: clauses that must all hold, or "*".

    A clause without a sign compares only the numbers it names, so that "1.33" holds for 1.33.4.
    Raises ValueError for a range or version that cannot be read.
    """
    if wanted.strip() == "*":
        return True
    clauses = _CLAUSE.findall(wanted)
    if not clauses or _CLAUSE.sub("", wanted).strip(" ,"):
        raise ValueError(f"{wanted!r} is not a version range such as '>=1.14 <2'")
    found = version(text)
    for sign, bound in clauses:
        limit = version(bound)
        digits = len(limit) if sign in ("", "=") else None
        if compare(found, limit, digits=digits) not in _SIGN_OF[sign]:
            return False
    return True
