"""Each object is one of its kind, and in a namespace where its kind has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean
from composer.stages.check.finding import elsewhere, finding
from composer.stages.check.objects import Subject
from composer.stages.check.site import EXISTING_NAMESPACES, Site


def check_identity(site: Site) -> Iterator[Diagnostic]:
    """No two objects of one group, kind, namespace and name: one would overwrite the other."""
    if len(site.identities) == len(site.subjects):
        return
    for subject in site.subjects:
        first = site.identities[subject.identity]
        if first is not subject:
            where = f" in namespace {subject.namespace}" if subject.namespace else ""
            related = [elsewhere("the other one", first)]
            yield finding("K010", subject, (), f"is rendered twice{where}", related=related)


def check_scope(site: Site) -> Iterator[Diagnostic]:
    """Kinds that have a namespace are given one that exists, the others none."""
    scopes: dict[tuple[str, str], str] = {}
    for subject in site.sound:
        kind = (subject.api_version, subject.kind)
        scope = scopes.get(kind) or scopes.setdefault(kind, site.schemas.scope(*kind))
        if scope == "Namespaced" and not subject.namespace:
            message = "is missing: without it, the object lands wherever somebody applies it"
            yield finding("K011", subject, ("metadata", "namespace"), message)
        elif scope == "Cluster" and subject.namespace:
            message = f"is {subject.namespace!r}; a {subject.kind} belongs to the whole cluster and has none"
            yield finding("K012", subject, ("metadata", "namespace"), message)
        elif subject.namespace and subject.namespace not in site.namespaces:
            yield from _missing_namespace(site, subject)


def _missing_namespace(site: Site, subject: Subject) -> Iterator[Diagnostic]:
    name = subject.namespace
    if name not in EXISTING_NAMESPACES and not names(subject, name):
        hint = did_you_mean(name, site.namespaces) or "a namespace that is there already is one that a parameter names"
        yield finding("K013", subject, ("metadata", "namespace"), f"is {name!r}, which nothing makes", hint=hint)


def names(subject: Subject, name: str) -> bool:
    """Whether the parameters of the object's component hold *name*: then a person vouches for it."""
    return _holds(subject.rendered.component.params, name)


def _holds(value: Any, name: str) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(inner, name) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds(inner, name) for inner in value)
    return bool(value == name)
