"""What a hub knows of a site whose uplink ends there: a small value, worked out from the site's documents alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from composer.model.topics import bind, placeholders


@dataclass(frozen=True, slots=True)
class Passing:
    """The messages of one filter of a tenant that go over a link.

    *filter* is relative to the tenant at the site; the placeholder {site} stays in it, so that sites which say the same are
    equal. *rate* is messages a second, *bytes* payload a second; both are 0 where nobody is known to publish.
    """

    filter: str
    qos: int
    rate: float = 0.0
    bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class TenantLink:
    """What one tenant of a site sends *up* to the hub and gets *down* from it.

    *back* are pairs of filters: what comes down under the first makes the site send under the second.
    *buffered* says that what goes up comes from a buffer on the site's disk, which has a connection of its own.
    """

    tenant: str
    up: tuple[Passing, ...]
    down: tuple[Passing, ...]
    back: tuple[tuple[str, str], ...] = ()
    buffered: bool = False


@dataclass(frozen=True, slots=True)
class LinkSummary:
    """One site as its *hub* sees it: the tenants whose topics go over the link, in the order of their names.

    *connections* is the number of connections the site keeps to the hub: its broker's and its buffer's, as far as anything goes
    over them.
    """

    site: str
    hub: str
    tenants: tuple[TenantLink, ...]

    @property
    def connections(self) -> int:
        bridge = any(link.down or (link.up and not link.buffered) for link in self.tenants)
        return int(bridge) + any(link.up and link.buffered for link in self.tenants)

    @property
    def digest(self) -> str:
        """Tells one content from another; the same for sites that differ in nothing but their names."""
        return _digest(self.hub, self.tenants)


def at_hub(passing: Passing, site: str) -> str:
    """Where the messages of *site* lie at the hub, relative to the tenant. "{site}" as the site stands for every one."""
    inner = passing.filter if site == EVERY_SITE else bind(passing.filter, site=site)
    return f"sites/{site}/{inner}"


EVERY_SITE = "{site}"
"""Stands for the name of each site whose uplink ends at a hub."""


def over_the_link(text: str) -> str:
    """The filter of an uplink with `+` for every placeholder but the site's name."""
    if "{" not in text:
        return text
    return "/".join("+" if _is_open(level) else level for level in text.split("/"))


def _is_open(level: str) -> bool:
    return any(name != "site" for name in placeholders(level))


def links_digest(links: Iterable[LinkSummary]) -> str:
    """The digest of everything a hub knows of its sites, in whatever order they come; "" for none."""
    lines = sorted(f"{link.site} {link.digest}" for link in links)
    return sha256("\n".join(lines).encode()).hexdigest() if lines else ""


def link_data(tenants: tuple[TenantLink, ...]) -> list[dict[str, Any]]:
    """The tenants of a summary as plain data."""
    return [asdict(tenant) for tenant in tenants]


def link_tenants(data: Iterable[Mapping[str, Any]]) -> tuple[TenantLink, ...]:
    """What `link_data` was made of. Raises KeyError, TypeError or ValueError for anything else."""
    return tuple(
        TenantLink(
            str(t["tenant"]),
            tuple(_passing(t["up"])),
            tuple(_passing(t["down"])),
            tuple(_back(t["back"])),
            bool(t["buffered"]),
        )
        for t in data
    )


def _back(data: Iterable[Iterable[str]]) -> Iterator[tuple[str, str]]:
    for down, up in data:
        yield str(down), str(up)


def _passing(data: Iterable[Mapping[str, Any]]) -> Iterator[Passing]:
    for row in data:
        yield Passing(str(row["filter"]), int(row["qos"]), float(row["rate"]), float(row["bytes"]))


@lru_cache(maxsize=64)
def _digest(hub: str, tenants: tuple[TenantLink, ...]) -> str:
    return sha256(json.dumps([hub, link_data(tenants)], sort_keys=True).encode()).hexdigest()
