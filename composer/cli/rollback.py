"""`composer rollback`: an earlier state of a site's branch as a new commit, held until `--release`."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import chosen_sites, open_fleet
from composer.cli.show import add_findings_format, count, first_few, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sites", nargs="+", metavar="SITE", help="names of sites")
    parser.set_defaults(label=[], tenant=[])
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--to", metavar="COMMIT", help="a commit of the branch, or of the fleet (default: the state before)"
    )
    what.add_argument("--release", action="store_true", help="end the hold, so that publishing goes on")
    parser.add_argument("--adopt", action="store_true", help="overwrite what others committed to the branches")
    parser.add_argument("--allow-shrink", action="store_true", help="go back to volumes that are smaller")
    add_findings_format(parser)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.rollback import Wish, roll_back

    # What is wrong with the fleet as it stands now does not stand in the way.
    fleet, _ = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    wish = Wish(names, arguments.to, arguments.release, arguments.adopt, arguments.allow_shrink)
    progress = watching("no branch has moved")
    done = roll_back(fleet, wish, progress)
    progress.clear()
    show_findings(done.findings, arguments.findings_format, stream=sys.stderr)
    committed = [result for result in done.results if result.outcome == "published"]
    for result in committed:
        print(f"{result.branch} {result.commit[:12]} {result.summary}")
    unchanged = sum(result.outcome == "unchanged" for result in done.results)
    failed = [*done.failed, *(r.site for r in done.results if not r.outcome.is_done)]
    what = "released" if arguments.release else "rolled back and held"
    say(f"{count(len(committed), 'site')} {what}, {unchanged:,} unchanged")
    if failed:
        say(f"{count(len(failed), 'site')} not {what}: {first_few(sorted(failed))}")
    if failed and not committed and not unchanged and any(r.outcome == "refused" for r in done.results):
        return exits.REFUSED
    return exits.INTERRUPTED if progress.interrupted else exits.partly(len(committed) + unchanged, len(failed))
