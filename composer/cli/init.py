"""`composer init`: a first fleet that renders, with what a team needs around it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.show import count, say

if TYPE_CHECKING:
    from composer.pipeline.requirement import Origin


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
    parser.add_argument(
        "--composer",
        default="",
        metavar="ADDRESS",
        help="where CI gets the composer from: a git address (git+https://...@REVISION), the address of a wheel, or a wheel, "
        "of which the fleet keeps a copy (default: where this one was installed or cloned from, else the index that pip asks)",
    )


def run(arguments: argparse.Namespace) -> int:
    from composer.model.names import is_label
    from composer.pipeline.create import put_file
    from composer.pipeline.requirement import ANY_INDEX, origin_named
    from composer.pipeline.schemas import FILE, FOLDER, editor_schema
    from composer.pipeline.starter import FORGES, Wishes, starter_files, write_starter
    from composer.stages.load import load_fleet

    folder: Path = arguments.fleet / arguments.folder
    called = folder.resolve().name
    name = arguments.name or (called if is_label(called) else Wishes().name)
    origin = origin_named(arguments.composer, Path()) if arguments.composer else _installed_from()
    forges = tuple(arguments.forge or FORGES)
    wishes = Wishes(name, arguments.engine, forges, arguments.repository, arguments.url, origin)
    files = starter_files(wishes)
    write_starter(folder, files)
    schema, _ = editor_schema(load_fleet(folder.resolve())[0])
    put_file(folder, f"{FOLDER}/{FILE}", schema)
    say(f"{count(len(files) + 1, 'file')} written to {folder}; README.md there says what is what. Next:")
    say(*(f"  {step}" for step in _next_steps(folder)))
    if origin == ANY_INDEX:
        say(
            f"In CI, pip looks for {origin.line(','.join(forges))} in its index.",
            "Where that has none, requirements.txt tells how to name a git address or a wheel instead.",
        )
    return exits.DONE


def _installed_from() -> Origin:
    """Where this composer was installed from, as far as others can get it there, too."""
    from importlib.metadata import PackageNotFoundError, distribution

    from composer.pipeline.requirement import ANY_INDEX, DISTRIBUTION, origin_recorded

    try:
        return origin_recorded(distribution(DISTRIBUTION).read_text("direct_url.json") or "")
    except (PackageNotFoundError, OSError, ValueError):
        return ANY_INDEX


def _next_steps(folder: Path) -> Iterator[str]:
    if folder.resolve() != Path.cwd():
        yield f"cd {shlex.quote(str(folder))}"
    if not (folder / ".git").exists():
        yield "git init --initial-branch main"
    yield from ("composer validate", "composer render")
