"""Payload schemas along the chains: what is sent against what is accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.model.payload import Payload
from composer.model.stack import Stack
from composer.model.traffic import Publication, Subscription, Traffic
from composer.stages.wire.graph.profiles import profile_place
from composer.stages.wire.graph.shapes import Node, misfits
from composer.stages.wire.graph.steps import after
from composer.stages.wire.graph.tenant import Graph, label, written
from composer.stages.wire.places import said_place

Payloads = Mapping[str, Payload]
"""Path of a payload schema below sites/ -> what was read there."""

Sent = tuple[Node, Publication]
"""What a message looks like, and the publication whose schema says so."""


def schema_paths(traffic: Traffic) -> list[str]:
    """The payload schemas that the site's rows name, each once, in order."""
    rows: tuple[Publication | Subscription, ...] = (*traffic.publications, *traffic.subscriptions)
    return [path for path in dict.fromkeys(row.schema for row in rows) if path]


def unusable(stack: Stack, traffic: Traffic, payloads: Payloads) -> Iterator[Diagnostic]:
    """A finding for each payload schema that cannot be used, where it is named first."""
    if not any(payload.fault for payload in payloads.values()):
        return
    told: set[str] = set()
    rows: tuple[Publication | Subscription, ...] = (*traffic.publications, *traffic.subscriptions)
    for row in rows:
        payload = payloads.get(row.schema)
        if payload and payload.fault and row.schema not in told:
            told.add(row.schema)
            message = f"the payload schema sites/{row.schema} cannot be used: {payload.fault}"
            yield error("W025", message, _place(stack, row))


def _place(stack: Stack, row: Publication | Subscription) -> Place:
    """Where the row's schema is named."""
    if isinstance(row, Subscription):
        return said_place(stack, row.said._replace(route=("accepts",)))
    if row.principal.kind == "gateway":
        return profile_place(stack, row, "schema")
    return said_place(stack, row.said, "schema")


def unfit(graph: Graph, payloads: Payloads) -> Iterator[Diagnostic]:
    """A finding for each chain at whose end messages may not be what is accepted there."""
    accepting = [
        index for index, s in enumerate(graph.subscriptions) if s.schema and payloads[s.schema].schema is not None
    ]
    if not accepting:
        return
    chains = _Chains(graph, payloads)
    told: set[tuple[str, ...]] = set()
    for index in accepting:
        subscription = graph.subscriptions[index]
        accepted = payloads[subscription.schema].schema
        for reached in graph.reached[index]:
            for sent, origin in chains.sent(reached):
                wrong = tuple(misfits(sent, Node(accepted, accepted)))
                key = (
                    subscription.principal.name,
                    label(origin),
                    written(origin),
                    written(graph.publications[reached]),
                    *wrong,
                )
                if wrong and key not in told:
                    told.add(key)
                    yield _misfit(graph, subscription, graph.publications[reached], origin, wrong)


class _Chains:
    """What the publications of a tenant look like, from the schemas at the beginning of their chains."""

    def __init__(self, graph: Graph, payloads: Payloads) -> None:
        self.graph = graph
        self.payloads = payloads
        self.inputs: dict[str, list[int]] = {}
        self.known: dict[int, list[Sent]] = {}
        for index, subscription in enumerate(graph.subscriptions):
            if subscription.principal.kind == "stream":
                self.inputs.setdefault(subscription.principal.name, []).append(index)

    def sent(self, index: int) -> list[Sent]:
        """All that is known of what one publication sends; nothing where no schema says anything."""
        if index not in self.known:
            self.known[index] = []  # for those that wait for themselves
            self.known[index] = list(self._sent(self.graph.publications[index]))
        return self.known[index]

    def _sent(self, publication: Publication) -> Iterator[Sent]:
        component = publication.said.component
        stated = publication.schema and self._is_stated(publication)
        if stated:
            schema = self.payloads[publication.schema].schema
            if schema is not None:
                yield Node(schema, schema), publication
        elif publication.principal.kind == "stream" and component is not None:
            steps = component.spec.get("do") or []
            met: set[tuple[int, str, str]] = set()
            for listening in self.inputs.get(publication.principal.name, ()):
                tagged = bool(steps) and "+" in self.graph.subscriptions[listening].filter
                for reached in self.graph.reached[listening]:
                    for node, origin in self.sent(reached):
                        key = (id(node.root), label(origin), written(origin))
                        changed = after(steps, node, tagged=tagged) if key not in met else None
                        met.add(key)
                        if changed is not None:
                            yield changed, origin

    def _is_stated(self, publication: Publication) -> bool:
        """Whether a document names the schema for this very publication; that of a stream may follow from its inputs."""
        component = publication.said.component
        return publication.principal.kind != "stream" or component is None or "schema" in component.spec["to"]


def _misfit(
    graph: Graph, subscription: Subscription, publication: Publication, origin: Publication, wrong: tuple[str, ...]
) -> Diagnostic:
    through = f", by way of {label(publication)}," if origin is not publication else ""
    message = (
        f"{label(subscription)} accepts sites/{subscription.schema}, but what {label(origin)} publishes{through} "
        f"may not fit: {'; '.join(wrong)}"
    )
    related = [Related(f"its schema, sites/{origin.schema}, is named here", _place(graph.stack, origin))]
    hint = "let the schema say what is really sent, or accept what is sent"
    return error("W024", message, _place(graph.stack, subscription), hint=hint, related=related)
