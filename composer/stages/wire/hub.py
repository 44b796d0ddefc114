"""What stands in the way of a hub: names and ports that its sites' bridges would share with its own clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from composer.diagnostic import Diagnostic, Place, Related, error, warning
from composer.model.conventions import MQTT_TLS_PORT
from composer.model.grants import Grant, Principal
from composer.model.links import EVERY_SITE, LinkSummary
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.model.topics import bind
from composer.stages.wire.bridges import is_hub
from composer.stages.wire.grants import classes_here
from composer.stages.wire.identities import Clients
from composer.stages.wire.listeners import device_names
from composer.stages.wire.places import param_place, place_of, tenant_place


def check_hub(
    stack: Stack,
    children: Sequence[LinkSummary],
    clients: Clients,
    ingress: Component | None,
    ports: Mapping[str, int],
) -> Iterator[Diagnostic]:
    """Findings of a site as the hub of *children*."""
    if is_hub(stack, children):
        yield from _check_ports(ingress, ports)
    sending = [child for child in children if child.tenants]
    if not sending:
        return
    if ingress is None:
        yield _no_broker(stack, sending)
        return
    yield from _check_names(stack, children, clients)
    yield from _check_tenants(stack, sending)


def reached_by_patterns(grants: Sequence[Grant], children: Sequence[LinkSummary]) -> Iterator[Grant]:
    """What bridges may do besides their own rows: a pattern for nameless devices holds for clients of every listener."""
    for grant in grants:
        if children and grant.widened and grant.principal.kind == "class":
            principal = Principal(grant.principal.tenant, EVERY_SITE, "bridge")
            where = bind(grant.filter, device=EVERY_SITE)
            yield Grant(principal, grant.action, where, grant.because, REACHED, grant.said)


REACHED = "the broker is told one pattern for devices without known names, which holds for bridges of sites, too"


def _no_broker(stack: Stack, children: Sequence[LinkSummary]) -> Diagnostic:
    message = f"this is the hub of {_sites(children)}, but it has no ingress to take their bridges"
    hint = "add a component with an ingress blueprint, such as `ingress: {blueprint: mqtt-mosquitto@1}`"
    return error("W051", message, _place(stack), hint=hint, related=_first(stack, children))


def _check_ports(ingress: Component | None, ports: Mapping[str, int]) -> Iterator[Diagnostic]:
    """Whether a tenant was given the port of the bridges. The composer itself chooses from higher ones."""
    for tenant, port in ports.items():
        if ingress is not None and port == MQTT_TLS_PORT:
            message = f"tenant {tenant} is given port {port}, where a hub takes the bridges of its sites"
            yield error("W053", message, param_place(ingress, ("ports", tenant)), hint="give it another port")


def _check_names(stack: Stack, children: Sequence[LinkSummary], clients: Clients) -> Iterator[Diagnostic]:
    """Clients of the hub that are called like a site: a broker's rules go by names alone."""
    sites = {child.site: child for child in children}
    for component, found in clients.items():
        for name in dict.fromkeys(client["name"] for client in found if client["name"] in sites):
            yield _same_name(stack, component.label, sites[name], place_of(component, key=True))
    for tenant in stack.tenants:
        for name in classes_here(stack, tenant):
            pattern = stack.tenants[tenant]["devices"][name].get("names", "")
            both = sorted(sites.keys() & _names(pattern)) if pattern else []
            if both:
                who = f"{both[0]!r} of device class {name} of tenant {tenant}"
                place = tenant_place(stack, tenant, ("devices", name, "names"))
                yield _same_name(stack, who, sites[both[0]], place)


def _same_name(stack: Stack, who: str, child: LinkSummary, place: Place) -> Diagnostic:
    message = f"{who} is also the name of a site whose uplink ends here; they would share an identity at the broker"
    return error("W052", message, place, related=_first(stack, [child]))


def _check_tenants(stack: Stack, children: Sequence[LinkSummary]) -> Iterator[Diagnostic]:
    """Tenants that are at the sites and not at the hub, and the other way round."""
    using: dict[str, dict[str, LinkSummary]] = {}
    for child in children:
        for link in child.tenants:
            using.setdefault(link.tenant, {})[child.site] = child
    for tenant in sorted(using.keys() - stack.tenants.keys()):
        yield _nobody(stack, tenant, list(using[tenant].values()))
    for tenant in stack.tenants:
        name = _nameless(stack, tenant)
        without = [child for child in children if child.site not in using.get(tenant, {})] if name else []
        if without:
            yield _open_class(stack, tenant, name, without)


def _nobody(stack: Stack, tenant: str, children: Sequence[LinkSummary]) -> Diagnostic:
    message = (
        f"tenant {tenant} is on the uplink of {_sites(children)}, but not at this hub: nobody here hears what they send"
    )
    related = _first(stack, children)
    return warning("W054", message, _place(stack), hint=f"list it: spec.tenants.{tenant}: {{}}", related=related)


def _open_class(stack: Stack, tenant: str, name: str, children: Sequence[LinkSummary]) -> Diagnostic:
    message = (
        f"what a device of class {name} of tenant {tenant} may do without a known name, {_sites(children)} without "
        "that tenant may do as a device called like the site"
    )
    place = tenant_place(stack, tenant, ("devices", name))
    return warning("W055", message, place, hint="give the devices `names`", related=_first(stack, children))


def _nameless(stack: Stack, tenant: str) -> str:
    """A device class of the tenant whose names the broker is not told, or ""."""
    return next((name for name in classes_here(stack, tenant) if not device_names(stack, tenant, name)), "")


def _sites(children: Sequence[LinkSummary]) -> str:
    return f"site {children[0].site}" if len(children) == 1 else f"{len(children):,} sites"


def _first(stack: Stack, children: Sequence[LinkSummary]) -> list[Related]:
    """Where the first of the sites is written."""
    file = stack.fleet.sites.get(children[0].site)
    return [Related(f"site {children[0].site}", Place(file))] if file else []


def _place(stack: Stack) -> Place:
    return stack.document.place(("metadata", "name"))


@lru_cache(maxsize=256)
def _names(pattern: str) -> frozenset[str]:
    return frozenset(expand_names(pattern))
