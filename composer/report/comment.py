"""A comparison as one comment of a pull request: what it reaches first, then each distinct change once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from composer.diagnostic import Diagnostic
from composer.model.wording import count
from composer.report.diagnostics import render
from composer.report.diff import Limits, cropped, cut, no_longer, summary, value_lines
from composer.report.markdown import code, fenced
from composer.report.visible import visible
from composer.stages.compare import (
    SITE,
    Action,
    Change,
    Comparison,
    Danger,
    GroupedChange,
    Reach,
    Risk,
    blast_radius,
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a forge makes of a comment: the bytes of UTF-8 it takes at *most*, and whether it *folds* parts of it away."""

    most: int
    folds: bool


FLAVOURS: Mapping[str, Flavour] = {
    # "Body is too long (maximum is 65536 characters)": bytes are never fewer than characters.
    "github": Flavour(65_536, folds=True),
    # docs.gitlab.com/administration/instance_limits: a comment has 1,000,000 characters.
    "gitlab": Flavour(1_000_000, folds=True),
    # What fits into Gitea and Forgejo, whatever their database: MySQL's TEXT has 65,535 bytes.
    "markdown": Flavour(65_535, folds=False),
}

MARKER_ROOM = 100
"""Bytes that are left free for the line by which a comment is found again."""

_FOOT = 300
"""Bytes kept for saying what is not shown."""

_SHARE = 4
"""What would take more than a quarter of the comment alone is shown in less detail."""

_PARTS = 300
"""Nobody reads more, and browsers are slow with it."""

_LEVELS = (
    Limits(fields=40, lines=60, width=200, sites=5, objects=200),
    Limits(fields=10, lines=20, width=120, sites=5, objects=50),
    Limits(fields=3, lines=6, width=80, sites=3, objects=10),
)
_MOST = 200
"""Characters of an object's name, or of what is said of it."""

_FINDINGS = 20
_UNFOLDED = 12
"""Lines. Longer blocks are folded away."""

_RISKS: Mapping[Risk, str] = {
    Risk.NAMESPACE: "deletes a namespace with everything in it",
    Risk.DATA: "deletes or shrinks a volume",
    Risk.IMMUTABLE: "changes what cannot be changed",
    Risk.DELETES: "deletes an object",
    Risk.GRANTS: "changes who may do what",
    Risk.RESTARTS: "restarts pods",
    Risk.QUOTA: "changes a quota",
    Risk.CAPACITY: "changes what is asked of the nodes",
}
_RANKS = {risk: rank for rank, risk in enumerate(Risk)}
_SIGNS = {Action.ADDED: "+", Action.REMOVED: "-"}
_PLAIN = ("deletes the object", "gives its room back")
"""What need not be said of an object that goes."""


@dataclass(frozen=True, slots=True)
class Troubles:
    """What to say besides the changes: sites that could not be rendered, and findings."""

    failed: Sequence[str] = ()
    findings: Sequence[Diagnostic] = ()


