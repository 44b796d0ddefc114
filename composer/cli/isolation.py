"""`composer isolation`: who may do what at a site, what is shared, and what holds the limits."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.select import one_site, open_fleet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", metavar="SITE", help="the site")
    parser.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", help="how it is shown (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.isolation import isolation
    from composer.pipeline.line import Line
    from composer.pipeline.run import in_time
    from composer.report.isolation import FORMATS

    fleet, _ = open_fleet(arguments)
    line, site = Line(fleet), one_site(fleet, arguments.site)
    with in_time(fleet, site):
        wiring = line.wire(site)
        objects = line.rendered(wiring)
    sys.stdout.write(FORMATS[arguments.format](isolation(wiring, objects)))
    return exits.DONE
