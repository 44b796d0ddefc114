"""The one YAML reader: YAML 1.2 documents as plain data, with every mistake found in one run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from composer.diagnostic import Diagnostic, Place, Rejected, error, in_order
from composer.source.builder import Builder
from composer.source.document import Document
from composer.source.files import DOCUMENT_LIMIT, decode, read_bytes
from composer.source.positions import Positions, place_of, positions
from composer.source.syntax import Source, refuse_invisible

__all__ = ["Positions", "parse", "parse_all", "place_of", "positions", "read_document", "read_documents"]


def read_document(root: Path, path: str, *, limit: int = DOCUMENT_LIMIT) -> Document:
    """The document in the file *path* below *root*; raises Rejected with all findings."""
    data = read_bytes(root, path, limit=limit)
    return parse(decode(data, path), path, hashlib.sha256(data).hexdigest())


def read_documents(root: Path, path: str, *, limit: int = DOCUMENT_LIMIT) -> list[Document]:
    """All documents of a file that may hold several, as other tools write them."""
    data = read_bytes(root, path, limit=limit)
    return parse_all(decode(data, path), path, hashlib.sha256(data).hexdigest())


def parse(text: str, file: str, digest: str = "") -> Document:
    """The one document in *text*; raises Rejected with all findings."""
    builder = _built(text, file, many=False)
    return Document(file, text, builder.documents[0], digest)


def parse_all(text: str, file: str, digest: str = "") -> list[Document]:
    """Every document in *text* that is not empty, each knowing its places in the whole text."""
    builder = _built(text, file, many=True)
    lines = builder.source.lines
    ends = [*builder.starts, len(lines)][1:]
    found = []
    for data, start, end in zip(builder.documents, builder.starts, ends, strict=True):
        if data is not None:
            part = "\n" * start + "\n".join(lines[start:end])
            found.append(Document(file, part, data, digest))
    return found


def _built(text: str, file: str, *, many: bool) -> Builder:
    source = Source(text, file)
    findings = refuse_invisible(source)
    if findings:
        raise Rejected(findings)
    builder = Builder(source, many=many)
    builder.run()
    findings = builder.findings or _emptiness(builder, file, many=many)
    if findings:
        raise Rejected(in_order(findings))
    return builder


def _emptiness(builder: Builder, file: str, *, many: bool) -> list[Diagnostic]:
    if many or (builder.documents and builder.documents[0] is not None):
        return []
    return [error("Y008", "the file holds no document", Place(file), hint="is everything in it commented out?")]
