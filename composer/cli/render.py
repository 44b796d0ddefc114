"""`composer render`: the files of site branches, in a folder or on standard output."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.progress import NOTHING_DONE, watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import add_findings_format, count, first_few, say, show_findings
from composer.cli.streams import is_lost
from composer.model.fleet import Fleet

if TYPE_CHECKING:
    from composer.pipeline.render import RenderedSite


WRITTEN = "these are written, each as a whole, and the same command does the rest"
"""What a `render` that is left has done."""


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
    from composer.pipeline.watch import counted

    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    done: list[str] = []
    failed: list[str] = []
    changed = left_out = 0
    printing = arguments.output == "-"
    progress = watching(NOTHING_DONE if printing else WRITTEN, quiet=printing and sys.stdout.isatty())
    for result in counted(_results(fleet, names, arguments), progress, len(names)):
        findings += result.findings
        (done if result.ok else failed).append(result.site)
        changed += result.changed
        left_out += result.left_out
        sys.stdout.write(result.text)
        if printing and is_lost(sys.stdout):
            break
    progress.clear()
    show_findings(findings, arguments.findings_format, stream=sys.stderr, fleet=fleet.root)
    written = "" if printing else f", {count(changed, 'file')} changed"
    say(f"{count(len(done), 'site')} rendered{written}")
    if left_out:
        say(f"{count(left_out, 'encrypted secret')} not printed: Flux decrypts them from the branch, kubectl cannot")
    if failed:
        say(f"{count(len(failed), 'site')} failed: {first_few(failed)}")
    return exits.partly(len(done), len(failed))


def _results(fleet: Fleet, names: list[str], arguments: argparse.Namespace) -> Iterator[RenderedSite]:
    from composer.pipeline.output import DEFAULT, check_output, no_links_from
    from composer.pipeline.render import print_site, write_site

    if arguments.output == "-":
        return print_site(fleet, names, jobs(arguments))
    working = Path.cwd() if arguments.output else fleet.root
    folder = Path(os.path.abspath(working / (arguments.output or DEFAULT)))  # noqa: PTH100 - resolve would follow links
    check_output(fleet, folder)
    return write_site(fleet, names, jobs(arguments), folder, no_links_from(fleet, folder, working))
