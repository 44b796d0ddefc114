"""Chains that ask for at-least-once delivery, and the publications in them that do not give it."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic, Place, Related, warning
from composer.model.stack import Stack
from composer.model.traffic import Publication, Subscription
from composer.stages.wire.graph.profiles import profile_place
from composer.stages.wire.graph.tenant import Graph, label, written
from composer.stages.wire.places import said_place


def losses(graph: Graph) -> Iterator[Diagnostic]:
    """A finding for each topic published at most once that somebody at the end of its chain wants at least once."""
    if all(publication.qos for publication in graph.publications):
        return
    told: set[tuple[str, str]] = set()
    for index, last in _asked(graph).items():
        publication = graph.publications[index]
        name = (publication.principal.name, written(publication))
        if publication.qos == 0 and publication.principal.kind not in ("uplink", "bridge") and name not in told:
            told.add(name)
            yield _loss(graph, publication, last)


def _asked(graph: Graph) -> dict[int, Subscription]:
    """Publications that must not be lost, each with who asks for it at the end of its chain."""
    own: dict[tuple[str, str], list[int]] = {}
    for index, subscription in enumerate(graph.subscriptions):
        own.setdefault((subscription.principal.kind, subscription.principal.name), []).append(index)
    pending = [
        (i, s) for i, s in enumerate(graph.subscriptions) if s.qos and s.principal.kind in ("function", "uplink")
    ]
    asked: dict[int, Subscription] = {}
    while pending:
        listening, last = pending.pop(0)
        for index in graph.reached[listening]:
            publication = graph.publications[index]
            if index not in asked:
                asked[index] = last
                if publication.qos and _passes_each_on(publication):
                    principal = publication.principal
                    pending += [(i, last) for i in own.get((principal.kind, principal.name), ())]
    return asked


def _passes_each_on(publication: Publication) -> bool:
    """Whether one message in is one message out. A window works with what has come; a function asks for itself."""
    component = publication.said.component
    if publication.principal.kind != "stream" or component is None:
        return False
    return not any("window" in step for step in component.spec.get("do") or ())


def _loss(graph: Graph, publication: Publication, last: Subscription) -> Diagnostic:
    message = (
        f"{label(publication)} publishes {written(publication)!r} at QoS 0, but {label(last)} wants it at least once"
    )
    why = "goes up at QoS 1" if last.principal.kind == "uplink" else f"listens at QoS {last.qos}"
    related = [Related(f"{label(last)} {why}", said_place(graph.stack, last.said))]
    hint = "publish at `qos: 1`" + (", or listen at `qos: 0`" if last.principal.kind == "function" else "")
    return warning("W023", message, _place(graph.stack, publication), hint=hint, related=related)


def _place(stack: Stack, publication: Publication) -> Place:
    """Where its quality of service is set; that of a device behind a gateway by its profile."""
    if publication.principal.kind != "gateway":
        return said_place(stack, publication.said, "qos")
    return profile_place(stack, publication, "qos")
