"""`composer test`: the cases that come with blueprints."""

from __future__ import annotations

import argparse

from composer.cli import exits
from composer.cli.select import open_fleet
from composer.cli.show import count, say
from composer.diagnostic import Place, Rejected, did_you_mean, error
from composer.model.blueprint import Blueprint
from composer.model.fleet import Fleet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("blueprints", nargs="*", metavar="BLUEPRINT", help="names of blueprints (default: all)")


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.cases import run_cases

    fleet, _ = open_fleet(arguments)
    failed = ran = 0
    for result in run_cases(fleet, _chosen(fleet, arguments.blueprints)):
        ran += 1
        failed += bool(result.problems)
        print(f"{'FAILED' if result.problems else 'passed'}  {result.blueprint}: {result.case}")
        for problem in result.problems:
            print(f"        {result.file}: {problem}")
    say(f"{count(ran, 'case')}, {failed} failed")
    return exits.FINDINGS if failed else exits.DONE


def _chosen(fleet: Fleet, names: list[str]) -> list[Blueprint]:
    unknown = [name for name in names if name not in fleet.blueprints]
    if unknown:
        place = Place("command line")
        raise Rejected(
            error("X003", f"there is no blueprint {n!r}", place, hint=did_you_mean(n, fleet.blueprints))
            for n in unknown
        )
    return [
        fleet.blueprints[n][major] for n in sorted(names or fleet.blueprints) for major in sorted(fleet.blueprints[n])
    ]
