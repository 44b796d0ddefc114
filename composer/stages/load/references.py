"""What a document refers to, as far as it can be checked without merging layers: files, and other tenants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean, error
from composer.model.fieldpath import path_text
from composer.model.patterns import Pattern, matching
from composer.source.document import Document, Route
from composer.stages.load.listing import SITES

_PAYLOADS: Pattern = ("deviceProfiles", "*", "publish", "*", "schema")
_TENANT: tuple[Pattern, ...] = (
    _PAYLOADS,
    ("secrets", "*", "sops"),
    ("devices", "*", "publish", "*", "schema"),
    ("streams", "*", "to", "schema"),
    ("functions", "*", "accepts"),
    ("functions", "*", "emits", "schema"),
    ("functions", "*", "emits", "*", "schema"),
)
_SITE: tuple[Pattern, ...] = (("uplink", "ca"), *(("tenants", "*", *pattern) for pattern in _TENANT))

FILES: Mapping[str, tuple[Pattern, ...]] = {
    "Fleet": (_PAYLOADS, *(("defaults", *pattern) for pattern in _SITE)),
    "Profile": _SITE,
    "Site": _SITE,
    "Tenant": _TENANT,
}
"""Kind -> where paths of files stand."""

_USES: Pattern = ("uses", "*", "tenant")

OWNERS: Mapping[str, Pattern] = {
    "Fleet": ("defaults", "tenants", "*", *_USES),
    "Profile": ("tenants", "*", *_USES),
    "Site": ("tenants", "*", *_USES),
    "Tenant": _USES,
}
"""Kind -> where the tenants stand whose devices are used."""


def check_document(root: Path, document: Document, tenants: Collection[str]) -> list[Diagnostic]:
    """A finding for each file that is not there, and each use of a tenant that is not among *tenants*."""
    kind, spec = document.data["kind"], document.data["spec"]
    findings = [
        _no_such_file(root, document, route, path)
        for route, path in _files(document)
        if not _is_there(root, _at_site(document, path))
    ]
    findings += [
        _no_such_tenant(document, route, name, tenants)
        for route, name in _texts(spec, OWNERS[kind])
        if name not in tenants
    ]
    return findings


def referenced_files(document: Document) -> list[str]:
    """The files below sites/ that the document names."""
    return [_at_site(document, path) for _, path in _files(document)]


def _files(document: Document) -> Iterator[tuple[Route, str]]:
    for pattern in FILES[document.data["kind"]]:
        yield from _texts(document.data["spec"], pattern)


def _at_site(document: Document, path: str) -> str:
    """The path with the site's name filled in, where the document is of one site."""
    return path.replace("{site}", document.data["metadata"]["name"]) if document.data["kind"] == "Site" else path


def _texts(spec: Any, pattern: Pattern) -> Iterator[tuple[Route, str]]:
    """Each text at a route that *pattern* describes."""
    return ((route, found) for route, found in matching(spec, pattern, ("spec",)) if isinstance(found, str))


def _is_there(root: Path, path: str) -> bool:
    """Whether sites/*path* is a file. A path that depends on a site not known yet counts as there."""
    return "{" in path or (root / SITES / path).is_file()


def _no_such_file(root: Path, document: Document, route: Route, path: str) -> Diagnostic:
    wanted = root / SITES / path
    beside = [entry.name for entry in wanted.parent.iterdir()] if wanted.parent.is_dir() else []
    hint = did_you_mean(wanted.name, beside) or "paths in documents start at the folder sites/"
    message = f"{path_text(route)}: there is no file sites/{path}"
    return error("D032", message, document.place(route), hint=hint)


def _no_such_tenant(document: Document, route: Route, name: str, tenants: Collection[str]) -> Diagnostic:
    hint = did_you_mean(name, tenants) or f"add sites/tenants/{name}.yaml"
    return error("D034", f"{path_text(route)}: there is no tenant {name!r}", document.place(route), hint=hint)
