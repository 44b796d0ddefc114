"""`composer schema export`: a schema with which editors complete and check documents, blueprints' parameters included."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from composer.cli import exits
from composer.cli.select import open_fleet
from composer.cli.show import add_findings_format, say, show_findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from composer.pipeline.schemas import FILE, FOLDER

    actions = parser.add_subparsers(dest="action", metavar="export", required=True)
    summary = "write a JSON Schema of all documents, with the fleet's blueprints and their parameters"
    export = actions.add_parser("export", help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    export.add_argument("-o", dest="output", type=Path, metavar="DIR", help=f"folder of {FILE} (default: {FOLDER}/)")
    add_findings_format(export)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.create import put_file
    from composer.pipeline.schemas import FILE, FOLDER, editor_schema

    fleet, _ = open_fleet(arguments)
    schema, findings = editor_schema(fleet)
    show_findings(findings, arguments.findings_format, stream=sys.stderr)
    root, path = (fleet.root, f"{FOLDER}/{FILE}") if arguments.output is None else (arguments.output, FILE)
    changed = put_file(root, path, schema)
    print(path if arguments.output is None else root / path)
    say("written" if changed else "unchanged")
    return exits.FINDINGS if findings else exits.DONE
