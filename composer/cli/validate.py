"""`composer validate`: load, resolve, wire, render in memory and check; nothing is written."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import add_findings_format, count, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    add_findings_format(parser)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.run import compose_all, without_objects

    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    for composed in compose_all(fleet, names, jobs(arguments), without_objects):
        findings += composed.findings
    show_findings(findings, arguments.findings_format, stream=sys.stdout)
    errors = sum(finding.is_error for finding in findings)
    say(f"{count(len(names), 'site')}: {count(errors, 'error')}, {count(len(findings) - errors, 'warning')}")
    return exits.FINDINGS if errors else exits.DONE
