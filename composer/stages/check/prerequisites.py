"""What a site's objects take for granted: kinds, namespaces and objects that somebody else puts at the cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from composer.diagnostic import Diagnostic
from composer.model.prerequisites import Expected
from composer.model.stack import Rendered
from composer.stages.check.context import CheckContext
from composer.stages.check.fields import check_fields
from composer.stages.check.mentions import ANY_NAMESPACE, text_at
from composer.stages.check.objects import Identity, Subject, subject_of
from composer.stages.check.references import EXTERNAL_SECRETS, is_built_in, made_secrets, mentions_in
from composer.stages.check.site import Site

ALWAYS_THERE = frozenset({"", "default", "kube-node-lease", "kube-public", "kube-system"})
"""Namespaces of every cluster, and that of objects without one."""


def site_of(objects: Sequence[Rendered], context: CheckContext) -> tuple[Site, list[Diagnostic]]:
    """The objects, ready to be asked about, and where they do not follow their schemas."""
    schemas, _ = context.schemas()
    subjects = [subject for subject in map(subject_of, objects) if subject is not None]
    sound, findings = check_fields(subjects, schemas)
    return Site(context, schemas, subjects, sound), findings


def custom_kinds(site: Site) -> tuple[tuple[str, str], ...]:
    """(apiVersion, kind) of every custom resource among the objects, sorted."""
    return tuple(sorted({(s.api_version, s.kind) for s in site.subjects if s.group not in site.schemas.groups}))


def expected_namespaces(site: Site, expected: Sequence[Expected]) -> tuple[str, ...]:
    """The namespaces that the objects and what they expect lie in, and that are not among the objects; sorted."""
    used = {subject.namespace for subject in site.subjects} | {each.namespace for each in expected}
    return tuple(sorted(used - site.namespaces.keys() - ALWAYS_THERE))


def expected_objects(site: Site, copied: Collection[tuple[str, str]]) -> tuple[Expected, ...]:
    """What the objects mention and nobody at the site makes, sorted by identity.

    *copied* are Secrets that lie on the branch encrypted: (namespace, name).
    """
    secrets = {*made_secrets(site), *copied}
    needed: dict[Identity, set[str]] = {}
    for subject, identity in _absent(site, secrets):
        needed.setdefault(identity, set()).add(subject.label)
    return tuple(Expected(*identity, needed_by=tuple(sorted(needed[identity]))) for identity in sorted(needed))


def _absent(site: Site, secrets: Collection[tuple[str, str]]) -> Iterator[tuple[Subject, Identity]]:
    anywhere = {name for _, name in secrets}
    for subject, mention in mentions_in(site):
        identity = (mention.group, mention.kind, mention.namespace, mention.name)
        if not mention.name or identity in site.identities or is_built_in(mention):
            continue
        if identity[:2] == ("", "Secret"):
            if (mention.namespace, mention.name) in secrets:
                continue
            if mention.namespace == ANY_NAMESPACE:
                if mention.name in anywhere:
                    continue
                identity = ("", "Secret", "", mention.name)
        yield subject, identity
    yield from _stores(site)


def _stores(site: Site) -> Iterator[tuple[Subject, Identity]]:
    """The secret stores that ExternalSecrets read from."""
    for subject in site.of_kind(EXTERNAL_SECRETS, "ExternalSecret"):
        kind = text_at(subject.object, "spec", "secretStoreRef", "kind") or "SecretStore"
        namespace = subject.namespace if kind == "SecretStore" else ""
        identity = (EXTERNAL_SECRETS, kind, namespace, text_at(subject.object, "spec", "secretStoreRef", "name"))
        if identity not in site.identities:
            yield subject, identity
