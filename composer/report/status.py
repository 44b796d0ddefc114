"""What clusters say they applied: a line for each site and one for whatever is not as it should be; everything for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from composer import __version__
from composer.model.status import Delivered, SiteStatus, State
from composer.report.visible import inert, json_inert, visible

_COLOURS = {State.APPLIED: "32", State.UNREACHABLE: "31", State.FAILED: "31", State.MISSING: "31"}
_WIDTH = 18


def text(rows: Sequence[SiteStatus], *, colour: bool = False) -> str:
    """The sites in order, and below each what delivers it and has not applied its head, with what the engine says."""
    return "".join(f"{line}\n" for row in rows for line in _site(row, colour=colour))


def _site(row: SiteStatus, *, colour: bool) -> Iterator[str]:
    where = f"{row.branch} {row.head[:12]}" if row.head else row.branch
    state = f"{_state(row.state, row.behind):<{_WIDTH}}"
    code = _COLOURS.get(row.state, "33")
    shown = f"\x1b[{code}m{state}\x1b[0m" if colour else state
    yield shown + visible(f" {row.site} ({where}){_because(row.message)}")
    for each in row.delivered:
        if each.state is not State.APPLIED or each.message:
            yield inert(visible(f"  {_state(each.state, each.behind):<{_WIDTH - 2}} {_object(each)}"))


def _object(each: Delivered) -> str:
    revision = f" at {each.revision}" if each.revision and each.state is not State.APPLIED else ""
    return f"{each.kind} {each.namespace}/{each.name}{revision}{_because(each.message)}"


def _state(state: State, behind: int | None) -> str:
    """ "behind 2 commits"."""
    if state is State.BEHIND and behind:
        return f"{state} {behind:,} commit{'' if behind == 1 else 's'}"
    return str(state)


def _because(message: str) -> str:
    return f": {message}" if message else ""


def as_json(rows: Sequence[SiteStatus]) -> str:
    """All that is known, with a line break at the end. docs/reference/branch.md describes the form."""
    document = {
        "apiVersion": "edge-composer.io/v1alpha1",
        "kind": "Status",
        "composer": __version__,
        "sites": [_row(row) for row in rows],
    }
    return json_inert(json.dumps(document, indent=2, ensure_ascii=True)) + "\n"


def _row(row: SiteStatus) -> dict[str, Any]:
    return {
        "site": row.site,
        "context": row.context or None,
        "branch": row.branch,
        "commit": row.head or None,
        "state": str(row.state),
        "behind": row.behind,
        "message": row.message or None,
        "delivered": [
            {
                "kind": each.kind,
                "namespace": each.namespace,
                "name": each.name,
                "state": str(each.state),
                "revision": each.revision or None,
                "behind": each.behind,
                "message": each.message or None,
            }
            for each in row.delivered
        ],
    }
