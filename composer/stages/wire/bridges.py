"""The other end of uplinks: what a hub lets the bridges of its sites do, as grant rows and as rules of its broker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, fsum
from typing import Any
from zlib import crc32

from composer.model.conventions import (
    BRIDGES_ISSUER,
    BRIDGES_SECRET,
    INGRESS_SERVICE,
    MQTT_TLS_PORT,
    PLATFORM_NAMESPACE,
    mount_point,
)
from composer.model.grants import Action, Grant, Principal, Said
from composer.model.links import EVERY_SITE, LinkSummary, Passing, at_hub
from composer.model.stack import Stack
from composer.model.topics import to_filter
from composer.model.traffic import Subscription
from composer.stages.wire.rows import Draft, Row

MOST_EXACT = 1000
"""Up to so many sites each has rows of its own alone; above, rows that all of them have become one pattern."""

LIST_BYTES = 700_000
"""How long one list of access rules may get (a ConfigMap holds 1 MiB)."""

ROW_BYTES = 16
"""What a row takes in a list besides its topic and the site's name, at most."""

WIDENED = (
    "the row is told to the broker once for all sites, so it lets every client of the tenant at the hub do this as a "
    "site of its own name"
)
"""Why a row that stands for every site is wider than the sites."""

ACTIONS: Mapping[str, Action] = {"up": "publish", "down": "subscribe"}
"""Direction of a link -> what the bridge does at the hub."""


@dataclass(frozen=True, slots=True)
class Right:
    """A right that sites have at their hub: *action* on what *passing* says, of *tenant*."""

    tenant: str
    direction: str
    filter: str


def is_hub(stack: Stack, children: Sequence[LinkSummary]) -> bool:
    """Whether bridges may come to the site: because sites have their uplinks there, or because it says so."""
    return bool(stack.spec.get("hub") or children)


def bridge_grants(children: Sequence[LinkSummary]) -> tuple[Grant, ...]:
    """The rows of all bridges that end at the hub. A row with "{site}" stands for each of its sites."""
    common = _common(children)
    every = [_grant(row, EVERY_SITE, children[0].site, f"{len(children)} sites", WIDENED) for row in common]
    known = frozenset(common)
    own = (
        _grant(row, child.site, child.site, child.site)
        for child in children
        for row in _rows(child)
        if row not in known
    )
    return (*every, *own)


def _grant(row: Right, name: str, site: str, who: str, widened: str = "") -> Grant:
    """The row of the bridge called *name*, which the documents of *site* imply."""
    principal = Principal(row.tenant, name, "bridge")
    where = at_hub(Passing(row.filter, 1), name)
    because = f"tenants.{row.tenant}.uplink.{row.direction} of {who}"
    said = Said(row.tenant, ("uplink", row.direction, row.filter), site=site)
    return Grant(principal, ACTIONS[row.direction], where, because, widened, said)


def bridges_said(children: Sequence[LinkSummary]) -> Said:
    """Which document implies that bridges come: that of the first site with an uplink, or else the hub's own `hub`."""
    sending = next((child for child in children if child.tenants), None)
    if sending is None:
        return Said("", ("hub",))
    link = sending.tenants[0]
    direction, passing = ("up", link.up) if link.up else ("down", link.down)
    return Said(link.tenant, ("uplink", direction, passing[0].filter), site=sending.site)


def _rows(child: LinkSummary) -> Iterator[Right]:
    for link in child.tenants:
        for direction, passing in (("up", link.up), ("down", link.down)):
            for said in passing:
                yield Right(link.tenant, direction, said.filter)


def _common(children: Sequence[LinkSummary]) -> list[Right]:
    """The rows that all of many sites have, and that a broker can be told as one pattern."""
    if len(children) <= MOST_EXACT:
        return []
    rows = dict.fromkeys(_rows(children[0]))
    for child in {child.tenants: child for child in children}.values():
        found = frozenset(_rows(child))
        rows = {row: None for row in rows if row in found}
    return [row for row in rows if _is_patterned(row.filter)]


def _is_patterned(text: str) -> bool:
    """Whether the site's name, where it stands in the filter, is a whole level."""
    return all(level == EVERY_SITE or EVERY_SITE not in level for level in text.split("/"))


