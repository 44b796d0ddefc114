"""Findings for GitHub Actions (workflow commands) and GitLab (code quality reports)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from composer.diagnostic import Severity
from composer.report.grouping import Finding, described
from composer.report.visible import json_inert, visible

_GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_GITLAB_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def github(findings: Sequence[Finding]) -> str:
    """One workflow command a finding, which GitHub shows beside the line in a pull request."""
    return "".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    diagnostic, place = finding.diagnostic, finding.diagnostic.place
    properties = {"file": place.file, "line": place.line, "col": place.column, "title": diagnostic.code}
    if place.line:
        properties["endColumn"] = place.column + place.width
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    message = "%0A".join(_data(line) for line in described(finding))
    return f"::{_GITHUB_COMMANDS[diagnostic.severity]} {listed}::{message}\n"


def _data(text: str) -> str:
    """A message as GitHub unescapes it. Line breaks never get here: they are visible escapes by then."""
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(findings: Sequence[Finding]) -> str:
    """A code quality report. Fingerprints do not change when a finding only moves to another line."""
    seen: Counter[str] = Counter()
    report = []
    for finding in findings:
        diagnostic, place = finding.diagnostic, finding.diagnostic.place
        identity = "\0".join((diagnostic.code, place.file, diagnostic.message))
        fingerprint = hashlib.sha256(f"{identity}\0{seen[identity]}".encode(errors="backslashreplace"))
        seen[identity] += 1
        report.append(
            {
                "description": "\n".join(map(visible, described(finding))),
                "check_name": diagnostic.code,
                "fingerprint": fingerprint.hexdigest(),
                "severity": _GITLAB_SEVERITIES[diagnostic.severity],
                "location": {"path": visible(place.file), "lines": {"begin": max(place.line, 1)}},
            }
        )
    return json_inert(json.dumps(report, indent=2)) + "\n"
