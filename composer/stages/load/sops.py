"""Encrypted secrets: SOPS files, which are looked at only far enough to know that nothing in them can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, error
from composer.model.fleet import Fleet
from composer.source.document import Document, Route
from composer.source.files import read_bytes
from composer.source.reader import read_document
from composer.stages.load.listing import SITES

ENCRYPTED = "ENC["
SECTIONS = ("data", "stringData")


def read_sops(fleet: Fleet, path: str, name: str, namespace: str) -> bytes:
    """The bytes of a SOPS file that holds the Secret *name* of *namespace*. Raises Rejected where it is anything else."""
    file = f"{SITES}/{path}"
    document = read_document(fleet.root, file)
    findings = [*_shape(document, name, namespace), *_plain_values(document)]
    if findings:
        raise Rejected(findings)
    return read_bytes(fleet.root, file)


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
            yield error("D050", message, document.place(route))
    sops = data.get("sops")
    if not isinstance(sops, dict) or not str(sops.get("mac", "")).startswith(ENCRYPTED):
        hint = "encrypt it: sops --encrypt --encrypted-regex '^(data|stringData)$' --in-place FILE"
        yield error(
            "D051",
            "this file is not encrypted by SOPS: it has no sops block with a mac",
            document.place(),
            hint=hint,
        )


def _plain_values(document: Document) -> Iterator[Diagnostic]:
    """A finding for each value that is not encrypted. The value itself is not shown."""
    for section in SECTIONS:
        part = document.data.get(section) if isinstance(document.data, dict) else None
        for route, value in _leaves(part, (section,)):
            if not (isinstance(value, str) and value.startswith(ENCRYPTED)):
                place = document.place(route, key=True)
                yield error("D052", f"{'.'.join(map(str, route))} is not encrypted", replace(place, source=""))


def _leaves(value: Any, route: Route) -> Iterator[tuple[Route, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*route, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*route, index))
    elif value is not None:
        yield route, value
