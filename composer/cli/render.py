"""`composer render`: the files of site branches, in a folder or on standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from composer.cli import exits
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import add_findings_format, count, first_few, say, show_findings
from composer.diagnostic import Diagnostic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    add_findings_format(parser)
    parser.add_argument(
        "-o",
        dest="output",
        metavar="DIR",
        help="write DIR/<site>/... (default: out/manifests of the fleet; - prints the objects)",
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.render import RenderedSite, print_site, write_site

    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    results: Iterator[RenderedSite]
    if arguments.output == "-":
        results = print_site(fleet, names, jobs(arguments))
    else:
        folder = Path(arguments.output) if arguments.output else fleet.root / "out/manifests"
        results = write_site(fleet, names, jobs(arguments), folder)
    done: list[str] = []
    failed: list[str] = []
    changed = 0
    for result in results:
        findings += result.findings
        (done if result.ok else failed).append(result.site)
        changed += result.changed
        sys.stdout.write(result.text)
    return _finish(arguments, findings, done, failed, changed)


def _finish(
    arguments: argparse.Namespace, findings: list[Diagnostic], done: list[str], failed: list[str], changed: int
) -> int:
    show_findings(findings, arguments.findings_format, stream=sys.stderr)
    written = "" if arguments.output == "-" else f", {count(changed, 'file')} changed"
    say(f"{count(len(done), 'site')} rendered{written}")
    if failed:
        say(f"{count(len(failed), 'site')} failed: {first_few(failed)}")
    return exits.partly(len(done), len(failed))
