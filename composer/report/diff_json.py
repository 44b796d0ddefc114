"""A comparison for programs. docs/reference/branch.md describes the form."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from composer.report.visible import json_inert
from composer.stages.compare import Action, Blast, Change, Comparison, FieldChange, GroupedChange, Hunk, blast_radius

_MOST_CHANGES = 10_000
"""A program that reads more of them in one piece should ask for fewer sites."""


def as_json(comparison: Comparison) -> str:
    """The comparison as JSON, with a line break at the end. "cut" counts the changes that are left out."""
    document = comparison_document(comparison)
    return json_inert(json.dumps(document, indent=2, ensure_ascii=True, default=str)) + "\n"


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data; values of fields are as the objects have them."""
    groups = comparison.groups[:_MOST_CHANGES]
    return {
        "apiVersion": "edge-composer.io/v1alpha1",
        "kind": "Diff",
        "summary": {
            "sites": comparison.sites,
            "changedSites": len(comparison.changed),
            **{str(action): comparison.count(action) for action in Action},
        },
        "blastRadius": _blast(blast_radius(comparison)),
        "changes": [_group(group) for group in groups],
        "bookkeeping": list(comparison.bookkeeping),
        "gone": list(comparison.gone),
        "cut": len(comparison.groups) - len(groups),
    }


def _blast(blast: Blast) -> dict[str, Any]:
    return {
        "sites": blast.sites,
        "objects": blast.objects,
        "tenants": list(blast.tenants),
        "risks": [{**asdict(reach), "risk": str(reach.risk)} for reach in blast.risks],
    }


def _group(group: GroupedChange) -> dict[str, Any]:
    change: Change = group.change
    return {
        "action": str(change.action),
        "object": change.identity._asdict(),
        "path": change.path,
        "tenant": change.tenant,
        "fields": [_field(field) for field in change.fields],
        "dangers": [{"risk": str(d.risk), "message": d.message, "field": d.field} for d in change.dangers],
        "sites": list(group.sites),
        "templated": group.templated,
    }


def _field(field: FieldChange) -> dict[str, Any]:
    """A field; what is not on one side is left out there, because null would be a value."""
    shown: dict[str, Any] = {"action": str(field.action), "path": field.path}
    if field.hunks:
        return {**shown, "lines": [_hunk(hunk) for hunk in field.hunks]}
    values = {"old": field.old, "new": field.new}
    missing = {Action.ADDED: "old", Action.REMOVED: "new"}.get(field.action)
    return {**shown, **{side: value for side, value in values.items() if side != missing}}


def _hunk(hunk: Hunk) -> dict[str, Any]:
    """A place in a text, without the lines around it: they may differ from site to site."""
    return {"line": hunk.line, "changes": [line for line in hunk.lines if not line.startswith(" ")]}
