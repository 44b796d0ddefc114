"""`composer remove`: retires sites, in steps that can be reviewed."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_jobs, jobs, open_fleet
from composer.cli.show import add_findings_format, count, first_few, say, show_findings
from composer.diagnostic import Place, error

if TYPE_CHECKING:
    from composer.pipeline.remove import Leaving


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sites", nargs="+", metavar="SITE", help="names of sites")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--stray", action="store_true", help="only branches in repositories where the sites do not belong (any more)"
    )
    parser.add_argument("--adopt", action="store_true", help="take away branches that others have committed to")
    parser.add_argument("--allow-removal", action="store_true", help="remove more sites than the fleet lets go at once")
    parser.add_argument("--allow-errors", action="store_true", help="remove sites although others have errors then")
    parser.add_argument(
        "--allow-dirty", action="store_true", help="take branches away although the document is not committed as gone"
    )
    add_jobs(parser)
    add_findings_format(parser)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.branch import is_promoted
    from composer.pipeline.committed import committed
    from composer.pipeline.guards import Guarded
    from composer.pipeline.remove import Wish, look, remove_branches, remove_documents

    progress = watching("nothing was removed")
    fleet, _ = open_fleet(arguments)
    allowed = (arguments.adopt, arguments.allow_removal, arguments.allow_errors)
    wish = Wish(sorted(set(arguments.sites)), arguments.stray, *allowed, jobs(arguments))
    try:
        leaving = look(fleet, wish)
        later = bool(leaving.documents) and not arguments.allow_dirty
        if not later:
            committed(fleet, allow_dirty=arguments.allow_dirty)
        if leaving.findings:
            say(
                f"without {first_few(sorted(leaving.documents))}, the rest of the fleet has findings that it has not now:"
            )
            show_findings(leaving.findings, arguments.findings_format, stream=sys.stderr)
        _confirm(arguments, leaving, later=later)
    except Guarded as refused:
        show_findings(refused.diagnostics, arguments.findings_format, stream=sys.stderr)
        return exits.REFUSED
    progress.consequence = "some documents may be gone, no branch is, and the same command does the rest"
    remove_documents(fleet, leaving)
    for file in leaving.documents.values():
        print(f"{file} removed")
    if later:
        say("commit that and publish; then this command, run again, takes the branches away")
        return exits.DONE
    removed = remove_branches(fleet, leaving, progress)
    progress.clear()
    show_findings(removed.findings, arguments.findings_format, stream=sys.stderr)
    for stray in removed.branches:
        print(f"{stray.branch} {stray.head.commit} removed from {stray.there.address}")
    if removed.branches:
        gone = count(len(removed.branches), "branch", "branches")
        say(f"{gone} removed; `git push ADDRESS COMMIT:refs/heads/BRANCH` brings one back")
    if removed.branches and is_promoted(fleet):
        say("they proposed what is promoted; what clusters follow stays, and is taken away by who promotes")
    return exits.INTERRUPTED if progress.interrupted else exits.partly(len(removed.branches), len(removed.findings))


def _confirm(arguments: argparse.Namespace, leaving: Leaving, *, later: bool) -> None:
    """Asks, on a terminal. Raises Guarded where nobody says yes."""
    from composer.pipeline.guards import Guarded

    names = first_few(sorted({*leaving.documents, *(stray.site for stray in leaving.branches)}))
    what = [count(len(leaving.documents), "document")] if leaving.documents else []
    what += [count(len(leaving.branches), "branch", "branches")] if leaving.branches and not later else []
    whole = f"{' and '.join(what)} of {names}"
    if arguments.yes:
        return
    if sys.stdin.isatty():
        print(f"Remove {whole}? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    message = "nothing was removed, since nobody said yes"
    raise Guarded([error("B063", message, Place("command line"), hint=f"say --yes to remove {whole}")])
