"""`composer init`: a first fleet that renders, with what a team needs around it."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli import exits
from composer.cli.show import count, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from composer.pipeline.starter import ENGINES, FORGES

    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")
    parser.add_argument(
        "--name", default="", help="what the fleet is called (default: as the folder, where that will do)"
    )
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="what applies branches (default: flux)")
    parser.add_argument("--forge", choices=FORGES, action="append", help="whose workflows are written (default: all)")
    parser.add_argument(
        "--repository",
        default="",
        metavar="ADDRESS",
        help="the delivery repository (default: out/delivery.git, to try)",
    )
    parser.add_argument(
        "--url",
        default="",
        metavar="ADDRESS",
        help="where clusters fetch it from (default: the address of --repository)",
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.model.names import is_label
    from composer.pipeline.create import put_file
    from composer.pipeline.schemas import FILE, FOLDER, editor_schema
    from composer.pipeline.starter import FORGES, Wishes, starter_files, write_starter
    from composer.stages.load import load_fleet

    folder: Path = arguments.fleet / arguments.folder
    called = folder.resolve().name
    name = arguments.name or (called if is_label(called) else Wishes().name)
    wishes = Wishes(name, arguments.engine, tuple(arguments.forge or FORGES), arguments.repository, arguments.url)
    files = starter_files(wishes)
    write_starter(folder, files)
    schema, _ = editor_schema(load_fleet(folder.resolve())[0])
    put_file(folder, f"{FOLDER}/{FILE}", schema)
    say(
        f"{count(len(files) + 1, 'file')} written to {folder}; README.md there says what is what. Next:",
        f"  cd {folder} && git init",
        "  composer validate",
        "  composer render",
    )
    return exits.DONE
