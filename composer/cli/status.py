"""`composer status`: what clusters say they applied, against where the branches stand."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.clusters import kubeconfig, seconds
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, open_fleet
from composer.cli.show import count, say, show_findings

SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    parser.add_argument(
        "--context",
        default="",
        help="the kubeconfig context, {site} for the site's name (default: cluster.context of each site)",
    )
    parser.add_argument(
        "--timeout", type=seconds, default=SECONDS, metavar="SECONDS", help="how long a cluster may take (default: 10)"
    )
    parser.add_argument("--format", choices=("human", "json"), default="human", help="how the result is shown")
    parser.add_argument(
        "--exit-code", action="store_true", help=f"end with {exits.FINDINGS} unless every site has applied its branch"
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.model.status import State
    from composer.pipeline.status import Asking, status_of
    from composer.report.status import as_json, text

    # What is wrong with the fleet as it stands now says nothing about clusters.
    fleet, _ = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    progress = watching()
    with kubeconfig() as known:
        found = status_of(fleet, names, Asking(known, arguments.context, arguments.timeout), progress)
    progress.clear()
    shown = as_json(found.sites) if arguments.format == "json" else text(found.sites, colour=sys.stdout.isatty())
    sys.stdout.write(shown)
    show_findings(found.findings, "full", stream=sys.stderr)
    numbers = [(state, sum(row.state is state for row in found.sites)) for state in reversed(State)]
    said = ", ".join(f"{number:,} {state}" for state, number in numbers if number)
    say(f"{count(len(names), 'site')}{': ' if said else ''}{said}")
    applied = all(row.state is State.APPLIED for row in found.sites)
    return exits.FINDINGS if arguments.exit_code and not applied else exits.DONE
