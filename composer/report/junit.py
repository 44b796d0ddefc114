"""Findings as a JUnit report, which nearly every CI system can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from composer.report.grouping import Finding, described
from composer.report.visible import inert, visible


def junit(findings: Sequence[Finding]) -> str:
    """A test case a finding: errors fail, warnings and notes pass with their text as output."""
    failures = sum(finding.diagnostic.is_error for finding in findings)
    size = f'tests="{max(len(findings), 1)}" failures="{failures}"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="composer" {size}>',
        f'  <testsuite name="composer" {size}>',
        *(line for finding in findings for line in _case(finding)),
        *([] if findings else ['    <testcase classname="composer" name="no findings"/>']),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(finding: Finding) -> Iterator[str]:
    diagnostic, place = finding.diagnostic, finding.diagnostic.place
    message, *more = map(visible, described(finding))
    text = escape("\n".join([visible(str(place)), inert(message), *map(inert, more)]))
    name = f"{diagnostic.code} {place}"
    yield f"    <testcase classname={_attribute(place.file)} name={_attribute(name)}>"
    if diagnostic.is_error:
        attributes = f"type={_attribute(diagnostic.code)} message={_attribute(message)}"
        yield f"      <failure {attributes}>{text}</failure>"
    else:
        yield f"      <system-out>{diagnostic.severity}: {text}</system-out>"
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
