"""Whatever an object mentions by name is there: rendered beside it, declared, or part of every cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from composer.diagnostic import Diagnostic, did_you_mean
from composer.stages.check.finding import finding
from composer.stages.check.identity import names
from composer.stages.check.mentions import (
    ANY_NAMESPACE,
    ARGO,
    CERT_MANAGER,
    MENTIONS,
    RBAC,
    Mention,
    mapping_at,
    mentions_of_pod,
    text_at,
)
from composer.stages.check.objects import Identity, Pod, Subject, of_shared
from composer.stages.check.site import Site

BUILT_IN: Mapping[tuple[str, str], frozenset[str]] = {
    ("", "ConfigMap"): frozenset({"kube-root-ca.crt"}),
    ("", "ServiceAccount"): frozenset({"default"}),
    ("scheduling.k8s.io", "PriorityClass"): frozenset({"system-cluster-critical", "system-node-critical"}),
    (ARGO, "AppProject"): frozenset({"default"}),
    (RBAC, "ClusterRole"): frozenset({"admin", "cluster-admin", "edit", "view"}),
}
"""What every cluster has of a kind, in each namespace where the kind has one."""

BY_PARAMETER = frozenset(
    {(CERT_MANAGER, "ClusterIssuer"), (CERT_MANAGER, "Issuer"), ("scheduling.k8s.io", "PriorityClass")}
)
"""Kinds of which a parameter may name one that the cluster has already."""

EXTERNAL_SECRETS = "external-secrets.io"
TLS_KEYS = frozenset({"ca.crt", "tls.crt", "tls.key"})

Keys = frozenset[str] | None
"""The keys of a ConfigMap or Secret, or None where they are not known."""


def check_references(site: Site) -> Iterator[Diagnostic]:
    """Every mention resolves, and every key asked for is there."""
    secrets = _secrets(site)
    there = site.identities.keys()
    for subject, mentions in _mentions(site):
        for mention in mentions.more if mentions.plain <= there else mentions.all:
            if mention.kind == "Secret" and not mention.group:
                yield from _secret(site, secrets, subject, mention)
            else:
                yield from _object(site, subject, mention)


def mentions_in(site: Site) -> Iterator[tuple[Subject, Mention]]:
    """Every mention of every sound object, with the object that makes it."""
    return ((subject, mention) for subject, mentions in _mentions(site) for mention in mentions.all)


def _mentions(site: Site) -> Iterator[tuple[Subject, Mentions]]:
    for kind in MENTIONS:
        for subject in site.of_kind(*kind):
            yield subject, _mentions_of(subject)
    for pod in site.pods:
        yield pod.subject, _mentions_of_template(pod)


class Mentions(NamedTuple):
    """All that an object mentions. Of what is *plain*, only that it is there is asked; *more* holds the rest."""

    all: tuple[Mention, ...]
    plain: frozenset[Identity]
    more: tuple[Mention, ...]


@of_shared
def _mentions_of(subject: Subject) -> Mentions:
    return _sorted(MENTIONS[subject.group, subject.kind](subject))


@of_shared
def _mentions_of_template(pod: Pod) -> Mentions:
    return _sorted(mentions_of_pod(pod))


def _sorted(mentions: Iterable[Mention]) -> Mentions:
    found = tuple(mentions)
    more = tuple([m for m in found if m.keys or (m.kind == "Secret" and not m.group)])
    plain = frozenset([(m.group, m.kind, m.namespace, m.name) for m in found if m not in more])
    return Mentions(found, plain, more)


def _object(site: Site, subject: Subject, mention: Mention) -> Iterator[Diagnostic]:
    target = site.identities.get((mention.group, mention.kind, mention.namespace, mention.name))
    if target is not None:
        if mention.keys:
            yield from _keys(subject, mention, _config_keys(target.object) if mention.kind == "ConfigMap" else None)
    elif not _is_elsewhere(site, subject, mention):
        similar = [name for group, kind, where, name in site.identities if (group, kind, where) == mention[1:4]]
        yield _absent(subject, mention, did_you_mean(mention.name, similar))


def _is_elsewhere(site: Site, subject: Subject, mention: Mention) -> bool:
    """Whether something that is not rendered may well be there."""
    if mention.namespace and not site.knows(mention.namespace):
        return True
    return is_built_in(mention) or ((mention.group, mention.kind) in BY_PARAMETER and names(subject, mention.name))


def is_built_in(mention: Mention) -> bool:
    """Whether every cluster has what is mentioned."""
    kind = (mention.group, mention.kind)
    return mention.name in BUILT_IN.get(kind, ()) or (
        kind == (RBAC, "ClusterRole") and mention.name.startswith("system:")
    )


def _absent(subject: Subject, mention: Mention, hint: str) -> Diagnostic:
    where = f" in namespace {mention.namespace}" if mention.namespace not in ("", ANY_NAMESPACE) else ""
    message = f"is {mention.name!r}, but there is no such {mention.kind}{where}"
    return finding("K030", subject, mention.route, message, hint=hint)


def _keys(subject: Subject, mention: Mention, known: Keys) -> Iterator[Diagnostic]:
    for route, key in mention.keys:
        if known is not None and key not in known:
            message = f"is {key!r}, which {mention.kind}/{mention.name} does not hold"
            hint = did_you_mean(key, known) or f"its keys are {', '.join(sorted(known)) or 'none'}"
            yield finding("K031", subject, route, message, hint=hint)


def _config_keys(config_map: Mapping[str, Any]) -> Keys:
    return frozenset((*config_map.get("data", ()), *config_map.get("binaryData", ())))


def _secret(
    site: Site, secrets: Mapping[tuple[str, str], Keys], subject: Subject, mention: Mention
) -> Iterator[Diagnostic]:
    at = (mention.namespace, mention.name)
    if at in secrets:
        yield from _keys(subject, mention, secrets[at])
    elif mention.namespace == ANY_NAMESPACE:
        if not any(name == mention.name for _, name in secrets):
            yield _absent(subject, mention, "")
    elif not _is_elsewhere(site, subject, mention):
        similar = [name for namespace, name in secrets if namespace == mention.namespace]
        hint = did_you_mean(mention.name, similar) or "declare it: as existing, externalSecret or sops"
        yield _absent(subject, mention, hint)


def _secrets(site: Site) -> dict[tuple[str, str], Keys]:
    """Every Secret that will be there, by namespace and name: those declared, and those controllers write."""
    declared = {(namespace, name): None for namespace, names in site.context.secrets.items() for name in names}
    return {**declared, **made_secrets(site)}


def made_secrets(site: Site) -> dict[tuple[str, str], Keys]:
    """The Secrets that come of the objects, by namespace and name."""
    found: dict[tuple[str, str], Keys] = {}
    for subject in site.of_kind("", "Secret"):
        found[subject.namespace, subject.name] = None
    for subject in site.of_kind(CERT_MANAGER, "Certificate"):
        found[subject.namespace, text_at(subject.object, "spec", "secretName")] = TLS_KEYS
    for subject in site.of_kind(EXTERNAL_SECRETS, "ExternalSecret"):
        name = text_at(subject.object, "spec", "target", "name") or subject.name
        found[subject.namespace, name] = _external_keys(mapping_at(subject.object, "spec"))
    return found


def _external_keys(spec: Mapping[str, Any]) -> Keys:
    """The keys an ExternalSecret names one by one; those of a whole entry or a template are not known."""
    if "dataFrom" in spec or "template" in mapping_at(spec, "target"):
        return None
    return frozenset(text_at(item, "secretKey") for item in spec.get("data", ()))
