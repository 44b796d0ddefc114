"""`composer validate`: load, resolve, wire, render in memory and check; nothing is written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import add_findings_format, count, say, show_findings
from composer.diagnostic import Diagnostic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    add_findings_format(parser)
    parser.add_argument(
        "--changed-lines", metavar="REF", help="show only findings on lines that this commit of the fleet does not have"
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.run import compose_all, without_objects
    from composer.pipeline.watch import counted

    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    progress = watching()
    for composed in counted(compose_all(fleet, names, jobs(arguments), without_objects), progress, len(names)):
        findings += composed.findings
    progress.clear()
    shown = _on_changed_lines(findings, fleet.root, arguments.changed_lines) if arguments.changed_lines else findings
    show_findings(shown, arguments.findings_format, stream=sys.stdout, fleet=fleet.root)
    told, hidden = _told(findings), len(_told(findings)) - len(_told(shown))
    errors = sum(finding.is_error for finding in told)
    say(f"{count(len(names), 'site')}: {count(errors, 'error')}, {count(len(told) - errors, 'warning')}")
    if hidden:
        say(f"{count(hidden, 'finding')} on lines that did not change, not shown")
    return exits.FINDINGS if errors else exits.DONE


def _told(findings: Iterable[Diagnostic]) -> frozenset[Diagnostic]:
    """The findings as people are told them: what many sites have in common is one."""
    return frozenset(finding.at_site("") for finding in findings)


def _on_changed_lines(findings: Sequence[Diagnostic], fleet: Path, revision: str) -> list[Diagnostic]:
    """The findings of which any place lies on a line that changed. Raises Rejected for an unknown revision."""
    from composer.git.lines import changed_lines, on_changed_lines

    changed = changed_lines(fleet, revision)
    return [finding for finding in findings if any(on_changed_lines(place, changed) for place in finding.places)]
