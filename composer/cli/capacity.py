"""`composer capacity`: what sites need, what they get, and what binds first."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import count, first_few, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    parser.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", help="how it is shown (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.capacity import site_capacities
    from composer.report.capacity import FORMATS

    fleet, findings = open_fleet(arguments)
    progress = watching()
    found = site_capacities(fleet, chosen_sites(fleet, arguments), jobs(arguments), progress)
    progress.clear()
    sys.stdout.write(FORMATS[arguments.format](found))
    findings += [finding for site in found for finding in site.findings]
    show_findings(findings, "full", stream=sys.stderr)
    failed = [site.site for site in found if not site.ok]
    if failed:
        say(f"{count(len(failed), 'site')} failed, whose tables are missing: {first_few(failed)}")
    return exits.partly(len(found) - len(failed), len(failed))
