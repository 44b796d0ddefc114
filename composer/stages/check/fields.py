"""Every object follows the schema of its kind in the site's Kubernetes version."""

from __future__ import annotations

from collections.abc import Iterable

from composer.diagnostic import Diagnostic, Rejected, did_you_mean
from composer.stages.check.finding import finding
from composer.stages.check.objects import Subject
from composer.stages.check.schemas import Kind, Schemas


def check_fields(subjects: Iterable[Subject], schemas: Schemas) -> tuple[list[Subject], list[Diagnostic]]:
    """The subjects that follow their schema, so that rules may trust it; and what is wrong with the rest."""
    sound: list[Subject] = []
    findings: list[Diagnostic] = []
    for subject in subjects:
        try:
            kind = schemas.kind(subject.api_version, subject.kind)
        except Rejected as rejected:
            findings += rejected.diagnostics
            continue
        if kind is None:
            findings.append(_unknown(subject, schemas))
        elif _accepts(kind, subject):
            sound.append(subject)
        else:
            findings += _explained(subject, kind)
    return sound, findings


def _accepts(kind: Kind, subject: Subject) -> bool:
    try:
        return kind.accepts(subject.object)
    except ValueError:  # a value that JSON cannot hold
        return False


def _explained(subject: Subject, kind: Kind) -> Iterable[Diagnostic]:
    from composer.stages.check.explain import explain  # noqa: PLC0415 - seldom needed

    for misfit in explain(subject.object, kind.schema):
        if not (subject.kind == "Secret" and misfit.route[:1] in _SECRET):
            yield finding(misfit.code, subject, misfit.route, misfit.message, hint=misfit.hint)


_SECRET = (("data",), ("stringData",))
"""Fields whose values are shown to nobody. That a Secret has them at all is a finding of its own."""


def _unknown(subject: Subject, schemas: Schemas) -> Diagnostic:
    if "." in subject.group and subject.group not in schemas.groups:
        message = f"is of {subject.api_version}, a custom resource without a schema"
        hint = "add its schema with `composer crds import FILE`, where FILE holds its CustomResourceDefinition"
        return finding("K003", subject, (), message, hint=hint)
    others = schemas.api_versions(subject.kind)
    if others:
        message = f"is {subject.api_version}, in which Kubernetes {schemas.version} has no {subject.kind}"
        return finding("K002", subject, ("apiVersion",), message, hint=f"{subject.kind} is in {', '.join(others)}")
    message = f"is {subject.kind}, which Kubernetes {schemas.version} does not have in {subject.api_version}"
    hint = did_you_mean(subject.kind, schemas.kinds(subject.api_version))
    return finding("K002", subject, ("kind",), message, hint=hint)
