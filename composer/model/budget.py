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
    """A publication that goes over the uplink, or would: *rate* messages a second with *bytes* of payload each.

    Of what comes down, the rate is 0 where no document says it.
    """

    tenant: str
    principal: str
    topic: str
    rate: float
    bytes: int
    wire: Wire
    said: Said

    @property
    def direction(self) -> str:
        """Whether it goes "up" to the hub, or comes "down"."""
        return "down" if self.said.component is None and self.said.route[:2] == ("uplink", "down") else "up"

    @property
    def daily(self) -> float:
        """Bytes a day, both ways."""
        return self.rate * self.wire.both * DAY


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes a day over a site's uplink, both ways.

    *sent* is what goes up, *received* what comes down, *raw* what devices and gateways say, as if all of it went up; all by
    tenant. *pings* is what keeps an idle connection open. *limit* is the daily budget, None where no document sets one.
    """

    sent: tuple[Sent, ...]
    received: tuple[Sent, ...]
    raw: tuple[Sent, ...]
    pings: float
    limit: int | None

    @property
    def total(self) -> float:
        return fsum(each.daily for each in (*self.sent, *self.received)) + self.pings

    def after(self, tenant: str) -> float:
        return fsum(each.daily for each in self.sent if each.tenant == tenant)

    def before(self, tenant: str) -> float:
        return fsum(each.daily for each in self.raw if each.tenant == tenant)

    @property
    def largest(self) -> tuple[Sent, ...]:
        """What goes up or is known to come down, the largest first."""
        known = (each for each in (*self.sent, *self.received) if each.rate)
        return tuple(sorted(known, key=lambda each: (-each.daily, each.tenant, each.principal, each.topic)))

    @property
    def unknown(self) -> tuple[Sent, ...]:
        """What comes down without anybody saying how much."""
        return tuple(each for each in self.received if not each.rate)

    def day(self) -> UplinkDay:
        """The same in plain values, tenant by tenant: those of which anything is known to be sent, or said by devices."""
        tenants = sorted({each.tenant for each in (*self.largest, *self.raw)})
        unknown = tuple((each.tenant, each.topic) for each in self.unknown)
        return UplinkDay(tuple(self._tenant(tenant) for tenant in tenants), self.pings, self.limit, unknown)

    def _tenant(self, tenant: str) -> TenantDay:
        topics = tuple(
            TopicDay(each.principal, each.topic, each.direction, each.rate, each.bytes, each.wire.up, each.wire.down)
            for each in self.largest
            if each.tenant == tenant
        )
        received = fsum(each.daily for each in self.received if each.tenant == tenant)
        return TenantDay(tenant, self.before(tenant), self.after(tenant), received, topics)


class TopicDay(NamedTuple):
    """What goes up of one topic, or comes down (*direction*): *rate* messages a second of *bytes*, each *up* and *down* bytes on
    the wire."""

    principal: str
    topic: str
    direction: str
    rate: float
    bytes: int
    up: int
    down: int


class TenantDay(NamedTuple):
    """Bytes a day of one tenant, as its devices and gateways say it (*before*), as it goes up (*after*), and what comes down."""

    tenant: str
    before: float
    after: float
    received: float
    topics: tuple[TopicDay, ...]


class UplinkDay(NamedTuple):
    """Bytes over a site's uplink in a day. *limit* is the daily budget, None where no document sets one.

    *unknown* are tenants and topics of what comes down without anybody saying how much.
    """

    tenants: tuple[TenantDay, ...]
    pings: float
    limit: int | None
    unknown: tuple[tuple[str, str], ...]

    @property
    def total(self) -> float:
        return fsum(tenant.after + tenant.received for tenant in self.tenants) + self.pings


FORMULA = "86400 x the sum of rate x (up + down) over topics, and pings"
"""How a day's bytes follow from a day's rows."""

DAY = 86_400


def saving(before: float, after: float) -> float:
    """Which share of *before* is not sent: 0.9 where a tenth is left; below 0 where more goes up than devices say."""
    return 1 - after / before if before else 0.0
