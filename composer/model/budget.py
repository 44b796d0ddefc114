"""What a site sends over its uplink in a day, and what it would send without its stream jobs."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from composer.model.traffic import Said


@dataclass(frozen=True, slots=True)
class Wire:
    """What one message is on the wire, in bytes: *packet* as MQTT, *up* and *down* with TLS, TCP and IP and all answers."""

    packet: int
    up: int
    down: int

    @property
    def both(self) -> int:
        return self.up + self.down


@dataclass(frozen=True, slots=True)
class Sent:
    """A publication that goes over the uplink, or would: *rate* messages a second with *bytes* of payload each."""

    tenant: str
    principal: str
    topic: str
    rate: float
    bytes: int
    wire: Wire
    said: Said

    @property
    def daily(self) -> float:
        """Bytes a day, both ways."""
        return self.rate * self.wire.both * DAY


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes a day over a site's uplink, both ways.

    *sent* is what goes up, *raw* what devices and gateways say, as if all of it went up; both by tenant. *pings* is what keeps an
    idle connection open. *limit* is the daily budget, None where no document sets one.
    """

    sent: tuple[Sent, ...]
    raw: tuple[Sent, ...]
    pings: float
    limit: int | None

    @property
    def total(self) -> float:
        return fsum(each.daily for each in self.sent) + self.pings

    def after(self, tenant: str) -> float:
        return fsum(each.daily for each in self.sent if each.tenant == tenant)

    def before(self, tenant: str) -> float:
        return fsum(each.daily for each in self.raw if each.tenant == tenant)

    @property
    def largest(self) -> tuple[Sent, ...]:
        """What goes up, the largest first."""
        return tuple(sorted(self.sent, key=lambda each: (-each.daily, each.tenant, each.principal, each.topic)))

    def day(self) -> UplinkDay:
        """The same in plain values, tenant by tenant: those of which anything is known to be sent, or said by devices."""
        tenants = sorted({each.tenant for each in (*self.sent, *self.raw)})
        return UplinkDay(tuple(self._tenant(tenant) for tenant in tenants), self.pings, self.limit)

    def _tenant(self, tenant: str) -> TenantDay:
        topics = tuple(
            TopicDay(each.principal, each.topic, each.rate, each.bytes, each.wire.up, each.wire.down)
            for each in self.largest
            if each.tenant == tenant
        )
        return TenantDay(tenant, self.before(tenant), self.after(tenant), topics)


class TopicDay(NamedTuple):
    """What goes up of one topic: *rate* messages a second of *bytes*, each *up* and *down* bytes on the wire."""

    principal: str
    topic: str
    rate: float
    bytes: int
    up: int
    down: int


class TenantDay(NamedTuple):
    """Bytes a day of one tenant, as its devices and gateways say it (*before*) and as it goes up (*after*)."""

    tenant: str
    before: float
    after: float
    topics: tuple[TopicDay, ...]


class UplinkDay(NamedTuple):
    """Bytes over a site's uplink in a day. *limit* is the daily budget, None where no document sets one."""

    tenants: tuple[TenantDay, ...]
    pings: float
    limit: int | None

    @property
    def total(self) -> float:
        return fsum(tenant.after for tenant in self.tenants) + self.pings


FORMULA = "86400 x the sum of rate x (up + down) over topics, and pings"
"""How a day's bytes follow from a day's rows."""

DAY = 86_400


def saving(before: float, after: float) -> float:
    """Which share of *before* is not sent: 0.9 where a tenth is left; below 0 where more goes up than devices say."""
    return 1 - after / before if before else 0.0
