"""Findings in every format the composer speaks. Whatever a value holds, it is harmless in all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Place
from composer.report.annotations import github, gitlab
from composer.report.excerpt import full
from composer.report.grouping import Finding, counts, grouped
from composer.report.junit import junit
from composer.report.sarif import sarif
from composer.report.visible import inert, json_inert, visible


def render(diagnostics: Iterable[Diagnostic], format: str, *, colour: bool = False) -> str:
    """The diagnostics in a format of FORMATS, in their total order, ending in a line break unless empty.

    *colour* adds terminal colours where the format is for terminals.
    """
    findings = grouped(diagnostics)
    return full(findings, colour=True) if colour and format == "full" else FORMATS[format](findings)


def concise(findings: Sequence[Finding]) -> str:
    """`file:line:column: severity[code] message`, a line each; 1:1 stands for the file as a whole."""
    return "".join(_line(finding.diagnostic) for finding in findings)


def _line(diagnostic: Diagnostic) -> str:
    place = diagnostic.place
    spot = f"{place.file or 'composer'}:{place.line or 1}:{place.column or 1}"
    return inert(visible(f"{spot}: {diagnostic.severity}[{diagnostic.code}] {diagnostic.message}")) + "\n"


def as_json(findings: Sequence[Finding]) -> str:
    """Everything that is known of each finding, for programs; texts are unchanged, as JSON escapes."""
    found = [_record(finding) for finding in findings]
    return json_inert(json.dumps({"findings": found, "counts": counts(findings)}, indent=2)) + "\n"


def _record(finding: Finding) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_spot(diagnostic.place),
        "hint": diagnostic.hint,
        "related": [{"message": related.message, **_spot(related.place)} for related in diagnostic.related],
        "sites": finding.sites,
    }


def _spot(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column, "width": place.width}


FORMATS: dict[str, Callable[[Sequence[Finding]], str]] = {
    "full": full,
    "concise": concise,
    "json": as_json,
    "github": github,
    "gitlab": gitlab,
    "sarif": sarif,
    "junit": junit,
}
