"""Who may do what at the broker of a site, worked out from the grant table alone, for every principal and topic there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from composer.model.grants import Grant
from composer.model.names import expand_names
from composer.model.stack import Wiring
from composer.model.topics import bind, matches

UNNAMED = ("guest-7", "guest-8")
"""Devices that enrol later, of classes without names."""

STRANGER = "stranger"
"""A client with a certificate of the tenant, of which no document knows."""


@dataclass(frozen=True)
class Client:
    """One client of a tenant, with the filters it may publish and subscribe to, relative to the tenant."""

    tenant: str
    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def may_publish(self, topic: str) -> bool:
        return any(matches(each, topic) for each in self.publish)

    def may_read(self, topic: str) -> bool:
        return any(matches(each, topic) for each in self.subscribe)


@dataclass(frozen=True)
class Matrix:
    """All clients and topics of a site."""

    wiring: Wiring

    @cached_property
    def clients(self) -> list[Client]:
        return [client for tenant in self.wiring.stack.tenants for client in self._clients(tenant)]

    def _clients(self, tenant: str) -> Iterator[Client]:
        rows = [grant for grant in self.wiring.grants if grant.principal.tenant == tenant]
        names = dict.fromkeys(name for grant in rows for name in self._names(grant))
        for name in (*names, *UNNAMED, STRANGER):
            own = [g for g in rows if name in self._names(g) or (g.principal.kind == "class" and g.widened)]
            filters = {
                action: tuple(bind(g.filter, device=name) for g in own if g.action == action)
                for action in ("publish", "subscribe")
            }
            yield Client(tenant, name, filters["publish"], filters["subscribe"])

    def _names(self, grant: Grant) -> tuple[str, ...]:
        """The names of those who have the right, where they are known."""
        if grant.principal.kind != "class":
            return (grant.principal.name,)
        written = self.wiring.stack.tenants[grant.principal.tenant]["devices"][grant.principal.name]
        return () if grant.widened else tuple(expand_names(written["names"]))

    @cached_property
    def topics(self) -> list[str]:
        """Every topic that some filter of some tenant means, and some that nobody may use."""
        devices = sorted({client.name for client in self.clients})
        concrete = {
            text
            for grant in self.wiring.grants
            for name in devices
            for text in [bind(grant.filter, device=name).replace("+", name).replace("#", f"{name}/state")]
            if "guest" not in text or name in UNNAMED
        }
        tenants = list(self.wiring.stack.tenants)
        strange = [
            "nothing",
            "from/x",
            "press",
            "press/",
            "/press/press-0/cmd",
            *(f"t/{t}/press/press-0/cmd" for t in tenants),
        ]
        return sorted(
            {*concrete, *strange, *(f"from/{t}/press/press-0/telemetry" for t in tenants), "$SYS/broker/fake"}
        )
