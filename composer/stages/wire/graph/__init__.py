"""The graph of topics: who publishes what to whom at a site, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic
from composer.model.stack import Wiring
from composer.stages.wire.graph.loops import loops
from composer.stages.wire.graph.payloads import Payloads, schema_paths, unfit, unusable
from composer.stages.wire.graph.quality import losses
from composer.stages.wire.graph.reserved import reserved
from composer.stages.wire.graph.silent import silent
from composer.stages.wire.graph.tenant import graphs
from composer.stages.wire.graph.unheard import unpublished, unread
from composer.stages.wire.turning import turning

__all__ = ["check_topics", "schema_paths"]


def check_topics(wiring: Wiring, payloads: Payloads) -> list[Diagnostic]:
    """Every finding on the topics of a site, tenant by tenant. *payloads* are the schemas that `schema_paths` names."""
    return list(_findings(wiring, payloads))


def _findings(wiring: Wiring, payloads: Payloads) -> Iterator[Diagnostic]:
    yield from unusable(wiring.stack, wiring.traffic, payloads)
    found = graphs(wiring.stack, wiring.traffic)
    below = turning(wiring.children)
    for graph in found:
        others = [other for other in found if other is not graph]
        yield from reserved(graph)
        yield from silent(graph)
        yield from unpublished(graph, others)
        yield from unread(graph, others)
        yield from loops(graph, below.get(graph.tenant, {}))
        yield from losses(graph)
        yield from unfit(graph, payloads)
