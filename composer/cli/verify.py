"""`composer verify`: whether branches are what the commits that they name render to."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import count, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    parser.add_argument("--format", choices=("human", "json"), default="human", help="how the result is shown")


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.verify import verify_sites
    from composer.report.verification import as_json, text

    # What is wrong with the fleet as it stands now says nothing about branches.
    fleet, _ = open_fleet(arguments)
    progress = watching()
    found = verify_sites(fleet, chosen_sites(fleet, arguments), jobs(arguments), progress)
    progress.clear()
    if arguments.format == "json":
        sys.stdout.write(as_json(found.proofs, found.edits, found.absent))
    else:
        sys.stdout.write(text(found.proofs, found.edits, found.absent, colour=sys.stdout.isatty()))
    show_findings(found.findings, "full", stream=sys.stderr)
    equal = sum(proof.verdict == "equal" for proof in found.proofs)
    unproven = sum(proof.verdict == "unproven" for proof in found.proofs)
    differing = len(found.proofs) - equal - unproven
    say(
        f"{count(equal, 'site')} equal, {differing:,} different, {unproven:,} unproven, {len(found.absent):,} without a branch"
    )
    return exits.DONE if equal == len(found.proofs) and not found.absent else exits.FINDINGS