def comment(comparison: Comparison, flavour: Flavour, troubles: Troubles) -> str:
    """The comment, within what the flavour takes. What is left out for length is the least dangerous, and is counted."""
    head = "".join(f"{paragraph}\n" for paragraph in (*_head(comparison), *_troubles(troubles, flavour)))
    room = flavour.most - MARKER_ROOM - _FOOT - _size(head)
    parts = list(_parts(comparison, flavour))
    shown: list[str] = []
    for part in parts[:_PARTS]:
        text = _fitting(part, min(room, flavour.most // _SHARE))
        if text is None:
            break
        shown.append(text)
        room -= _size(text)
    return head + "".join(shown) + _foot(parts[len(shown) :])


def _fitting(part: _Part, room: int) -> str | None:
    """The part in as much detail as there is room for, in bytes; None where there is none."""
    texts = (part.text(level) for level in _LEVELS)
    return next((text for text in texts if _size(text) <= room), None)


def _size(text: str) -> int:
    return len(text.encode())


def _head(comparison: Comparison) -> Iterator[str]:
    line, _, numbers = summary(comparison).partition(": ")
    yield f"#### {line[0].upper()}{line[1:]}\n"
    blast = blast_radius(comparison)
    if blast.objects:
        tenants = f", of {_named(blast.tenants, 'tenant', 10)}" if blast.tenants else ""
        yield f"{numbers}. Reaches {count(blast.objects, 'object')}{tenants}.\n"
    if comparison.gone:
        yield f"{no_longer(_named(comparison.gone, 'site'), len(comparison.gone), '**')}\n"
    if blast.risks:
        yield "| look twice | changes | objects | sites |\n|---|--:|--:|--:|"
        yield "".join(f"{_row(reach)}\n" for reach in blast.risks)
    if comparison.bookkeeping:
        names = _named(comparison.bookkeeping, "site")
        yield f"{names}: no object changes, only `composer.lock.yaml` or a `kustomization.yaml`.\n"


def _row(reach: Reach) -> str:
    return f"| {_RISKS[reach.risk]} | {reach.changes:,} | {reach.objects:,} | {reach.sites:,} |"


def _troubles(troubles: Troubles, flavour: Flavour) -> Iterator[str]:
    if troubles.failed:
        yield f"**Not rendered, and not shown here:** {_named(troubles.failed, 'site')}.\n"
    errors, others = (
        render((f for f in troubles.findings if f.is_error is wanted), "concise").splitlines()
        for wanted in (True, False)
    )
    lines = errors + others
    if lines:
        shown = [cropped(line, 2 * _MOST) for line in lines[:_FINDINGS]]
        more = cut(len(lines) - _FINDINGS, "more finding", "")
        yield _block([*shown, *more], flavour, count(len(lines), "finding"), language="text")


def _parts(comparison: Comparison, flavour: Flavour) -> Iterator[_Part]:
    """What there is to show, the most dangerous first: changed objects one by one, those that come or go by their sites."""
    together: dict[tuple[object, ...], list[GroupedChange]] = {}
    for index, group in enumerate(sorted(comparison.groups, key=_danger)):
        alone = index if group.change.action is Action.CHANGED else None
        together.setdefault((group.change.action, group.sites, group.templated, alone), []).append(group)
    for groups in together.values():
        yield _Part(groups, flavour)


def _danger(group: GroupedChange) -> int:
    """A sort key: the rank of the worst risk. Sorting keeps the order of those that are alike."""
    return min((_RANKS[danger.risk] for danger in group.change.dangers), default=len(_RANKS))


@dataclass(frozen=True, slots=True)
class _Part:
    """Changes that are shown together: one changed object, or all that come or go at the same sites."""

    groups: Sequence[GroupedChange]
    flavour: Flavour

    def text(self, limits: Limits) -> str:
        first = self.groups[0]
        note = f" ({code(SITE)} stands for each one's name)" if first.templated else ""
        where = f" at {_named(first.sites, 'site', limits.sites)}{note}\n"
        if first.change.action is Action.CHANGED:
            lines = list(_changed(first.change, limits))
            return f"**{code(f'~ {first.change.identity}')}**{where}\n{_block(lines, self.flavour)}\n"
        lines = [line for group in self.groups for line in _listed(group.change)]
        shown = [*lines[: limits.objects], *cut(len(lines) - limits.objects, "more line", "")]
        title = f"**{count(len(self.groups), 'object')} {first.change.action}**"
        return f"{title}{where}\n{_block(shown, self.flavour)}\n"


def _changed(change: Change, limits: Limits) -> Iterator[str]:
    yield from (_danger_line(danger) for danger in change.dangers[: limits.fields])
    for field in change.fields[: limits.fields]:
        yield f"@@ {cropped(visible(field.path), limits.width)} @@"
        lines = list(value_lines(field, limits))
        yield from lines[: limits.lines]
        yield from cut(len(lines) - limits.lines, "more line", "")
    yield from cut(len(change.fields) - limits.fields, "more field", "")


def _listed(change: Change) -> Iterator[str]:
    """An object that comes or goes, and what goes with it."""
    yield cropped(visible(f"{_SIGNS[change.action]} {change.identity}"), _MOST)
    if change.action is Action.REMOVED:
        yield from (_danger_line(danger) for danger in change.dangers if danger.message not in _PLAIN)


def _danger_line(danger: Danger) -> str:
    return cropped(visible(f"! {danger.field + ': ' if danger.field else ''}{danger.message}"), _MOST)


def _block(lines: Sequence[str], flavour: Flavour, title: str = "", language: str = "diff") -> str:
    """The lines as a block of code, folded away where it is long and the forge can do that."""
    block = fenced(lines, language)
    if not flavour.folds or len(lines) <= _UNFOLDED:
        return block
    return f"<details><summary>{title or count(len(lines), 'line')}</summary>\n\n{block}\n</details>\n"


def _named(names: Sequence[str], noun: str, most: int = 5) -> str:
    """ "3 sites: `a`, `b` and 1 more"."""
    more = len(names) - most
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{count(len(names), noun)}: {', '.join(code(name) for name in names[:most])}{rest}"


def _foot(left_out: Sequence[_Part]) -> str:
    groups = [group for part in left_out for group in part.groups]
    if not groups:
        return ""
    sites = {site for group in groups for site in group.sites}
    changes = f"{count(len(groups), 'distinct change')} at {count(len(sites), 'site')}"
    return f"**Not shown, to keep the comment short enough:** {changes}. `composer diff --format json` has them.\n"
