"""What the command line prints: findings in the chosen format, and summaries."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from composer.diagnostic import Diagnostic, in_order

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


def show_findings(findings: Iterable[Diagnostic], chosen: str, *, stream: TextIO) -> None:
    """Prints the findings in order. Formats that machines read are printed even where there is nothing to tell."""
    ordered = in_order(findings)
    if not ordered and chosen in ("full", "concise", "github"):
        return
    from composer.report.diagnostics import render

    print(render(ordered, chosen, colour=chosen == "full" and stream.isatty()), end="", file=stream)


def say(*lines: str) -> None:
    """Progress and summaries, which go to stderr so that results can be piped."""
    for line in lines:
        print(line, file=sys.stderr)


def count(number: int, noun: str, plural: str = "") -> str:
    """ "1 site", "2 sites"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first_few(names: Sequence[str], most: int = 5) -> str:
    """The names, cut after *most* with how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
