"""A rule's finding: it names object and field, and points at the template and the document behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from composer.diagnostic import Diagnostic, Related, Severity, error
from composer.model.fieldpath import path_text
from composer.source.document import Route
from composer.stages.check.objects import Subject
from composer.stages.check.places import place_of, written_at


def finding(
    code: str,
    subject: Subject,
    route: Route,
    message: str,
    *,
    hint: str = "",
    related: Iterable[Related] = (),
) -> Diagnostic:
    """An error in the field at *route*: "Kind/name: field.path message"."""
    text = f"{subject.label}: {path_text(route)} {message}" if route else f"{subject.label} {message}"
    rendered = subject.rendered
    behind = written_at(rendered.component)
    return error(code, text, place_of(rendered, route), hint=hint, related=[*related, *behind])


def remark(code: str, subject: Subject, route: Route, message: str, *, hint: str = "") -> Diagnostic:
    """The same as a warning."""
    return replace(finding(code, subject, route, message, hint=hint), severity=Severity.WARNING)


def elsewhere(message: str, subject: Subject, route: Route = ()) -> Related:
    """Another object that matters for a finding."""
    return Related(message, place_of(subject.rendered, route))
