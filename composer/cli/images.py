"""`composer images`: the container images of sites, ready for a mirror."""

from __future__ import annotations

import argparse
import sys

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_selectors, chosen_sites, jobs, open_fleet
from composer.cli.show import count, first_few, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selectors(parser)
    parser.add_argument(
        "--format", choices=("text", "json", "list"), default="text", help="how they are shown (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.model.inventory import by_image
    from composer.pipeline.images import site_images
    from composer.report.images import FORMATS

    fleet, findings = open_fleet(arguments)
    progress = watching()
    found = site_images(fleet, chosen_sites(fleet, arguments), jobs(arguments), progress)
    progress.clear()
    images = by_image({site.site: site.needs for site in found})
    sys.stdout.write(FORMATS[arguments.format](images))
    findings += [finding for site in found for finding in site.findings]
    show_findings(findings, "full", stream=sys.stderr)
    failed = [site.site for site in found if not site.ok]
    say(f"{count(len(images), 'image')} of {count(len(found) - len(failed), 'site')}")
    if failed:
        say(f"{count(len(failed), 'site')} failed, whose images are missing: {first_few(failed)}")
    return exits.partly(len(found) - len(failed), len(failed))
