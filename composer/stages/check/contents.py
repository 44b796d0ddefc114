"""What ConfigMaps and Secrets hold: no secret values, and no more than Kubernetes keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from composer.diagnostic import Diagnostic
from composer.stages.check.finding import finding
from composer.stages.check.objects import Subject
from composer.stages.check.site import Site

MOST_BYTES = 1024 * 1024


def check_contents(site: Site) -> Iterator[Diagnostic]:
    """No Secret with values, no ConfigMap over the limit."""
    for subject in site.subjects:
        if subject.kind == "Secret":
            yield from _secret(subject)
    for subject in site.of_kind("", "ConfigMap"):
        size = _size(subject.object.get("data", {})) + _size(subject.object.get("binaryData", {}))
        if size > MOST_BYTES:
            yield finding("K025", subject, ("data",), f"has {size:,} bytes; expected at most {MOST_BYTES:,}")


def _secret(subject: Subject) -> Iterator[Diagnostic]:
    for key in ("data", "stringData"):
        if subject.object.get(key):
            hint = "refer to a Secret that exists, or declare it as an external or a SOPS secret"
            yield finding("K023", subject, (key,), "would put secret values on the branch", hint=hint)


def _size(contents: Mapping[str, str]) -> int:
    return sum(len(value) if value.isascii() else len(value.encode()) for value in contents.values())
