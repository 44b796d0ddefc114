"""`composer diff`: what publishing would change."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import count, first_few, say, show_findings
from composer.diagnostic import Place, Rejected, error

if TYPE_CHECKING:
    from composer.model.fleet import Fleet
    from composer.pipeline.diff import Differences

FORMATS = ("human", "unified", "json", "markdown", "github", "gitlab")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    parser.add_argument("--format", choices=FORMATS, default="human", help="how it is shown")
    against = parser.add_mutually_exclusive_group()
    against.add_argument(
        "--base", metavar="REF", help="against what this commit of the fleet renders to, not the branches"
    )
    against.add_argument(
        "--save", metavar="FILE", type=Path, help="write what was shown to a plan, which `publish --plan` takes"
    )
    parser.add_argument(
        "--annotations",
        metavar="FILE",
        help="with --base: write findings, and for changed lines what they change, for the forge of --format (- is stderr)",
    )
    parser.add_argument("--exit-code", action="store_true", help=f"end with {exits.CHANGES} where there are changes")


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.diff import Asked, against_branches, against_revision

    if arguments.annotations and not arguments.base:
        raise Rejected([error("X002", "--annotations goes with --base: which lines changed?", Place("command line"))])
    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    progress = watching()
    asked = Asked(names, jobs(arguments), texts=arguments.format == "unified", watch=progress)
    found = against_revision(fleet, asked, arguments.base) if arguments.base else against_branches(fleet, asked)
    progress.clear()
    findings += found.findings
    if arguments.annotations:
        _annotate(fleet, replace(found, findings=tuple(findings)), arguments)
    if arguments.annotations != "-":
        show_findings(findings, "full", stream=sys.stderr)
    sys.stdout.writelines(_shown(replace(found, findings=tuple(findings)), arguments.format))
    if arguments.save:
        from composer.pipeline.diff import plan_of
        from composer.pipeline.plan_file import write_plan

        write_plan(arguments.save, plan_of(fleet, found))
        say(f"{arguments.save}: {count(len(found.steps), 'site')} to publish as shown")
    if found.failed:
        say(f"{count(len(found.failed), 'site')} could not be rendered: {first_few(found.failed)}")
    if any(finding.is_error for finding in findings):
        return exits.FINDINGS
    return exits.CHANGES if arguments.exit_code and found.diffs else exits.DONE


def _annotate(fleet: Fleet, found: Differences, arguments: argparse.Namespace) -> None:
    """Writes findings and what changed lines cause, in the form the forge shows beside the lines."""
    from composer.pipeline.causes import causes
    from composer.stages.compare import group

    notes = causes(fleet, group(found.diffs, found.unchanged), arguments.base)
    chosen = arguments.format if arguments.format in ("github", "gitlab") else "full"
    if arguments.annotations == "-":
        show_findings([*found.findings, *notes], chosen, stream=sys.stderr, fleet=fleet.root)
        return
    try:
        with Path(arguments.annotations).open("w", encoding="utf-8") as file:
            show_findings([*found.findings, *notes], chosen, stream=file, fleet=fleet.root)
    except OSError as problem:
        message = f"the annotations cannot be written: {problem}"
        raise Rejected([error("X002", message, Place(arguments.annotations))]) from problem


def _shown(found: Differences, chosen: str) -> Iterable[str]:
    """The differences in a format, in pieces."""
    from composer.report.comment import FLAVOURS, Troubles, comment
    from composer.report.diff import human
    from composer.report.diff_json import as_json
    from composer.report.unified import unified
    from composer.stages.compare import group

    if chosen == "unified":
        return unified(found.diffs)
    comparison = group(found.diffs, found.unchanged)
    if chosen in FLAVOURS:
        return [comment(comparison, FLAVOURS[chosen], Troubles(found.failed, found.findings, found.gone))]
    return [as_json(comparison) if chosen == "json" else human(comparison, colour=sys.stdout.isatty())]
