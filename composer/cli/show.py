"""What the command line prints: findings in the chosen format, and summaries."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from composer.diagnostic import Diagnostic, in_order
from composer.model.wording import count, first_few

if TYPE_CHECKING:
    from composer.source.document import Document

__all__ = ["add_findings_format", "count", "difference", "first_few", "say", "show_findings"]

_OF_REPOSITORY = ("github", "gitlab", "sarif")
FINDING_FORMATS = ("full", "concise", "json", "github", "gitlab", "sarif", "junit")


def add_findings_format(parser: argparse.ArgumentParser, option: str = "--format") -> None:
    parser.add_argument(
        option,
        dest="findings_format",
        choices=FINDING_FORMATS,
        default="full",
        metavar="FORMAT",
        help=f"how findings are shown: {', '.join(FINDING_FORMATS)} (default: full)",
    )


def show_findings(findings: Iterable[Diagnostic], chosen: str, *, stream: TextIO, fleet: Path | None = None) -> None:
    """Prints the findings in order. Formats that machines read are printed even where there is nothing to tell.

    Formats that a forge lays over its repository name files from there on, wherever in it the folder *fleet* lies.
    """
    ordered = in_order(findings)
    if ordered and fleet and chosen in _OF_REPOSITORY:
        ordered = _from_root(ordered, fleet)
    if not ordered and chosen in ("full", "concise", "github"):
        return
    from composer.report.diagnostics import render

    print(render(ordered, chosen, colour=chosen == "full" and stream.isatty()), end="", file=stream)


def _from_root(findings: Sequence[Diagnostic], fleet: Path) -> list[Diagnostic]:
    """The findings with the fleet's files named from the root of its repository on."""
    from composer.git.lines import place_in_repository

    prefix = place_in_repository(fleet)
    if not prefix:
        return list(findings)
    files = {place.file for finding in findings for place in finding.places}
    own = {file: f"{prefix}{file}" for file in sorted(files) if file and (fleet / file).exists()}
    return [finding.at_files(own) for finding in findings]


def say(*lines: str) -> None:
    """Progress and summaries, which go to stderr so that results can be piped."""
    for line in lines:
        print(line, file=sys.stderr)


def difference(before: Document, after: Document) -> list[str]:
    """The lines of a unified diff of two versions of a document, made harmless for terminals and CI systems."""
    import difflib

    from composer.report.visible import inert, visible

    old, new = (document.text.removesuffix("\n").split("\n") for document in (before, after))
    found = difflib.unified_diff(old, new, f"a/{before.file}", f"b/{after.file}", lineterm="")
    return [inert(visible(line.removesuffix("\r"))) + "\n" for line in found]
