"""Warnings as plain data for the cache: every text is written once, and so is what many sites are told alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Place, Related, Severity

Warnings = tuple[Diagnostic, ...]
"""What a site was told that is no error, in its order and without the site's name, so that sites told alike are equal."""


def warnings_of(findings: Iterable[Diagnostic]) -> Warnings:
    """The findings of a site that has no errors, as the cache keeps them. Raises ValueError for an error."""
    kept = tuple(finding.at_site("") for finding in findings)
    if any(finding.is_error for finding in kept):
        raise ValueError("an error is not kept")
    return kept


def mentioned(warnings: Warnings) -> Iterator[Place]:
    """Every place that the warnings name or quote."""
    for warning in warnings:
        yield warning.place
        yield from (related.place for related in warning.related)


def warnings_data(groups: Iterable[Warnings]) -> dict[str, list[Any]]:
    """The warnings of each group: "texts" lists all words, "groups" has their numbers in place of them."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    def place(spot: Place) -> list[int]:
        return [number(spot.file), spot.line, spot.column, number(spot.source), spot.width]

    def row(warning: Diagnostic) -> list[Any]:
        words = [number(text) for text in (warning.code, warning.severity, warning.message, warning.hint)]
        return [words, place(warning.place), [[number(r.message), place(r.place)] for r in warning.related]]

    numbered = [[row(warning) for warning in group] for group in groups]
    return {"texts": list(texts), "groups": numbered}


def warnings_from(data: Mapping[str, Any]) -> list[Warnings]:
    """What `warnings_data` was made of. Raises KeyError, IndexError, TypeError or ValueError for anything else."""
    texts = [str(text) for text in data["texts"]]
    return [warnings_of(_warning(texts, row) for row in group) for group in data["groups"]]


def _warning(texts: Sequence[str], row: Any) -> Diagnostic:
    (code, severity, message, hint), place, related = row
    others = tuple(Related(texts[text], _place(texts, at)) for text, at in related)
    return Diagnostic(texts[code], texts[message], _place(texts, place), Severity(texts[severity]), texts[hint], others)


def _place(texts: Sequence[str], place: Any) -> Place:
    file, line, column, source, width = place
    return Place(texts[file], int(line), int(column), texts[source], int(width))
