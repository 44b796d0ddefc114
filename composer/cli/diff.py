"""`composer diff`: what publishing would change."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.progress import Progress, watching
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
        "--server",
        metavar="CONTEXT",
        help="against the cluster of this kubeconfig context, which tries the objects (-: cluster.context of each site)",
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
    if arguments.annotations and not arguments.base:
        raise Rejected([error("X002", "--annotations goes with --base: which lines changed?", Place("command line"))])
    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    progress = watching()
    found = _compared(fleet, names, arguments, progress)
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
        say(f"{arguments.save}: {count(len(found.steps), 'site')} pinned as shown")
    if found.failed:
        done = "tried" if arguments.server else "rendered"
        say(f"{count(len(found.failed), 'site')} could not be {done}: {first_few(found.failed)}")
    # A cluster out of reach is no error, but no proof either.
    unproven = found.failed and (arguments.exit_code or not (found.diffs or found.unchanged))
    if unproven or any(finding.is_error for finding in findings):
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


def _compared(fleet: Fleet, names: Sequence[str], arguments: argparse.Namespace, progress: Progress) -> Differences:
    """The sites against what the arguments say: a commit of the fleet, clusters, or the branches."""
    from composer.pipeline.diff import Asked, against_branches, against_revision

    if arguments.server:
        return _at_servers(fleet, names, arguments, progress)
    asked = Asked(names, jobs(arguments), texts=arguments.format == "unified", watch=progress)
    return against_revision(fleet, asked, arguments.base) if arguments.base else against_branches(fleet, asked)


def _at_servers(fleet: Fleet, names: Sequence[str], arguments: argparse.Namespace, progress: Progress) -> Differences:
    from composer.cli.clusters import kubeconfig
    from composer.pipeline.contexts import contexts_of
    from composer.pipeline.server import Trial, against_servers

    said = "" if arguments.server == "-" else arguments.server
    if said and "{site}" not in said and len(names) > 1:
        message = f"one cluster is not that of {len(names):,} sites"
        hint = "name one site, or the contexts by a pattern such as admin@{site}, or - for cluster.context of each site"
        raise Rejected([error("X002", message, Place("command line"), hint=hint)])
    if arguments.format == "unified":
        raise Rejected(
            [error("X002", "--server has no --format unified: a server has no files", Place("command line"))]
        )
    contexts, findings = contexts_of(fleet, names, said)
    with kubeconfig() as known:
        found = against_servers(
            fleet, [name for name in names if name in contexts], jobs(arguments), Trial(known, contexts), progress
        )
    broken = [name for name in names if name not in contexts]
    return replace(found, failed=(*found.failed, *broken), findings=(*findings, *found.findings))


def _shown(found: Differences, chosen: str) -> Iterable[str]:
    """The differences in a format, in pieces."""
    from composer.report.comment import FLAVOURS, Troubles, comment
    from composer.report.diff import human
    from composer.report.diff_json import as_json
    from composer.report.unified import unified
    from composer.stages.compare import group

    if chosen == "unified":
        return unified(found.diffs)
    comparison = group(found.diffs, found.unchanged, found.gone)
    if chosen in FLAVOURS:
        return [comment(comparison, FLAVOURS[chosen], Troubles(found.failed, found.findings))]
    return [as_json(comparison) if chosen == "json" else human(comparison, colour=sys.stdout.isatty())]
