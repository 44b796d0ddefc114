"""Filters that nobody publishes to, and topics that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Diagnostic, Place, error, warning
from composer.model.matching import reach
from composer.model.topics import bind, overlaps, to_filter, unshared
from composer.model.traffic import Publication, Subscription
from composer.model.uplink import filters_of
from composer.stages.wire.graph.elsewhere import published_elsewhere
from composer.stages.wire.graph.near import nearest
from composer.stages.wire.graph.tenant import Graph, label, written
from composer.stages.wire.places import said_place

OWNED = ("class", "gateway")
"""Kinds of principals whose topics are those of devices."""

PATIENT = ("class", "uplink")
"""Kinds of principals that cost nothing while they listen in vain."""


def unpublished(graph: Graph, others: Sequence[Graph]) -> Iterator[Diagnostic]:
    """A finding for each filter that no message will ever match, at this site or at all.

    Devices and the uplink may wait for what the tenant's documents publish at other sites, unless the site asks for it itself.
    """
    elsewhere: list[str] | None = None
    for subscription, reached in zip(graph.subscriptions, graph.reached, strict=True):
        if subscription.principal.kind == "bridge":
            continue  # what people at a hub send down, and when, no document says
        if not reached and not _comes_from_elsewhere(graph, subscription):
            place = said_place(graph.stack, subscription.said)
            if elsewhere is None:
                elsewhere = published_elsewhere(graph)
            if not any(overlaps(subscription.filter, each) for each in elsewhere):
                message = f"nobody publishes to {subscription.topic!r}, which {label(subscription)} listens to"
                yield error("W020", message, place, hint=_hint(graph, others, subscription))
            elif subscription.principal.kind not in PATIENT or place.file == graph.stack.document.file:
                yield _idle(subscription, place)


def _idle(subscription: Subscription, place: Place) -> Diagnostic:
    principal = subscription.principal
    who = label(subscription)
    message = f"nobody publishes to {subscription.topic!r} at this site, only at others; {who} listens to it in vain"
    section = f"{principal.kind}s"
    removed = f"tenants: {{{principal.tenant}: {{{section}: {{{principal.name}: null}}}}}}"
    hint = f"leave it out here: `{removed}`" if principal.kind not in PATIENT else "leave it out here"
    return warning("W030", message, place, hint=hint)


def _comes_from_elsewhere(graph: Graph, subscription: Subscription) -> bool:
    """Whether it is meant for the uplink of a tenant at a site that has none."""
    return any(overlaps(subscription.filter, down) for down in _missing_uplink(graph, "down"))


def _missing_uplink(graph: Graph, direction: str) -> list[str]:
    """What the tenant wants to go over the uplink, where the site has none."""
    if graph.stack.spec.get("uplink"):
        return []
    said = filters_of((graph.stack.tenants[graph.tenant].get("uplink") or {}).get(direction))
    return [to_filter(unshared(bind(text, site=graph.stack.site))) for text in said]


def _hint(graph: Graph, others: Sequence[Graph], subscription: Subscription) -> str:
    if subscription.filter.startswith("$"):
        return "topics that begin with $ are the broker's own; tenants do not see them"
    if subscription.topic.startswith("from/"):
        return "what others share arrives under from/<owner>/ once both sides say so: `readers` there, `uses` here"
    for other in others:
        if any(overlaps(subscription.filter, publication.filter) for publication in other.publications):
            return f"tenant {other.tenant} publishes there: its devices can be read through `readers` and `uses`"
    known = [topic for publication in graph.publications for topic in (publication.topic, publication.filter)]
    near = nearest(subscription.topic, known)
    if near:
        return f"did you mean {near!r}?"
    return "let a device, stream or function of the tenant publish to it, or the uplink bring it (`uplink.down`)"


@dataclass(frozen=True, slots=True)
class Unread:
    """A topic that nobody reads: its first row, and the number of devices behind a gateway that have rows like it."""

    publication: Publication
    devices: int


def unread(graph: Graph, others: Sequence[Graph]) -> Iterator[Diagnostic]:
    """A finding for each topic that is published for nobody."""
    heard = {index for reached in graph.reached for index in reached}
    candidates = [p for index, p in enumerate(graph.publications) if index not in heard and _is_for_somebody(p)]
    if not candidates:
        return
    elsewhere = [*_missing_uplink(graph, "up"), *_absent_classes(graph)]
    wanted = {index for reached in reach(tuple(p.filter for p in candidates), tuple(elsewhere)) for index in reached}
    left = [p for index, p in enumerate(candidates) if index not in wanted]
    for found in _grouped(left):
        yield _foreign(graph, others, found.publication) or _nobody(graph, found)


def _is_for_somebody(publication: Publication) -> bool:
    """Whether it is a finding that nobody reads it.

    What comes down belongs to the hub, what comes up to people there, what is shared to its readers.
    """
    if publication.principal.kind in ("uplink", "relay", "bridge") or publication.is_dead_letter:
        return False
    return not (publication.principal.kind == "gateway" and _device(publication).get("readers"))


def _device(publication: Publication) -> Mapping[str, Any]:
    """The entry of the device that a gateway's row is of."""
    component = publication.said.component
    devices: Mapping[str, Any] = component.spec["devices"] if component else {}
    found: Mapping[str, Any] = devices.get(str(publication.said.route[1])) or {}
    return found


