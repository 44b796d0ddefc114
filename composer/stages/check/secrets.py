"""Secrets stay out of what lies on a branch, and each has one maker on the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from composer.diagnostic import Diagnostic
from composer.source.document import Route
from composer.stages.check.finding import elsewhere, finding
from composer.stages.check.mentions import CERT_MANAGER, text_at
from composer.stages.check.objects import Subject
from composer.stages.check.references import EXTERNAL_SECRETS
from composer.stages.check.site import Site

_SECRET_NAME = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|CREDENTIALS?)\Z", re.I
)
"""How the name of a variable ends that holds a secret. TOKEN_URL and PASSWORD_FILE hold none."""

_SIGNS: Mapping[str, re.Pattern[str]] = {
    "PRIVATE KEY-----": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "://": re.compile(r"://[^\s/:@\"']*:[^\s/@\"'$]+@"),  # a password in a URL; ${...} is filled in elsewhere
    "AKIA": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "ghp_": re.compile(r"\bghp_[A-Za-z0-9]{36}\b"),
    "github_pat_": re.compile(r"\bgithub_pat_[A-Za-z0-9_]{82}\b"),
    "glpat-": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}"),
    "xoxb-": re.compile(r"\bxoxb-[A-Za-z0-9-]{10,}"),
}
"""What is a secret whatever it is called: a text that must be there, which is found fast, and how the whole looks."""

HINT = "keep it in a Secret and refer to that; and replace it, as it may have been committed already"


def check_plain_secrets(site: Site) -> Iterator[Diagnostic]:
    """No secret as the value of a variable, and none in a configuration text."""
    for pod in site.pods:
        for container in pod.containers:
            for index, variable in enumerate(container.spec.get("env", ())):
                if _is_secret(variable["name"], variable.get("value", "")):
                    route = (*container.route, "env", index)
                    yield _plain(pod.subject, route, f"({variable['name']}) looks like a secret in plain text")
    for subject in site.of_kind("", "ConfigMap"):
        for key, text in subject.object.get("data", {}).items():
            if _holds_secret(text):
                yield _plain(subject, ("data", key), "holds a private key, a token or a login")


def _is_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret; of one that is called so, a path is where the secret lies."""
    named = value and not value.startswith("/") and _SECRET_NAME.search(name)
    return bool(named) or _holds_secret(value)


@lru_cache(maxsize=1024)
def _holds_secret(text: str) -> bool:
    return any(sign in text and whole.search(text) for sign, whole in _SIGNS.items())


def _plain(subject: Subject, route: Route, message: str) -> Diagnostic:
    """A finding that shows no line of a document, as the secret may stand there."""
    found = finding("K026", subject, route, message, hint=HINT)
    related = tuple(replace(other, place=replace(other.place, source="")) for other in found.related)
    return replace(found, related=related)


def check_makers(site: Site) -> Iterator[Diagnostic]:
    """No two objects whose controllers write the same Secret: each would undo the other's work."""
    makers: dict[tuple[str, str], Subject] = {}
    for (group, kind), route in MAKERS.items():
        for subject in sorted(site.of_kind(group, kind), key=lambda s: s.name):
            name = text_at(subject.object, *route) or subject.name
            first = makers.setdefault((subject.namespace, name), subject)
            if first is not subject:
                message = f"makes Secret {name}, which {first.label} makes too"
                yield finding("K027", subject, (), message, related=[elsewhere("the other one", first)])


MAKERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "Secret"): ("metadata", "name"),
    (CERT_MANAGER, "Certificate"): ("spec", "secretName"),
    (EXTERNAL_SECRETS, "ExternalSecret"): ("spec", "target", "name"),
}
"""Kinds that make a Secret, and where they say its name; without one it is the object's own."""
