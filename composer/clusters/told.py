"""What a cluster tells of an object that delivers a branch, whichever engine it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_COMMIT = re.compile(r"(?:\A|[:/])([0-9a-f]{40})\Z")


@dataclass(frozen=True, slots=True)
class Told:
    """*revision* is what was applied (or fetched), "" where nothing was yet; *failure* why the last try did not succeed.

    *suspended* tells that nothing new is applied until somebody says so, *drifted* that objects were changed since. *note* is
    what there is to say besides.
    """

    revision: str = ""
    failure: str = ""
    suspended: bool = False
    drifted: bool = False
    note: str = ""

    @property
    def commit(self) -> str:
        """The commit in the revision ("site/a@sha1:0123...", or the id alone); "" where it names none."""
        found = _COMMIT.search(self.revision)
        return found[1] if found else ""


def part(data: Any, *keys: str) -> Any:
    """What lies at these keys of data that somebody else wrote; None where nothing does."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def text(data: Any, *keys: str) -> str:
    """The text at these keys, "" where there is none."""
    found = part(data, *keys)
    return found if isinstance(found, str) else ""
