"""The one type for findings: what is wrong, where the person wrote it, and what to do about it.

Bottom of the import order. A stage collects diagnostics and returns them; only the command line shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Errors stop the site they belong to; warnings do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file: *line* and *column* count from 1, and 0 means the file as a whole.

    *source* is the text of that line as the person wrote it ("" where there is none to show) and *width*
    the number of characters the caret should underline.
    """

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def hidden(self) -> Place:
        """The same spot with stars for what the caret underlines, which may be a secret."""
        start, end = self.column - 1, self.column - 1 + self.width
        marked = "*" * len(self.source[start:end])
        return replace(self, source=f"{self.source[:start]}{marked}{self.source[end:]}")


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that matters for a finding, such as "set here" or "declared here"."""

    message: str
    place: Place


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. *code* is stable and explained in docs/diagnostics.md; *site* is the site it belongs to, if any."""

    code: str
    message: str
    place: Place
    severity: Severity = Severity.ERROR
    hint: str = ""
    related: tuple[Related, ...] = ()
    site: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def at_site(self, site: str) -> Diagnostic:
        """The same finding, marked as belonging to *site*."""
        return replace(self, site=site)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it was found, and the related places."""
        return (self.place, *(related.place for related in self.related))

    def at_files(self, names: Mapping[str, str]) -> Diagnostic:
        """The same finding, with other names for files; those that *names* does not have stay."""
        place, *others = (replace(place, file=names.get(place.file, place.file)) for place in self.places)
        related = (replace(each, place=other) for each, other in zip(self.related, others, strict=True))
        return replace(self, place=place, related=tuple(related))

    def sort_key(self) -> tuple[str, int, int, str, str, str]:
        """A total order: by file, line and column, then by code, message and site."""
        return (self.place.file, self.place.line, self.place.column, self.code, self.message, self.site)


class Rejected(Exception):  # noqa: N818 - a verdict on the input, not a malfunction
    """Raised where a stage cannot go on; carries every finding made until then (at least one error)."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(f"{d.place}: {d.code} {d.message}" for d in self.diagnostics))


def error(code: str, message: str, place: Place, *, hint: str = "", related: Iterable[Related] = ()) -> Diagnostic:
    """A finding that stops its site."""
    return Diagnostic(code, message, place, Severity.ERROR, hint, tuple(related))


def warning(code: str, message: str, place: Place, *, hint: str = "", related: Iterable[Related] = ()) -> Diagnostic:
    """A finding that is shown but stops nothing."""
    return Diagnostic(code, message, place, Severity.WARNING, hint, tuple(related))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings without doubles, in their total order."""
    return sorted(dict.fromkeys(diagnostics), key=Diagnostic.sort_key)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the findings is an error."""
    return any(d.is_error for d in diagnostics)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the nearest of *known*, or "" where nothing is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed once something is wrong

    near = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""
