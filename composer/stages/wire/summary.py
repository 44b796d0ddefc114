"""What a site tells its hub: the tenants whose topics go over the uplink, and how much it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import Any

from composer.model.links import LinkSummary, Passing, TenantLink, over_the_link
from composer.model.topics import overlaps, to_filter
from composer.model.traffic import NO_TRAFFIC, Publication, Traffic
from composer.model.uplink import Entry, bytes_of, filter_of, rate_of
from composer.stages.wire.specs import QOS


def summarise(
    site: str, hub: str, tenants: Mapping[str, Mapping[str, Any]], traffic: Traffic = NO_TRAFFIC
) -> LinkSummary:
    """The summary of a *site* for its *hub*; *tenants* maps each of its tenants to its merged spec.

    Without its *traffic*, the rates stay 0.
    """
    published: dict[str, list[Publication]] = {}
    for row in traffic.publications:
        if row.principal.kind != "uplink":
            published.setdefault(row.principal.tenant, []).append(row)
    found = (_tenant(name, tenants[name], published.get(name, [])) for name in sorted(tenants))
    return LinkSummary(site, hub, tuple(link for link in found if link.up or link.down))


def _tenant(tenant: str, spec: Mapping[str, Any], published: list[Publication]) -> TenantLink:
    written = spec.get("uplink") or {}
    return TenantLink(tenant, tuple(_up(_texts(written.get("up")), published)), tuple(_down(written.get("down") or ())))


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
