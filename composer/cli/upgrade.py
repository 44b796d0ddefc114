"""`composer upgrade`: another version of a blueprint at chosen sites, so that a rollout can go ring by ring."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import add_findings_format, count, difference, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("blueprint", metavar="BLUEPRINT", help="name of the blueprint")
    parser.add_argument("--to", required=True, metavar="VERSION", help="a major version, or an exact one")
    add_selectors(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the changes, write nothing")
    parser.add_argument("--force", action="store_true", help="write even where sites would have errors")
    add_findings_format(parser)


def run(arguments: argparse.Namespace) -> int:
    from composer.diagnostic import has_errors
    from composer.pipeline.edit import consequences, edited, write_document
    from composer.pipeline.upgrade import plan_upgrade, wanted_reference
    from composer.source.reader import read_document

    fleet, _ = open_fleet(arguments)
    reference = wanted_reference(fleet, arguments.blueprint, arguments.to)
    plan = plan_upgrade(fleet, arguments.blueprint, reference, chosen_sites(fleet, arguments))
    before = {target: read_document(fleet.root, target.file) for target in plan.changes}
    after = {target: edited(before[target], plan.changes[target]) for target in plan.changes}
    progress = watching()
    findings = consequences(fleet, after, jobs(arguments), progress) if after else []
    progress.clear()
    show_findings(findings, arguments.findings_format, stream=sys.stderr)
    refused = has_errors(findings) and not arguments.force
    progress.consequence = "some documents may be changed, each as a whole, and the same command does the rest"
    for target, document in after.items():
        if arguments.dry_run:
            sys.stdout.writelines(difference(before[target], document))
        elif not refused:
            write_document(fleet.root, document)
            say(f"{target.file}: {count(len(plan.changes[target]), 'change')} made")
    for file, others in plan.kept.items():
        say(f"{file} stays as it is for {count(others, 'other site')}: the chosen ones say {reference} themselves")
    if not after:
        say(f"the chosen sites use {reference} already")
    elif refused and not arguments.dry_run:
        say("the documents are as they were; --force writes them all the same")
    return exits.FINDINGS if refused else exits.DONE
