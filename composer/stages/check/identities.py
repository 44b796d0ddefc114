"""Who may come to the broker, and what Argo CD may make: each follows from a row of the wiring, whatever blueprints add."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic
from composer.model.conventions import BRIDGES_ISSUER, tenant_issuer
from composer.stages.check.context import Walls
from composer.stages.check.finding import finding
from composer.stages.check.mentions import ARGO, CERT_MANAGER, issuer_of, mapping_at, text_at
from composer.stages.check.objects import Subject
from composer.stages.check.site import Site

SERVER_USAGES = frozenset({"digital signature", "key encipherment", "key agreement", "server auth"})
"""Usages with which a certificate is of no use to a client."""

DELIVERY = "delivery"
"""The role of components that tell Flux or Argo CD what to apply."""


def check_identities(site: Site) -> Iterator[Diagnostic]:
    """What no row implies. Nothing is said where the rows are not known."""
    walls = site.context.walls
    if walls is None:
        return
    for subject in site.of_kind(ARGO, "AppProject"):
        yield from _project(subject, walls)
    issuers = {BRIDGES_ISSUER, *map(tenant_issuer, walls.tenants)}
    for subject in site.of_kind(CERT_MANAGER, "Certificate"):
        yield from _certificate(subject, issuers, walls)
    for kind in ("Issuer", "ClusterIssuer"):
        for subject in site.of_kind(CERT_MANAGER, kind):
            yield from _issuer(subject, issuers)


def _project(subject: Subject, walls: Walls) -> Iterator[Diagnostic]:
    """What Argo CD may make, and where."""
    spec = mapping_at(subject.object, "spec")
    known = {(row.namespace, row.group, row.kind) for row in walls.permissions if "create" in row.verbs}
    delivers = subject.rendered.component.role == DELIVERY
    where = {text_at(each, "namespace") for each in spec.get("destinations") or ()}
    for field, namespaces in (("clusterResourceWhitelist", {""}), ("namespaceResourceWhitelist", where)):
        for index, each in enumerate(spec.get(field) or ()):
            kind = (text_at(each, "group"), text_at(each, "kind"))
            if not delivers or any((namespace, *kind) not in known for namespace in namespaces):
                message = "lets Argo CD make what no document implies"
                yield finding("W083", subject, ("spec", field, index), message)


def _certificate(subject: Subject, issuers: set[str], walls: Walls) -> Iterator[Diagnostic]:
    """Who comes to a broker with a certificate is a row's principal; a broker's own certificate is none of a client."""
    _, kind, issuer = issuer_of(subject)
    if kind != "ClusterIssuer" or issuer not in issuers:
        return
    spec, component = mapping_at(subject.object, "spec"), subject.rendered.component
    usages = frozenset(spec.get("usages") or ())
    if usages and usages <= SERVER_USAGES and not spec.get("isCA"):
        return
    name = text_at(spec, "commonName")
    clients = {(each["issuer"], each["name"]) for each in walls.clients.get(component, ())}
    plain = not spec.get("isCA") and "cert sign" not in usages and "literalSubject" not in spec
    if not plain or (issuer, name) not in clients:
        route = ("spec", "commonName") if name and plain else ("spec",)
        message = f"makes a client of {issuer} that no document implies"
        hint = "an identity follows from what a component publishes and listens to: `clients` in its templates"
        yield finding("W084", subject, route, message, hint=hint)


def _issuer(subject: Subject, issuers: set[str]) -> Iterator[Diagnostic]:
    """Who signs with the key of an authority can make any client of it."""
    secret = text_at(subject.object, "spec", "ca", "secretName")
    authority = secret.removesuffix("-ca")
    if secret != authority and authority in issuers and (subject.kind, subject.name) != ("ClusterIssuer", authority):
        message = f"signs with the key of {authority}: it could make any client of it"
        yield finding("W084", subject, ("spec", "ca", "secretName"), message)
