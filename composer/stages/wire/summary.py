"""What a site tells its hub: the tenants whose topics go over the uplink, and how much it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum
from typing import Any

from composer.model.links import LinkSummary, Passing, TenantLink, over_the_link
from composer.model.topics import overlaps, to_filter
from composer.model.traffic import NO_TRAFFIC, Publication, Subscription, Traffic
from composer.model.uplink import Entry, bytes_of, filter_of, rate_of
from composer.stages.wire.specs import QOS
from composer.stages.wire.turning import UPLINK, Turning, returns, turning, turns


def summarise(
    site: str,
    hub: str,
    tenants: Mapping[str, Mapping[str, Any]],
    traffic: Traffic = NO_TRAFFIC,
    children: Sequence[LinkSummary] = (),
    *,
    buffered: bool = False,
) -> LinkSummary:
    """The summary of a *site* for its *hub*; *tenants* maps each of its tenants to its merged spec, *children* are sites whose
    hub it is itself.

    Without its *traffic*, the rates stay 0, and nothing is known to come back. *buffered* says whether a buffer on disk keeps
    what goes up.
    """
    published: dict[str, list[Publication]] = {tenant: [] for tenant in tenants}
    listening: dict[str, list[Subscription]] = {tenant: [] for tenant in tenants}
    for publication in traffic.publications:
        published[publication.principal.tenant].append(publication)
    for subscription in traffic.subscriptions:
        listening[subscription.principal.tenant].append(subscription)
    below = turning(children)
    found = (
        _tenant(name, tenants[name].get("uplink") or {}, published[name], listening[name], below.get(name, {}))
        for name in sorted(tenants)
    )
    links = (replace(link, buffered=True) if buffered else link for link in found)
    return LinkSummary(site, hub, tuple(link for link in links if link.up or link.down))


def _tenant(
    tenant: str,
    written: Mapping[str, Any],
    published: list[Publication],
    listening: list[Subscription],
    below: Turning,
) -> TenantLink:
    own = [row for row in published if row.principal.kind != UPLINK]
    up, down = tuple(_up(_texts(written.get("up")), own)), tuple(_down(written.get("down") or ()))
    if not (up and down):
        return TenantLink(tenant, up, down)
    found = returns(published, listening, turns(below, published, listening))
    pairs = (
        (
            _said(
                filter_of(written["down"][published[each.start].said.route[2]]), published[each.start].filter, each.down
            ),
            _said(written["up"][listening[each.end].said.route[2]], listening[each.end].filter, each.up),
        )
        for each in found
    )
    return TenantLink(tenant, up, down, tuple(dict.fromkeys(pairs)))


def _said(written: str, bound: str, met: str) -> str:
    """The part of a filter that is meant, as it is written where that is all, so that sites which say the same are equal."""
    return over_the_link(written) if met == bound else met


def _texts(filters: list[str] | None) -> list[str]:
    return list(dict.fromkeys(map(over_the_link, filters or ())))


def _up(filters: list[str], published: list[Publication]) -> Iterator[Passing]:
    """What goes up under each filter. What several filters match goes up once."""
    left = published
    for text in filters:
        plain = to_filter(text)
        going = [row for row in left if overlaps(plain, row.filter)]
        left = [row for row in left if not overlaps(plain, row.filter)]
        qos = min(QOS, max((row.qos for row in going), default=QOS))
        yield Passing(text, qos, fsum(row.rate for row in going), fsum(row.rate * row.bytes for row in going))


def _down(entries: Sequence[Entry]) -> Iterator[Passing]:
    """What comes down under each filter, as far as it is said."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(over_the_link(filter_of(entry)), []).append(entry)
    for text, same in found.items():
        yield Passing(text, QOS, fsum(map(rate_of, same)), fsum(rate_of(each) * bytes_of(each) for each in same))
