"""`composer publish`: one commit on the branch of each site that changes."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, has_selectors, jobs, open_fleet
from composer.cli.show import add_findings_format, count, first_few, say, show_findings
from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet

if TYPE_CHECKING:
    from composer.pipeline.publish import Order, Published
    from composer.report.outcomes import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    add_findings_format(parser)
    parser.add_argument("--plan", metavar="FILE", type=Path, help="publish exactly what `diff --save` wrote to FILE")
    parser.add_argument("--keep-going", action="store_true", help="with --plan: leave out sites that are stale")
    parser.add_argument("--adopt", action="store_true", help="overwrite what others committed to the branches")
    parser.add_argument("--allow-shrink", action="store_true", help="publish volumes that become smaller")
    parser.add_argument("--move", action="store_true", help="publish sites that go to another repository now")
    parser.add_argument("--allow-removal", action="store_true", help="publish although much disappears")
    parser.add_argument("--allow-dirty", action="store_true", help="publish changes that are not committed")


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.publish import publish_sites
    from composer.pipeline.review import Stale

    if arguments.keep_going and not arguments.plan:
        raise Rejected([error("X002", "--keep-going goes with --plan", Place("command line"))])
    fleet, findings = open_fleet(arguments)
    progress = watching("no branch has moved")
    order = replace(_order(fleet, arguments), watch=progress)
    try:
        published = publish_sites(fleet, order)
        progress.clear()
    except Rejected as refused:
        progress.clear()
        show_findings(refused.diagnostics, arguments.findings_format, stream=sys.stderr, fleet=fleet.root)
        if not isinstance(refused, Stale):
            return exits.REFUSED
        say("nothing was published; --keep-going publishes the sites that are still what was reviewed")
        return exits.STALE
    show_findings([*findings, *published.findings], arguments.findings_format, stream=sys.stderr, fleet=fleet.root)
    code = _tell(fleet, published)
    return exits.INTERRUPTED if progress.interrupted else code


def _order(fleet: Fleet, arguments: argparse.Namespace) -> Order:
    """What is asked for. Raises Rejected for a plan that cannot be used."""
    from composer.pipeline.deliveries import Sharding
    from composer.pipeline.plan_file import read_plan
    from composer.pipeline.publish import Order
    from composer.pipeline.review import check_plan, pins_of

    pins = None
    if arguments.plan:
        plan = read_plan(arguments.plan)
        check_plan(fleet, plan, Sharding(fleet).all_portable)
        names = chosen_sites(fleet, arguments) if has_selectors(arguments) else list(plan.sites)
        pins = pins_of(plan, [name for name in names if name in arguments.sites or name in plan.sites])
    return Order(
        chosen_sites(fleet, arguments) if pins is None else list(pins),
        jobs(arguments),
        adopt=arguments.adopt,
        shrink=arguments.allow_shrink,
        allow_dirty=arguments.allow_dirty,
        move=arguments.move,
        removal=arguments.allow_removal,
        pins=pins,
        keep_going=arguments.keep_going,
    )


HELPS = {
    "moved": "run it again: it is compared anew",
    "broken off": "run it again: it does what is left",
    "declined": "a change at the server",
    "refused": "what the finding says",
    "failed": "what the finding says",
}
"""Outcome -> what helps a site that was not published."""


def _tell(fleet: Fleet, published: Published) -> int:
    committed = [r for r in published.results if r.outcome == "published"]
    for result in committed:
        print(f"{result.branch} {result.commit[:12]} {result.summary}")
    unchanged = len(published.unchanged) + sum(r.outcome == "unchanged" for r in published.results)
    say(f"{count(len(committed), 'site')} published, {unchanged:,} unchanged, in {published.repository}")
    left = _left(fleet, published)
    if left:
        from composer.report.outcomes import table

        say(f"{count(len(left), 'site')} not published: {first_few([row.site for row in left])}", "", *table(left))
    done = len(committed) + unchanged
    if not done and published.stale:
        return exits.STALE
    if not done and any(r.outcome == "refused" for r in published.results):
        return exits.REFUSED
    return exits.partly(done, len(left))


def _left(fleet: Fleet, published: Published) -> list[Row]:
    """A row for each site that was not published, by name."""
    from composer.pipeline.branch import branch
    from composer.report.outcomes import Row

    rows = dict.fromkeys(published.failed, ("has errors", "what the findings say"))
    rows |= {r.site: (r.outcome, HELPS[r.outcome]) for r in published.results if not r.outcome.is_done}
    rows |= dict.fromkeys(published.stale, ("stale", "a new plan"))
    return [Row(site, branch(fleet, site), *rows[site]) for site in sorted(rows)]
