"""Encrypted secrets: SOPS files, which are looked at only far enough to know that nothing in them can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.model.fieldpath import path_text
from composer.model.fleet import Fleet
from composer.source.document import Document, Route
from composer.source.files import read_bytes
from composer.source.reader import read_document
from composer.stages.load.listing import SITES

ENCRYPTED = re.compile(r"ENC\[[A-Z0-9_]+,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:[a-z]+\]")
SECTIONS = ("data", "stringData")
PUBLIC = frozenset({"apiVersion", "kind", "metadata", "type", "immutable", "sops"})
"""What SOPS leaves readable when it encrypts the sections."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where kubectl keeps a copy of the whole Secret, which SOPS would leave as it is."""


def read_sops(fleet: Fleet, path: str, name: str, namespace: str) -> bytes:
    """The bytes of a SOPS file that holds the Secret *name* of *namespace*. Raises Rejected where it is anything else."""
    file = f"{SITES}/{path}"
    document = _read(fleet, file)
    findings = [*_shape(document, name, namespace), *_plain_values(document), *_plain_copies(document)]
    if findings:
        raise Rejected(findings)
    return read_bytes(fleet.root, file)


def _read(fleet: Fleet, file: str) -> Document:
    """The document. What is wrong with its YAML is told without the line, which may hold a secret."""
    try:
        return read_document(fleet.root, file)
    except Rejected as rejected:
        raise Rejected(
            replace(
                found,
                place=_unseen(found.place),
                related=tuple(replace(other, place=_unseen(other.place)) for other in found.related),
            )
            for found in rejected.diagnostics
        ) from None


def _unseen(place: Place) -> Place:
    return replace(place, source="")


def _shape(document: Document, name: str, namespace: str) -> Iterator[Diagnostic]:
    data = document.data if isinstance(document.data, dict) else {}
    metadata: Any = data.get("metadata") if isinstance(data.get("metadata"), dict) else {}
    for route, found, wanted in (
        (("apiVersion",), data.get("apiVersion"), "v1"),
        (("kind",), data.get("kind"), "Secret"),
        (("metadata", "name"), metadata.get("name"), name),
        (("metadata", "namespace"), metadata.get("namespace"), namespace),
    ):
        if found != wanted:
            message = f"{'.'.join(route)} of an encrypted secret must be {wanted}, found {found!r}"
            yield error("D050", message, _unseen(document.place(route)))
    sops = data.get("sops")
    if not isinstance(sops, dict) or not ENCRYPTED.fullmatch(str(sops.get("mac", ""))):
        hint = "encrypt it: sops --encrypt --encrypted-regex '^(data|stringData)$' --in-place FILE"
        yield error(
            "D051",
            "this file is not encrypted by SOPS: it has no sops block with a mac",
            _unseen(document.place()),
            hint=hint,
        )


def _plain_values(document: Document) -> Iterator[Diagnostic]:
    """A finding for each value that is not encrypted. The value itself is not shown."""
    for section in SECTIONS:
        part = document.data.get(section) if isinstance(document.data, dict) else None
        for route, value in _leaves(part, (section,)):
            if not (isinstance(value, str) and ENCRYPTED.fullmatch(value)):
                yield _plain(document, route, "is not encrypted")


def _plain_copies(document: Document) -> Iterator[Diagnostic]:
    """Findings for what lies readable around the encrypted sections and does not belong there."""
    data = document.data if isinstance(document.data, dict) else {}
    for key in sorted(data.keys() - PUBLIC - set(SECTIONS)):
        yield _plain(document, (key,), "is no field of a Secret, and is not encrypted")
    metadata = data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict) and LAST_APPLIED in annotations:
        yield _plain(document, ("metadata", "annotations", LAST_APPLIED), "is a readable copy of the whole Secret")


def _plain(document: Document, route: Route, what: str) -> Diagnostic:
    return error("D052", f"{path_text(route)} {what}", _unseen(document.place(route, key=True)))


def _leaves(value: Any, route: Route) -> Iterator[tuple[Route, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*route, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*route, index))
    elif value not in (None, ""):  # SOPS leaves these as they are
        yield route, value
