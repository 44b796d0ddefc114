"""`composer bundle`: a site's branch as an OCI image layout, for sites without a connection to Git."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import one_site, open_fleet
from composer.cli.show import add_findings_format, count, say, show_findings
from composer.diagnostic import Rejected

DEFAULT = "out/bundles"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", metavar="SITE", help="the site")
    parser.add_argument("-o", dest="output", metavar="DIR", help=f"the folder (default: {DEFAULT}/SITE of the fleet)")
    parser.add_argument("--allow-dirty", action="store_true", help="pack changes that are not committed")
    add_findings_format(parser)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.bundle import write_bundle
    from composer.pipeline.committed import committed
    from composer.pipeline.output import check_output, no_links_from

    watching("the folder may hold parts of the old and the new bundle, and the same command does the rest")
    fleet, findings = open_fleet(arguments)
    site = one_site(fleet, arguments.site)
    working = Path.cwd() if arguments.output else fleet.root
    folder = Path(os.path.abspath(working / (arguments.output or f"{DEFAULT}/{site}")))  # noqa: PTH100 - resolve would follow links
    check_output(fleet, folder)
    try:
        source = committed(fleet, allow_dirty=arguments.allow_dirty)
        done = write_bundle(fleet, site, source, folder, no_links_from(fleet, folder, working))
    except Rejected as refused:
        show_findings(refused.diagnostics, arguments.findings_format, stream=sys.stderr)
        return exits.REFUSED
    show_findings([*findings, *done.findings], arguments.findings_format, stream=sys.stderr)
    if done.packed is None:
        return exits.FINDINGS
    print(f"oci:{folder}:{done.packed.tag} {done.packed.digest}")
    say(f"site {site} packed, {count(done.changed, 'file')} changed")
    if done.address:
        target = f"{done.address.replace('oci://', 'docker://', 1)}:{done.packed.tag}"
        say(f"to the registry: skopeo copy oci:{folder}:{done.packed.tag} {target}")
    return exits.DONE
