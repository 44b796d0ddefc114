"""Labels and annotations are such as Kubernetes takes them. Names are part of the schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from composer.diagnostic import Diagnostic
from composer.source.document import Route
from composer.stages.check.finding import finding
from composer.stages.check.objects import Subject
from composer.stages.check.site import Site

MOST_ANNOTATION_BYTES = 256 * 1024

_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")


def check_labels(site: Site) -> Iterator[Diagnostic]:
    """The labels and annotations of every object and pod template."""
    fine: set[int] = set()  # mappings that were looked at: objects of a component often share theirs
    for subject, route, metadata in _metadata(site):
        labels = metadata.get("labels")
        if labels and id(labels) not in fine:
            fine.add(id(labels))
            yield from _labels(subject, (*route, "labels"), labels)
        if "annotations" in metadata:
            yield from _annotations(subject, (*route, "annotations"), metadata["annotations"])


def _metadata(site: Site) -> Iterator[tuple[Subject, Route, Mapping[str, Mapping[str, str]]]]:
    for subject in site.sound:
        yield subject, ("metadata",), subject.object["metadata"]
    for pod in site.pods:
        if pod.route:
            yield pod.subject, (*pod.route, "metadata"), pod.metadata


def _labels(subject: Subject, route: Route, labels: Mapping[str, str]) -> Iterator[Diagnostic]:
    for key, value in labels.items():
        fault = label_fault(key, value)
        if fault:
            yield finding("K024", subject, (*route, key), fault)


def _annotations(subject: Subject, route: Route, annotations: Mapping[str, str]) -> Iterator[Diagnostic]:
    size = 0
    for key, value in annotations.items():
        size += len(key) + (len(value) if value.isascii() else len(value.encode()))
        fault = label_fault(key, "")
        if fault:
            yield finding("K024", subject, (*route, key), fault)
    if size > MOST_ANNOTATION_BYTES:
        message = f"have {size:,} bytes; expected at most {MOST_ANNOTATION_BYTES:,}"
        yield finding("K025", subject, route, message)


@lru_cache(maxsize=8192)
def label_fault(key: str, value: str) -> str:
    """What Kubernetes would say against a label, or ""."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= 253 and _PREFIX.fullmatch(prefix)):
        return f"has the prefix {prefix!r}; expected a DNS name"
    if not _QUALIFIED.fullmatch(name):
        return "is no key; expected up to 63 letters, digits, inner dashes, dots and underscores"
    if value and not _QUALIFIED.fullmatch(value):
        return f"is {value!r}; expected up to 63 letters, digits, inner dashes, dots and underscores"
    return ""
