"""Checks a document against the schema of its kind: a fast yes or no, and an explanation only of the no."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from composer.diagnostic import Diagnostic, did_you_mean, error, in_order
from composer.source.document import Document
from composer.source.packaged import packaged
from composer.stages.load.formats import FORMATS, fits

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

API_VERSION = "edge-composer.io/v1alpha1"

HOMES = {
    "Fleet": "the fleet stands in sites/fleet.yaml",
    "Profile": "profiles stand in sites/profiles/",
    "Tenant": "tenants stand in sites/tenants/",
    "Site": "sites stand in sites/, in any folder but profiles, tenants, secrets and files",
    "Blueprint": "blueprints stand in blueprints/<name>/v<major>/blueprint.yaml",
}
"""Kind -> where documents of that kind belong."""


KINDS = tuple(HOMES)


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of documents of that kind. Nobody may change it."""
    return _schema(kind)


def check_schema(document: Document, kind: str) -> list[Diagnostic]:
    """Everything in which *document* is not a document of *kind*, in order."""
    if _validator(kind).is_valid(document.data):
        return []
    findings = _envelope(document, kind)
    if findings:
        return findings
    from composer.stages.load.explain import explain  # noqa: PLC0415 - jsonschema is needed only once something is wrong

    return in_order(explain(document, _schema(kind)))


def _envelope(document: Document, kind: str) -> list[Diagnostic]:
    """What makes it pointless to look further: another sort of document, or none at all."""
    data = document.data
    if not isinstance(data, dict):
        hint = f"a document has the keys apiVersion: {API_VERSION}, kind: {kind}, metadata and spec"
        return [error("D010", f"expected a document of kind {kind}, found no mapping", document.place(), hint=hint)]
    findings = []
    version, written = data.get("apiVersion"), data.get("kind")
    if version is not None and version != API_VERSION:
        message = f"apiVersion is {version!r}; expected {API_VERSION}"
        findings.append(error("D008", message, document.place(("apiVersion",))))
    if written is not None and written != kind:
        hint = HOMES.get(str(written)) or did_you_mean(str(written), [kind])
        findings.append(error("D009", f"kind is {written!r}; expected {kind}", document.place(("kind",)), hint=hint))
    return findings


@lru_cache(maxsize=len(HOMES))
def _schema(kind: str) -> dict[str, Any]:
    text = (packaged("schemas") / f"{kind.lower()}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@lru_cache(maxsize=len(HOMES))
def _validator(kind: str) -> Draft202012Validator:
    import jsonschema_rs  # noqa: PLC0415 - not needed for --help

    formats = {name: fits(check) for name, check in FORMATS.items()}
    return jsonschema_rs.Draft202012Validator(_schema(kind), formats=formats, validate_formats=True, offline=True)
