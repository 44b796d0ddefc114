"""A comparison for people: a summary, then each distinct change once, with the sites it happens at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from composer.emit import to_yaml
from composer.model.wording import count, first_few
from composer.report.visible import inert, visible
from composer.stages.compare import (
    HIDDEN,
    SITE,
    Action,
    Blast,
    Change,
    Comparison,
    FieldChange,
    GroupedChange,
    Hunk,
    Reach,
    blast_radius,
)

_SIGNS = {Action.ADDED: "+", Action.CHANGED: "~", Action.REMOVED: "-"}
_TENANTS = 10
_COLOURS = {"+": "32", "-": "31", "!": "33", "~": "36"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is shown: changes, fields of each, lines of a value, characters of a line, names of sites, and
    of objects that come or go together."""

    changes: int = 200
    fields: int = 40
    lines: int = 60
    width: int = 200
    sites: int = 5
    objects: int = 200


DEFAULT = Limits()


def human(comparison: Comparison, *, colour: bool = False, limits: Limits = DEFAULT) -> str:
    """The comparison as text. What is left out for length is counted where it would have stood."""
    blast = blast_radius(comparison)
    lines = [summary(comparison), *_reach(blast), *_look_twice(blast)]
    for group in comparison.groups[: limits.changes]:
        lines += ["", *_group(group, limits)]
    lines += cut(len(comparison.groups) - limits.changes, "more change", "", before=[""])
    if comparison.gone:
        lines += ["", no_longer(_sites(comparison.gone, limits), len(comparison.gone))]
    if comparison.bookkeeping:
        sites = _sites(comparison.bookkeeping, limits)
        lines += ["", f"{sites}: no object changes, only composer.lock.yaml or a kustomization.yaml"]
    harmless = map(inert, lines)
    return "".join(f"{_coloured(line) if colour else line}\n" for line in harmless)


def summary(comparison: Comparison) -> str:
    """In one line: "3 distinct changes at 9,812 of 10,000 sites: 1 added, 2 changed, 0 removed"."""
    if not comparison.changed:
        return f"no changes at {count(comparison.sites, 'site')}"
    numbers = ", ".join(f"{comparison.count(action):,} {action}" for action in Action)
    distinct = count(len(comparison.groups), "distinct change")
    return f"{distinct} at {len(comparison.changed):,} of {count(comparison.sites, 'site')}: {numbers}"


def no_longer(sites: str, number: int, mark: str = "") -> str:
    """What becomes of so many sites that the fleet no longer has; *mark* stands around the first words."""
    branches = "Its branch stays until it is removed" if number == 1 else "Their branches stay until they are removed"
    return f"{mark}No longer in the fleet:{mark} {sites}. {branches}."


def _reach(blast: Blast) -> Iterator[str]:
    """How many objects, whose; nothing where no object changes."""
    if blast.objects:
        yield visible(f"reaches {count(blast.objects, 'object')}{_of_tenants(blast)}")


def _of_tenants(blast: Blast) -> str:
    names = blast.tenants
    more = f" and {len(names) - _TENANTS:,} more" if len(names) > _TENANTS else ""
    return f", of {count(len(names), 'tenant')}: {', '.join(names[:_TENANTS])}{more}" if names else ""


def _look_twice(blast: Blast) -> Iterator[str]:
    """What to look at first, counted."""
    if blast.risks:
        yield "! look twice: " + ", ".join(f"{reach.risk} ({_reached(reach)})" for reach in blast.risks)


def _reached(reach: Reach) -> str:
    return f"{count(reach.changes, 'change')} at {count(reach.sites, 'site')}"


def _group(group: GroupedChange, limits: Limits) -> Iterator[str]:
    change = group.change
    yield visible(f"{_SIGNS[change.action]} {change.identity}")
    note = f" ({SITE} stands for each one's name)" if group.templated else ""
    yield f"    at {_sites(group.sites, limits)}{note}"
    for danger in change.dangers[: limits.fields]:
        yield visible(f"  ! {danger.field + ': ' if danger.field else ''}{danger.message}")
    yield from _fields(change, limits)


def _fields(change: Change, limits: Limits) -> Iterator[str]:
    for field in change.fields[: limits.fields]:
        yield f"    {cropped(visible(field.path), limits.width)}"
        shown = list(value_lines(field, limits))
        yield from (f"      {line}" for line in shown[: limits.lines])
        yield from cut(len(shown) - limits.lines, "more line", "      ")
    yield from cut(len(change.fields) - limits.fields, "more field", "    ")


def value_lines(field: FieldChange, limits: Limits) -> Iterator[str]:
    """The old and the new value, a line each with its sign; of long texts only the lines that differ and some around them."""
    if field.hunks:
        yield from (cropped(line, limits.width) for hunk in field.hunks for line in _hunk(hunk))
        return
    old, new = field.old, field.new
    if old == new:
        yield f"~ {old}"
        return
    if field.action is Action.CHANGED and isinstance(old, str) and isinstance(new, str):
        old, new = _around_difference(old, new, limits.width)
    if field.action is not Action.ADDED:
        yield from _signed("-", old, limits)
    if field.action is not Action.REMOVED:
        yield from _signed("+", new, limits)


def _signed(sign: str, value: Any, limits: Limits) -> Iterator[str]:
    text = HIDDEN if value == HIDDEN else to_yaml(value)
    return (f"{sign} {cropped(visible(line), limits.width)}" for line in text.splitlines())


def _hunk(hunk: Hunk) -> Iterator[str]:
    yield f"@ line {hunk.line}"
    yield from (f"{line[0]} {visible(line[1:])}" for line in hunk.lines)


def _around_difference(old: str, new: str, width: int) -> tuple[str, str]:
    """Both texts, cut at the front where they are long and begin alike, so that what differs is seen."""
    if max(len(old), len(new)) <= width:
        return old, new
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(0, same - 30)
    return (f"…{old[start:]}", f"…{new[start:]}") if start else (old, new)


def _sites(names: Sequence[str], limits: Limits) -> str:
    return f"{count(len(names), 'site')}: {first_few(names, limits.sites)}"


def cut(number: int, what: str, indent: str, before: Iterable[str] = ()) -> Iterator[str]:
    """The line that says how much is not shown; nothing where all is."""
    if number > 0:
        yield from before
        yield f"{indent}… {count(number, what)} not shown"


def cropped(line: str, width: int) -> str:
    """The line, cut where it is longer, with how much is missing."""
    return line if len(line) <= width else f"{line[:width]}… ({len(line) - width:,} more characters)"


def _coloured(line: str) -> str:
    code = _COLOURS.get(line.lstrip()[:1])
    return f"\x1b[{code}m{line}\x1b[0m" if code else line
