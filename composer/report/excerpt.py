"""Findings for people: the line as it stands in the file, a caret below it, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from composer.diagnostic import Place, Severity
from composer.report.grouping import Finding, counts, sites_of
from composer.report.visible import visible

_RESET, _BOLD, _BLUE = "\x1b[0m", "\x1b[1m", "\x1b[1;34m"
_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.NOTE: "\x1b[1;36m"}

Paint = Callable[[str, str], str]
"""Puts a colour on a text, or leaves it as it is."""


def full(findings: Sequence[Finding], *, colour: bool = False) -> str:
    """Every finding with its source lines, related places and hint, then a line that counts them."""
    paint = _coloured if colour else _plain
    blocks = ["\n".join(_block(finding, paint)) for finding in findings]
    return "\n\n".join([*blocks, _summary(findings)]) + "\n"


def _block(finding: Finding, paint: Paint) -> Iterator[str]:
    diagnostic = finding.diagnostic
    shade = _COLOURS[diagnostic.severity]
    places = [diagnostic.place, *(related.place for related in diagnostic.related)]
    margin = " " * max(len(str(place.line)) for place in places)
    heading = paint(shade, f"{diagnostic.severity}[{visible(diagnostic.code)}]")
    yield heading + paint(_BOLD, f": {visible(diagnostic.message)}")
    if diagnostic.place.file:
        yield f"{margin}{paint(_BLUE, '-->')} {visible(str(diagnostic.place))}"
        yield from _excerpt(diagnostic.place, margin, "^", shade, paint)
    for related in diagnostic.related:
        yield f"{margin}{paint(_BLUE, ':::')} {visible(str(related.place))}: {visible(related.message)}"
        yield from _excerpt(related.place, margin, "-", _BLUE, paint)
    if diagnostic.hint:
        yield f"{margin} {paint(_BLUE, '=')} hint: {visible(diagnostic.hint)}"
    if finding.sites:
        yield f"{margin} {paint(_BLUE, '=')} {visible(sites_of(finding))}"


def _excerpt(place: Place, margin: str, mark: str, shade: str, paint: Paint) -> Iterator[str]:
    if not place.line or not place.source:
        return
    bar = paint(_BLUE, "|")
    yield f"{margin} {bar}"
    yield f"{paint(_BLUE, str(place.line).rjust(len(margin)))} {bar} {visible(place.source)}"
    if place.column <= len(place.source) + 1:  # of a very long line only the beginning is kept
        before, marked = place.source[: place.column - 1], place.source[place.column - 1 :][: place.width]
        yield f"{margin} {bar} {' ' * _columns(before)}{paint(shade, mark * max(_columns(marked), 1))}"


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes when shown: wide characters two, combining ones none."""
    shown = visible(text)
    if shown.isascii():
        return len(shown)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in shown)
    return len(shown) + wide - sum(unicodedata.combining(char) != 0 for char in shown)


def _summary(findings: Sequence[Finding]) -> str:
    parts = [
        f"{count:,} {severity}{'' if count == 1 else 's'}" for severity, count in counts(findings).items() if count
    ]
    return ", ".join(parts) or "no findings"


def _coloured(colour: str, text: str) -> str:
    return f"{colour}{text}{_RESET}"


def _plain(_colour: str, text: str) -> str:
    return text
