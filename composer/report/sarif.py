"""Findings as SARIF 2.1.0, the exchange format of code scanning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from composer import __version__
from composer.diagnostic import Place, Severity
from composer.report.codes import explain_code, title_of
from composer.report.grouping import Finding, described
from composer.report.visible import json_inert, visible

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif(findings: Sequence[Finding]) -> str:
    """One run with a rule for each code that was found and a result for each finding."""
    codes = sorted({finding.diagnostic.code for finding in findings})
    driver = {"name": "composer", "version": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.diagnostic.code)) for finding in findings],
    }
    return json_inert(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _rule(code: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code}
    title, section = title_of(code), explain_code(code)
    if title and section:
        rule |= {"shortDescription": {"text": title}, "help": {"text": section, "markdown": section}}
    return rule


def _result(finding: Finding, index: int) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(map(_text, described(finding)))},
    }
    if diagnostic.place.file:
        result["locations"] = [_location(diagnostic.place)]
    if diagnostic.related:
        result["relatedLocations"] = [
            {**_location(related.place), "message": {"text": _text(related.message)}} for related in diagnostic.related
        ]
    if finding.sites:
        result["properties"] = {"sites": list(map(visible, finding.sites))}
    return result


def _text(text: str) -> str:
    """A line of a message, in which `[text](address)` would be a link."""
    return visible(text).replace("](", "] (")


def _location(place: Place) -> dict[str, Any]:
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(place.file, errors="backslashreplace"), "uriBaseId": "%SRCROOT%"}
    }
    if place.line:
        physical["region"] = {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column + place.width,
        }
    return {"physicalLocation": physical}
