"""Topics that no document may publish to."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic, error
from composer.model.traffic import Publication
from composer.stages.wire.graph.tenant import Graph, label
from composer.stages.wire.places import said_place

SHARED = "from"
"""The first level of what other tenants share."""

OURS = frozenset({"relay"})
"""Kinds of principals that the composer makes by itself."""


def reserved(graph: Graph) -> Iterator[Diagnostic]:
    """A finding for whoever would put words into another tenant's mouth."""
    for publication in graph.publications:
        first = publication.topic.partition("/")[0]
        if first == SHARED and publication.principal.kind not in OURS:
            yield _under_from(graph, publication)


def _under_from(graph: Graph, publication: Publication) -> Diagnostic:
    message = f"{label(publication)} publishes to {publication.topic!r}; below from/ lies what other tenants share"
    inside = ("topic",) if publication.principal.kind in ("class", "stream", "function") else ()
    inside = () if publication.is_dead_letter else inside
    hint = "a tenant reads what others share and never writes it; choose another first level"
    return error("W026", message, said_place(graph.stack, publication.said, *inside), hint=hint)
