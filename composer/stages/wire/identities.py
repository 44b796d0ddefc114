"""Names and ports at the broker: who a client is follows from them, so no two principals can share one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

from composer.diagnostic import Diagnostic, Related, error
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.stages.wire.grants import classes_here
from composer.stages.wire.places import param_place, place_of, tenant_place

Clients = Mapping[Component, Sequence[Mapping[str, Any]]]
"""Component -> its identities at the broker."""


def check_identities(
    stack: Stack, clients: Clients, ingress: Component | None, ports: Mapping[str, int]
) -> Iterator[Diagnostic]:
    """What keeps the principals of a site from being told apart, or from having a broker at all."""
    yield from _check_ingress(stack, clients, ingress)
    yield from _check_ports(ingress, ports)
    owners: dict[tuple[str, str], Component] = {}
    for component, found in clients.items():
        for client in found:
            other = owners.setdefault((client["tenant"], client["name"]), component)
            if other is not component:
                yield _double(client["name"], client["tenant"], component, other)
    for tenant in stack.tenants:
        names = {c: _names(stack.tenants[tenant]["devices"][c].get("names", "")) for c in classes_here(stack, tenant)}
        yield from _check_devices(stack, tenant, names)
        for (owner, name), component in owners.items():
            if owner == tenant and any(name in known for known in names.values()):
                message = f"{name!r} is also the name of a device of tenant {tenant}; they would share an identity"
                yield error("W005", message, place_of(component, key=True))


def _check_ingress(stack: Stack, clients: Clients, ingress: Component | None) -> Iterator[Diagnostic]:
    speaking = next((component for component, found in clients.items() if found), None)
    if ingress is None and speaking is not None:
        message = f"{speaking.label} speaks MQTT, but site {stack.site} has no ingress"
        hint = "add a component with an ingress blueprint, such as `ingress: {blueprint: mqtt-mosquitto@1}`"
        yield error("W004", message, place_of(speaking, key=True), hint=hint)


def _check_ports(ingress: Component | None, ports: Mapping[str, int]) -> Iterator[Diagnostic]:
    """Whether the listeners have a port each. Only chosen ports can be equal."""
    owners: dict[int, str] = {}
    for tenant, port in ports.items():
        other = owners.setdefault(port, tenant)
        if other != tenant and ingress is not None:
            message = f"tenants {other} and {tenant} are both given port {port} at the broker"
            place, first = (param_place(ingress, ("ports", name)) for name in (tenant, other))
            yield error("W008", message, place, related=[Related("the other one", first)])


def _check_devices(stack: Stack, tenant: str, names: Mapping[str, frozenset[str]]) -> Iterator[Diagnostic]:
    """Names that two device classes have."""
    for one, other in combinations(names, 2):
        if not names[one].isdisjoint(names[other]):
            both = min(names[one] & names[other])
            message = f"{both!r} of tenant {tenant} is a device of the classes {one} and {other}; give it one of them"
            place, first = (tenant_place(stack, tenant, ("devices", c, "names")) for c in (other, one))
            yield error("W005", message, place, related=[Related("the other one", first)])


def _double(name: str, tenant: str, component: Component, other: Component) -> Diagnostic:
    message = f"two components of tenant {tenant} are called {name!r}; they would share an identity at the broker"
    related = [Related("the other one", place_of(other, key=True))]
    return error("W005", message, place_of(component, key=True), related=related)


@lru_cache(maxsize=1024)
def _names(pattern: str) -> frozenset[str]:
    return frozenset(expand_names(pattern)) if pattern else frozenset()
