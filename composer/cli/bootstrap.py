"""`composer bootstrap`: what is applied once at a cluster so that it follows its branch."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.select import one_site, open_fleet
from composer.cli.show import show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", metavar="SITE", help="the site")
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml", help="how it is shown (default: yaml)")


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.bootstrap import bootstrap
    from composer.report.bootstrap import FORMATS

    fleet, findings = open_fleet(arguments)
    found = bootstrap(fleet, one_site(fleet, arguments.site))
    show_findings([*findings, *found.findings], "full", stream=sys.stderr)
    if found.bootstrap is None:
        return exits.FINDINGS
    sys.stdout.write(FORMATS[arguments.format](found.bootstrap))
    return exits.DONE
