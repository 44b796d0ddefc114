"""Publications of which documents say that they never happen, or do not say how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, Place, error, warning
from composer.model.stack import Stack
from composer.model.traffic import Publication
from composer.model.units import percentage, rate
from composer.stages.wire.graph.profiles import profile_place, profile_record
from composer.stages.wire.graph.tenant import Graph, label, written
from composer.stages.wire.places import said_place

AMOUNTS = {"rate": rate, "keep": percentage}
"""What a record may state of how often something is published -> how it is read."""


def silent(graph: Graph) -> Iterator[Diagnostic]:
    """A finding for each record with a rate or share of zero, and each of a device that states no rate or no size."""
    told: set[tuple[str, str]] = set()
    for publication in graph.publications:
        if publication.rate and publication.bytes:
            continue
        record = _record(graph.stack, publication)
        name = (publication.principal.name, written(publication))
        if record is None or name in told:
            continue
        told.add(name)
        yield from _zeros(graph.stack, publication, record)
        if publication.principal.kind in ("class", "gateway"):
            yield from _unsaid(graph.stack, publication, record)


def _record(stack: Stack, publication: Publication) -> Mapping[str, Any] | None:
    """The publisher's record as documents have it, or None for what has none."""
    said, principal = publication.said, publication.principal
    if principal.kind == "class":
        _, name, _, index = said.route
        found: Mapping[str, Any] = stack.tenants[said.tenant]["devices"][name]["publish"][index]
        return found
    if principal.kind == "gateway":
        return profile_record(stack, publication)
    if said.component is None or principal.kind not in ("stream", "function") or publication.is_dead_letter:
        return None
    value: Any = said.component.spec
    for step in said.route:
        value = value[step]
    record: Mapping[str, Any] = value
    return record


def _zeros(stack: Stack, publication: Publication, record: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for key, read in AMOUNTS.items():
        if key in record and not read(record[key]):
            message = f"{label(publication)} publishes {written(publication)!r} at {key} {record[key]}, which is never"
            hint = "say how often it is published, or leave the record out"
            yield error("W028", message, _place(stack, publication, key), hint=hint)


def _unsaid(stack: Stack, publication: Publication, record: Mapping[str, Any]) -> Iterator[Diagnostic]:
    missing = [key for key in ("rate", "bytes") if key not in record]
    if missing:
        message = (
            f"{label(publication)} publishes {written(publication)!r}, but nothing says its {' and '.join(missing)}"
        )
        hint = "capacity and budget count it as nothing; write for example `rate: 1/s, bytes: 200`"
        yield warning("W029", message, _place(stack, publication, "topic"), hint=hint)


def _place(stack: Stack, publication: Publication, key: str) -> Place:
    if publication.principal.kind == "gateway":
        return profile_place(stack, publication, key)
    return said_place(stack, publication.said, key)
