"""The command line: parse, call one function, show, return an exit code. The only part that prints."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from composer import __version__
from composer.cli import exits
from composer.cli.progress import leave, on_interrupt
from composer.cli.streams import open_streams
from composer.cli.words import Parser
from composer.diagnostic import Rejected

COMMANDS = {
    "init": "make a first fleet in a new folder",
    "validate": "check every site without writing anything",
    "render": "write the manifests of sites to a folder",
    "diff": "show what publishing would change",
    "publish": "commit the manifests to the site branches",
    "remove": "retire sites: their documents, then their branches",
    "verify": "prove that the branches are what their recorded commits render to",
    "rollback": "publish an earlier state of a site again, and hold it there",
    "status": "show what clusters applied of their branches",
    "capacity": "show what sites need and get, and what binds first",
    "explain": "tell where a value comes from, or what a diagnostic code means",
    "images": "list the container images of sites, ready for a mirror",
    "bootstrap": "print what is applied once at a cluster so that it follows its branch",
    "new": "make a document from a form",
    "bundle": "pack a site's branch for a registry, for sites without a connection to Git",
    "set": "change values in a document, keeping its comments",
    "upgrade": "move sites to another version of a blueprint",
    "isolation": "tell who may do what at a site, what is shared, and what holds the limits",
    "test": "run the cases of blueprints",
    "schema": "write a schema of documents for editors",
    "ci": "write the comment of a pull request",
    "crds": "add schemas of custom resources",
}
"""Command -> one line of help. The module composer.cli.<command> has `add_arguments(parser)` and `run(arguments)`."""


COLLECT = (50_000, 20, 100)
"""When Python looks for cycles of garbage (`gc.set_threshold`): a site leaves few, and looking costs more than they do."""


def parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of all commands. Only *command*'s own module is imported, because start-up time counts."""
    top = Parser(
        prog="composer",
        description="Turns short YAML documents about edge sites into complete Kubernetes manifests on Git branches.",
        epilog="Exit codes: 0 done, 1 findings, 2 usage, 3 some sites failed, 4 stale, 5 refused, 10 changes found.",
    )
    top.add_argument("--version", action="version", version=f"composer {__version__}")
    top.add_argument(
        "-C", dest="fleet", metavar="DIR", type=Path, default=Path(), help="the fleet's folder (default: this one)"
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == command:
            import_module(f"composer.cli.{name}").add_arguments(sub)
    return top


def main(words: Sequence[str]) -> int:
    """Runs one command and returns its exit code."""
    arguments = parser(_command(words)).parse_args(words)
    try:
        code: int = import_module(f"composer.cli.{arguments.command}").run(arguments)
    except Rejected as rejected:
        from composer.cli.show import show_findings

        chosen = getattr(arguments, "findings_format", "full")
        show_findings(rejected.diagnostics, chosen, stream=sys.stderr, fleet=arguments.fleet.resolve())
        return exits.USAGE
    return code


def _command(words: Sequence[str]) -> str:
    """The first word that is neither an option nor the folder of -C."""
    pairs = zip(("", *words), words, strict=False)
    return next((word for before, word in pairs if before != "-C" and not word.startswith("-")), "")


def run() -> None:
    """The console script."""
    signal.signal(signal.SIGINT, on_interrupt)
    gc.set_threshold(*COLLECT)
    output = open_streams()
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except Exception as bug:
        code = _report(bug)
    if output.lost and not isinstance(output.lost, BrokenPipeError):
        print(f"composer: standard output could not be written: {output.lost.strerror}", file=sys.stderr)
        code = code or exits.USAGE
    leave(code)


def _report(bug: Exception) -> int:
    import traceback

    traceback.print_exception(bug, file=sys.stderr)
    print(
        f"composer {__version__}: this is a bug in the composer; please report it with the lines above",
        f"and the command, {_without_values(sys.argv[1:])}, having looked whether they tell what nobody should know",
        sep="\n",
        file=sys.stderr,
    )
    return exits.BUG


def _without_values(words: Sequence[str]) -> str:
    """The command line without names and what options say, which may be nobody else's business."""
    command = _command(words)
    kept = [word for word in words if word == command or word[:1] == "-"]
    return " ".join(
        ["composer", *(w.partition("=")[0] if w[:2] == "--" else w[:2] if w[:1] == "-" else w for w in kept)]
    )
