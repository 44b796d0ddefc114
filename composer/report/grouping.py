"""Findings that many sites share, told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from composer.diagnostic import Diagnostic, Severity, in_order

SITES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic and the sites it was found at; none where it belongs to no site."""

    diagnostic: Diagnostic
    sites: tuple[str, ...]


def grouped(diagnostics: Iterable[Diagnostic]) -> list[Finding]:
    """The diagnostics in their total order, those that differ only in their site as one."""
    sites: dict[Diagnostic, list[str]] = {}
    for diagnostic in in_order(diagnostics):
        found = sites.setdefault(diagnostic.at_site(""), [])
        if diagnostic.site:
            found.append(diagnostic.site)
    return [Finding(diagnostic, tuple(names)) for diagnostic, names in sites.items()]


def counts(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many findings of each severity there are, worst first."""
    found = Counter(finding.diagnostic.severity for finding in findings)
    return {severity: found[severity] for severity in Severity}


def described(finding: Finding) -> Iterator[str]:
    """What a report without excerpts says: message, related places, hint and sites, a line each."""
    diagnostic = finding.diagnostic
    yield diagnostic.message
    for related in diagnostic.related:
        yield f"{related.place}: {related.message}"
    if diagnostic.hint:
        yield f"hint: {diagnostic.hint}"
    if finding.sites:
        yield sites_of(finding)


def sites_of(finding: Finding) -> str:
    """The sites of a finding in a few words: "sites: berlin-01, hamburg-02 and 9,810 more"."""
    more = len(finding.sites) - SITES_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{'site' if len(finding.sites) == 1 else 'sites'}: {', '.join(finding.sites[:SITES_SHOWN])}{rest}"
