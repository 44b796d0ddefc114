"""`composer publish`: one commit on the branch of each site that changes."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import add_findings_format, count, first_few, say, show_findings
from composer.diagnostic import Rejected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    add_findings_format(parser)
    parser.add_argument("--adopt", action="store_true", help="overwrite what others committed to the branches")
    parser.add_argument("--allow-shrink", action="store_true", help="publish volumes that become smaller")
    parser.add_argument("--allow-dirty", action="store_true", help="publish changes that are not committed")


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.publish import publish_sites

    fleet, findings = open_fleet(arguments)
    names = chosen_sites(fleet, arguments)
    try:
        published = publish_sites(
            fleet,
            names,
            jobs(arguments),
            adopt=arguments.adopt,
            allow_dirty=arguments.allow_dirty,
            shrink=arguments.allow_shrink,
        )
    except Rejected as refused:
        show_findings(refused.diagnostics, arguments.findings_format, stream=sys.stderr)
        return exits.REFUSED
    show_findings([*findings, *published.findings], arguments.findings_format, stream=sys.stderr)
    committed = [r for r in published.results if r.outcome == "published"]
    for result in committed:
        print(f"{result.branch} {result.commit[:12]} {result.summary}")
    unchanged = len(published.unchanged) + sum(r.outcome == "unchanged" for r in published.results)
    failed = [*published.failed, *(r.site for r in published.results if r.outcome in ("failed", "moved", "refused"))]
    say(f"{count(len(committed), 'site')} published, {unchanged:,} unchanged, in {published.repository}")
    if failed:
        say(f"{count(len(failed), 'site')} not published: {first_few(failed)}")
    done = len(committed) + unchanged
    if not done and any(r.outcome == "refused" for r in published.results):
        return exits.REFUSED
    return exits.partly(done, len(failed))