def _absent_classes(graph: Graph) -> Iterator[str]:
    """What device classes of the tenant listen to, at whatever site they are: functions for them are not in vain elsewhere."""
    for written_class in (graph.stack.tenants[graph.tenant].get("devices") or {}).values():
        for text in written_class.get("subscribe") or []:
            yield to_filter(unshared(bind(text, site=graph.stack.site)))


def _grouped(found: list[Publication]) -> list[Unread]:
    """One for all devices of a gateway that publish alike."""
    groups: dict[tuple[str, str, str], list[Publication]] = {}
    for publication in found:
        principal = publication.principal
        groups.setdefault((principal.kind, principal.name, written(publication)), []).append(publication)
    return [Unread(rows[0], len(rows)) for rows in groups.values()]


def _nobody(graph: Graph, found: Unread) -> Diagnostic:
    publication = found.publication
    also = f" for {found.devices} devices" if found.devices > 1 else ""
    message = f"nobody reads {written(publication)!r}, which {label(publication)} publishes{also}"
    hint = (
        _near_filter(graph, publication)
        or "let a stream, a function or the uplink (`uplink.up`) read it, or leave it out"
    )
    return warning("W021", message, said_place(graph.stack, publication.said, *_inside(publication)), hint=hint)


def _inside(publication: Publication) -> tuple[str, ...]:
    """Where the topic stands in the publication's entry."""
    return () if publication.principal.kind in ("gateway", "relay") else ("topic",)


def _near_filter(graph: Graph, publication: Publication) -> str:
    """A hint where somebody listens in vain to nearly the same topic."""
    idle = [s.topic for s, reached in zip(graph.subscriptions, graph.reached, strict=True) if not reached]
    near = nearest(publication.topic, idle)
    return f"somebody listens to {near!r} in vain" if near else ""


def _foreign(graph: Graph, others: Sequence[Graph], publication: Publication) -> Diagnostic | None:
    """A finding for what only another tenant's devices would read or publish."""
    if publication.principal.kind not in ("stream", "function"):
        return None
    for other in others:
        rows: tuple[Publication | Subscription, ...] = (*other.subscriptions, *other.publications)
        if any(row.principal.kind in OWNED and overlaps(publication.filter, row.filter) for row in rows):
            message = (
                f"{label(publication)} publishes to {publication.topic!r}, a topic of devices of tenant {other.tenant}, "
                "which never get it"
            )
            hint = "a tenant publishes to its own devices alone; of others it can only read, by `readers` and `uses`"
            return error("W027", message, said_place(graph.stack, publication.said, *_inside(publication)), hint=hint)
    return None