def bridge_rows(stack: Stack, children: Sequence[LinkSummary]) -> Iterator[Row]:
    """What all bridges together publish and listen to, of the tenants that are at the hub; one row for each filter."""
    for (tenant, direction), filters in _passing(children).items():
        if tenant not in stack.tenants:
            continue
        said = Said(tenant, ("uplink", direction))
        principal = Principal(tenant, EVERY_SITE, "bridge")
        for found in filters.values():
            topic = at_hub(found[0], EVERY_SITE)
            qos = max(passing.qos for passing in found)
            if direction == "up":
                yield Draft(principal, topic, to_filter(topic), _record(topic, qos, found), len(found), said)
            else:
                rate, size = _amount(found)
                yield Subscription(principal, topic, to_filter(topic), "", qos, "", len(found), said, rate, size)


def _passing(children: Sequence[LinkSummary]) -> dict[tuple[str, str], dict[str, list[Passing]]]:
    """(Tenant, direction) -> filter -> what it comes to at each site that has it."""
    rows: dict[tuple[str, str], dict[str, list[Passing]]] = {}
    for child in children:
        for link in child.tenants:
            for direction, passing in (("up", link.up), ("down", link.down)):
                for said in passing:
                    rows.setdefault((link.tenant, direction), {}).setdefault(said.filter, []).append(said)
    return {key: rows[key] for key in sorted(rows)}


def _record(topic: str, qos: int, found: Sequence[Passing]) -> dict[str, Any]:
    """A publisher's record for messages of many sites: the rate of each on average, bytes rounded up."""
    rate, size = _amount(found)
    return {"topic": topic, "rate": rate / len(found), "bytes": size, "qos": qos, "schema": ""}


def _amount(found: Sequence[Passing]) -> tuple[float, int]:
    """Messages a second of all sites together, and the payload of one on average, rounded up."""
    rate = fsum(passing.rate for passing in found)
    return rate, ceil(fsum(passing.bytes for passing in found) / rate) if rate else 0


def bridges_context(stack: Stack, children: Sequence[LinkSummary], grants: Sequence[Grant]) -> dict[str, Any]:
    """The listener for the sites' bridges. Its topics are the broker's own: it has no mount point."""
    domain = stack.spec["cluster"]["domain"]
    service = f"{INGRESS_SERVICE}.{PLATFORM_NAMESPACE}.svc"
    return {
        "port": MQTT_TLS_PORT,
        "issuer": BRIDGES_ISSUER,
        "certificate": BRIDGES_SECRET,
        "secret": BRIDGES_SECRET,
        "dnsNames": [f"mqtt.{domain}", f"{service}.cluster.local", service],
        "connections": sum(child.connections for child in children),
        **_rules(grants),
    }


def bridges_route(stack: Stack) -> dict[str, Any]:
    """What a front passes on to that listener: the bridges ask for the name of the hub itself."""
    name = f"mqtt.{stack.spec['cluster']['domain']}"
    return {"tenant": "_bridges", "name": name, "port": MQTT_TLS_PORT, "link": "", "secret": BRIDGES_SECRET}


def _rules(grants: Sequence[Grant]) -> dict[str, Any]:
    """The grant rows as access rules: patterns for every site, and lists of users that each fit a ConfigMap.

    A site's list follows from its name, so that sites do not move each other from one list to another.
    """
    patterns: dict[str, list[str]] = {"publish": [], "subscribe": []}
    users: dict[str, dict[str, list[str]]] = {}
    sizes: dict[str, int] = {}
    for grant in grants:
        site, where = grant.principal.name, mount_point(grant.principal.tenant) + grant.filter
        if site == EVERY_SITE:
            patterns[grant.action].append(where)
            continue
        sizes[site] = sizes.get(site, 0) + len(where.encode()) + len(site) + ROW_BYTES
        users.setdefault(site, {"publish": [], "subscribe": []})[grant.action].append(where)
    lists: list[list[dict[str, Any]]] = [[] for _ in range(_number(sizes))]
    for site in sorted(users):
        lists[_place_in(site, len(lists))].append({"name": site, **users[site]})
    return {"patterns": patterns, "lists": [{"name": str(i), "users": found} for i, found in enumerate(lists)]}


def _number(sizes: Mapping[str, int]) -> int:
    """How many lists hold the rules of sites of these *sizes*: doubled where one is full, so that it changes rarely.

    Rules of one site that do not fit a list stay in one, where the ConfigMap is refused.
    """
    number, most = 1, max([LIST_BYTES, *sizes.values()])
    while number < len(sizes):
        lists = [0] * number
        for site, size in sizes.items():
            lists[_place_in(site, number)] += size
        if max(lists) <= most:
            break
        number *= 2
    return number


def _place_in(site: str, number: int) -> int:
    """Which of *number* lists a site's rules are in."""
    return crc32(site.encode()) % number
