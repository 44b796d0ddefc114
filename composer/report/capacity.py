"""What sites need and get, as text, JSON or Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isinf

from composer.model.budget import FORMULA, UplinkDay, saving
from composer.model.capacity import SiteCapacity
from composer.model.figures import Need, show_amount
from composer.model.units import show_duration, show_quantity, show_size

HEADINGS = ("what", "needed", "given", "headroom", "by")


def as_text(sites: Sequence[SiteCapacity]) -> str:
    """A table for each site, with what binds and what is promised below it."""
    return "\n".join("\n".join(_text(site)) + "\n" for site in sites if site.ok)


def _text(site: SiteCapacity) -> Iterator[str]:
    rows = [HEADINGS, *map(_row, site.needs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    yield site.site
    for row in rows:
        first, *numbers, by = (
            cell.ljust(width) if i in (0, 4) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {first}  {'  '.join(numbers)}  {by}".rstrip()
    yield from (f"  {line}" for line in _remarks(site))


def _row(need: Need) -> tuple[str, ...]:
    headroom = "-" if isinf(need.headroom) else f"{need.headroom:.0%}"
    return (need.label, shown(need.needed, need.unit), shown(need.given, need.unit), headroom, need.by)


def shown(amount: float, unit: str) -> str:
    """The amount as the tables show it: quantities of Kubernetes where they are round."""
    if unit == "bytes" and amount >= 2**20 and amount % 2**20 == 0:
        return show_quantity(amount, binary=True)
    if unit in ("connections", "messages", "cores"):
        return f"{amount:,.0f}" if unit != "cores" else show_quantity(amount)
    return show_amount(amount, unit)


def _remarks(site: SiteCapacity) -> Iterator[str]:
    binding = site.binding
    if binding:
        yield f"binds first: {binding.label} ({binding.by})"
    if site.traffic:
        idle = show_amount(site.idle, "bytes a second")
        yield f"the broker takes and hands out {show_amount(site.traffic, 'bytes a second')} of payload; idle clients send {idle}"
    if site.reconnect:
        yield f"after the broker was away, all clients are back in {show_duration(max(1, round(site.reconnect)))}"
    if site.saved is not None:
        yield f"saved every {show_duration(site.saved)}: a power cut loses at most what came since"
    if site.uplink:
        yield from _uplink(site.uplink)


def _uplink(day: UplinkDay) -> Iterator[str]:
    for tenant in day.tenants:
        before, after = show_size(round(tenant.before)), show_size(round(tenant.after))
        saved = f", {saving(tenant.before, tenant.after):.0%} saved" if tenant.before else ""
        down = f", {show_size(round(tenant.received))} come down" if tenant.received else ""
        yield f"uplink of {tenant.tenant}: {after} in a day, {before} without stream jobs{saved}{down}"
    if day.pings:
        yield f"uplink kept open: {show_size(round(day.pings))} in a day"
    for name, topic in day.unknown:
        yield f"{topic} of {name} comes down over the uplink and is not counted: no document says its rate"


def as_markdown(sites: Sequence[SiteCapacity]) -> str:
    """A section for each site."""
    return "\n".join("\n".join(_markdown(site)) + "\n" for site in sites if site.ok)


def _markdown(site: SiteCapacity) -> Iterator[str]:
    yield from (f"## {site.site}", "", f"| {' | '.join(HEADINGS)} |", "|---|---:|---:|---:|---|")
    yield from (f"| {' | '.join(_row(need))} |" for need in site.needs)
    yield ""
    yield from (f"- {line}" for line in _remarks(site))


def as_json(sites: Sequence[SiteCapacity]) -> str:
    """Site -> its rows in plain numbers (bytes, seconds, counts), what binds first, and what is promised."""
    found = {
        site.site: {
            "needs": [_plain(need) for need in site.needs],
            "binding": site.binding.label if site.binding else None,
            "bytesPerSecond": round(site.traffic, 3),
            "idleBytesPerSecond": round(site.idle, 3),
            "reconnectSeconds": site.reconnect,
            "saveIntervalSeconds": site.saved,
            "uplink": _day(site.uplink) if site.uplink else None,
        }
        for site in sites
        if site.ok
    }
    return json.dumps(found, indent=2) + "\n"


def _day(day: UplinkDay) -> dict[str, object]:
    """Bytes a day, with the formula and all that it reads."""
    tenants = {
        tenant.tenant: {
            "before": round(tenant.before),
            "after": round(tenant.after),
            "down": round(tenant.received),
            "topics": [topic._asdict() for topic in tenant.topics],
        }
        for tenant in day.tenants
    }
    total = {"total": round(day.total), "formula": FORMULA, "pings": round(day.pings), "limit": day.limit}
    return {**total, "tenants": tenants, "unknown": [{"tenant": name, "topic": topic} for name, topic in day.unknown]}


def _plain(need: Need) -> dict[str, object]:
    return {**need._asdict(), "headroom": None if isinf(need.headroom) else round(need.headroom, 4)}


FORMATS: Mapping[str, Callable[[Sequence[SiteCapacity]], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}
