"""The same change at many sites, shown once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from composer.stages.compare.change import Action, Change, FieldChange, Hunk, Identity, SiteDiff

SITE = "{site}"
"""Stands for the name of each site, in a change that is the same at several but for that."""


@dataclass(frozen=True, eq=False)
class GroupedChange:
    """A change and the sites it happens at, in name order. With *templated*, SITE stands in it for their names.

    Changed objects are grouped where the same fields and lines go from the same to the same value; added and
    removed ones by identity, since their content differs from site to site anyway.
    """

    change: Change
    sites: tuple[str, ...]
    templated: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """What publishing a number of sites would change.

    *sites* counts those looked at, *changed* names those whose files differ, *bookkeeping* those of them
    where no object does, *gone* those that were there before and are no longer.
    """

    sites: int
    changed: tuple[str, ...]
    bookkeeping: tuple[str, ...]
    groups: tuple[GroupedChange, ...]
    gone: tuple[str, ...] = ()

    def count(self, action: Action) -> int:
        """The number of distinct changes of this kind."""
        return sum(group.change.action is action for group in self.groups)


def group(diffs: Iterable[SiteDiff], unchanged: int = 0, gone: Iterable[str] = ()) -> Comparison:
    """The comparison of many sites; *unchanged* counts further ones whose files do not differ, *gone* are those no longer there.

    Sites are taken one after the other and not kept, only their names and each distinct change.
    """
    found: _Found = {}
    changed: list[str] = []
    bookkeeping: list[str] = []
    for diff in diffs:
        changed.append(diff.site)
        if not diff.changes:
            bookkeeping.append(diff.site)
        for change in diff.changes:
            found.setdefault(_key(change), (change, []))[1].append(diff.site)
    shared = (GroupedChange(change, tuple(sorted(sites))) for change, sites in found.values() if len(sites) > 1)
    alone = ((change, sites[0]) for change, sites in found.values() if len(sites) == 1)
    groups = tuple(sorted([*shared, *_alike(alone)], key=_order))
    count = len(changed) + unchanged
    return Comparison(count, tuple(sorted(changed)), tuple(sorted(bookkeeping)), groups, tuple(sorted(gone)))


_Found = dict[bytes, tuple[Change, list[str]]]
"""Distinct changes with the sites they happen at."""


def _alike(changes: Iterable[tuple[Change, str]]) -> Iterator[GroupedChange]:
    """Changes of one site each, those together that are the same but for the site's name."""
    found: dict[bytes, list[tuple[Change, str]]] = {}
    for change, site in changes:
        found.setdefault(_key(_template(change, site)), []).append((change, site))
    for members in found.values():
        change, site = members[0]
        if len(members) == 1:
            yield GroupedChange(change, (site,))
        else:
            yield GroupedChange(_template(change, site), tuple(sorted(s for _, s in members)), templated=True)


def _order(group: GroupedChange) -> tuple[int, Identity, tuple[str, ...]]:
    """Those at most sites first, then by identity."""
    return -len(group.sites), group.change.identity, group.sites


def _template(change: Change, site: str) -> Change:
    """The change with SITE for the site's name, wherever that is a word of its own."""
    name = re.compile(rf"(?<![A-Za-z0-9]){re.escape(site)}(?![A-Za-z0-9])")
    fields = tuple(_without_name(field, name) for field in change.fields)
    return replace(change, identity=Identity(*(name.sub(SITE, part) for part in change.identity)), fields=fields)


def _without_name(field: FieldChange, name: re.Pattern[str]) -> FieldChange:
    hunks = tuple(Hunk(hunk.line, tuple(name.sub(SITE, line) for line in hunk.lines)) for hunk in field.hunks)
    steps = tuple(name.sub(SITE, step) if isinstance(step, str) else step for step in field.steps)
    return replace(field, steps=steps, old=_sub(field.old, name), new=_sub(field.new, name), hunks=hunks)


def _sub(value: Any, name: re.Pattern[str]) -> Any:
    """The value with SITE for the name in all its texts."""
    if isinstance(value, str):
        return name.sub(SITE, value)
    if isinstance(value, list):
        return [_sub(item, name) for item in value]
    if isinstance(value, dict):
        return {_sub(key, name): _sub(item, name) for key, item in value.items()}
    return value


def _key(change: Change) -> bytes:
    """Equal for changes that are the same thing to whoever reads them, wherever in a text they stand."""
    fields: list[Any] = [[f.action, f.steps, f.old, f.new, _altered(f)] for f in change.fields]
    risks = [[danger.risk, danger.message] for danger in change.dangers]
    text = json.dumps([change.action, change.identity, change.tenant, fields, risks], sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).digest()


def _altered(field: FieldChange) -> list[str]:
    return [line for hunk in field.hunks for line in hunk.lines if not line.startswith(" ")]
