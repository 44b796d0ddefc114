"""The same change at many sites, shown once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from composer.stages.compare.change import Action, Change, SiteDiff


@dataclass(frozen=True, eq=False)
class GroupedChange:
    """A change and the sites it happens at, in name order.

    Changed objects are grouped where the same fields go from the same to the same value; added and removed
    ones by identity, since their content differs from site to site anyway.
    """

    change: Change
    sites: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What publishing a number of sites would change.

    *sites* counts those looked at, *changed* names those whose files differ, *bookkeeping* those of them
    where no object does.
    """

    sites: int
    changed: tuple[str, ...]
    bookkeeping: tuple[str, ...]
    groups: tuple[GroupedChange, ...]

    def count(self, action: Action) -> int:
        """The number of distinct changes of this kind."""
        return sum(group.change.action is action for group in self.groups)


def group(diffs: Iterable[SiteDiff], unchanged: int = 0) -> Comparison:
    """The comparison of many sites; *unchanged* counts further ones whose files do not differ.

    Of each distinct change, only the first is kept, and of the sites their names.
    """
    found: dict[str, tuple[Change, list[str]]] = {}
    changed: list[str] = []
    bookkeeping: list[str] = []
    for diff in diffs:
        changed.append(diff.site)
        if not diff.changes:
            bookkeeping.append(diff.site)
        for change in diff.changes:
            found.setdefault(_key(change), (change, []))[1].append(diff.site)
    ordered = sorted(found.items(), key=lambda entry: (-len(entry[1][1]), entry[1][0].identity, entry[0]))
    groups = tuple(GroupedChange(change, tuple(sorted(sites))) for _, (change, sites) in ordered)
    return Comparison(len(changed) + unchanged, tuple(sorted(changed)), tuple(sorted(bookkeeping)), groups)


def _key(change: Change) -> str:
    """Equal for changes that are the same thing to whoever reads them."""
    fields: list[Any] = [[f.action, f.steps, f.old, f.new] for f in change.fields]
    dangers = [[danger.risk, danger.message, danger.field] for danger in change.dangers]
    return json.dumps([change.action, change.identity, fields, dangers], sort_keys=True, default=str)
