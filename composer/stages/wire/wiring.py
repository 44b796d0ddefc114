"""Stage wire: identities, grants and network flows of a stack, and the plain data each component renders from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, has_errors
from composer.model.conventions import ACCOUNT_NAMESPACES, MQTT_TLS_PORT, PLATFORM_NAMESPACE
from composer.model.grants import Flow, Grant, Peer, Permission, Said
from composer.model.links import LinkSummary
from composer.model.stack import Component, HubLink, Stack, Wired, Wiring
from composer.stages.wire import network
from composer.stages.wire.bridges import (
    bridge_grants,
    bridges_context,
    bridges_route,
    bridges_said,
    is_hub,
)
from composer.stages.wire.budget import Overhead, check_budget
from composer.stages.wire.buffer import hub_context, volume_of
from composer.stages.wire.clients import clients
from composer.stages.wire.flowing import flowing
from composer.stages.wire.fronts import (
    check_fronts,
    ends_tls,
    front_context,
    front_flows,
    front_of,
    is_open,
    link_context,
    link_name,
    passed_on_flows,
)
from composer.stages.wire.grants import component_grants, device_grants
from composer.stages.wire.hardware import architectures, check_serial, licences
from composer.stages.wire.hub import check_hub, reached_by_patterns
from composer.stages.wire.identities import check_identities
from composer.stages.wire.ingress import check_ingress
from composer.stages.wire.listeners import listener, ports
from composer.stages.wire.permissions import permissions
from composer.stages.wire.policies import check_policies
from composer.stages.wire.relay import check_reserved, check_shared, relay_grants
from composer.stages.wire.sizing import as_quantity, check_sizing, replicas_of
from composer.stages.wire.summary import summarise
from composer.stages.wire.surroundings import (
    bridge_context,
    component_context,
    delivery_context,
    namespace_of,
    site_context,
    tenant_context,
)
from composer.stages.wire.words import check_words


def wire(stack: Stack, link: HubLink | None, children: Sequence[LinkSummary] = ()) -> tuple[Wiring, list[Diagnostic]]:
    """What every component of the stack renders from. *link* is what the site knows of its hub, if it has one; *children*
    what it knows of the sites whose hub it is.

    Raises Rejected with every finding where there is an error.
    """
    wrong = check_words(stack)
    if has_errors(wrong):
        raise Rejected(wrong)
    wiring = _Wiring(stack, link, tuple(sorted(children, key=lambda child: child.site)))
    wired = tuple(wiring.wired())
    if has_errors(wiring.findings):
        raise Rejected(wiring.findings)
    components = (grant for found in wiring.grants.values() for grant in found)
    bridges = (*wiring.bridge_grants, *reached_by_patterns(wiring.device_grants, wiring.children))
    grants = (*wiring.device_grants, *components, *bridges)
    made = Wiring(
        wiring.stack,
        wired,
        grants,
        wiring.flows,
        wiring.traffic,
        permissions=wiring.permissions,
        sizing=wiring.sizing,
        shares=wiring.shares,
        children=wiring.children,
        summary=wiring.summary,
    )
    return made, wiring.findings


class _Wiring:
    """The work for one stack: tables over its components, each made from the one before."""

    def __init__(self, stack: Stack, link: HubLink | None, children: tuple[LinkSummary, ...]) -> None:
        self.stack = stack
        self.link = link
        self.children = children
        self.bridge_grants = bridge_grants(children)
        self.findings: list[Diagnostic] = []
        found = flowing(stack, children, self.findings)
        stack, relay, self.buffer = found.stack, found.relay, found.buffer
        self.stack, self.specs, self.shares, self.traffic = stack, found.specs, found.shares, found.traffic
        self.ingress, self.sizing = found.ingress, found.sizing
        self.device_grants = tuple(device_grants(stack))
        self.grants = {c: tuple(component_grants(c, spec)) for c, spec in self.specs.items()}
        if relay:
            self.grants[relay] = tuple(relay_grants(relay, self.shares))
        self.findings += check_shared(stack, self.shares, self.traffic)
        self.findings += check_reserved(stack, self.shares, self.traffic)
        self.findings += check_sizing(stack, self.specs, self.traffic, self.ingress, self.sizing, self._sites)
        self.front = front_of(stack)
        chosen = self.ingress.params.get("ports") if self.ingress else None
        self.ports = ports(stack.tenants, chosen or {})
        self.outside = sorted({grant.principal.tenant for grant in self.device_grants})
        self.ended = [tenant for tenant in self.outside if ends_tls(self.front, tenant)]
        self.clients = {c: clients(c, grants, self.ports) for c, grants in self.grants.items()}
        self.flows = {c: tuple(self._flows(c)) for c in stack.components}
        self.permissions = permissions(stack)
        self.findings += check_ingress(stack)
        self.findings += check_policies(stack)
        self.findings += check_identities(stack, self.clients, self.ingress, self.ports)
        self.findings += check_serial(stack)
        self.findings += check_budget(stack, self.traffic, Overhead.of(self.sizing.amounts))
        self.findings += check_fronts(stack, self.ingress, self.ports, self.ended)
        self.findings += check_hub(stack, self.children, self.clients, self.ingress, self.ports)

    def wired(self) -> Iterator[Wired]:
        site = site_context(self.stack)
        rows: dict[str, list[Permission]] = {"": [], **{name: [] for name in self.stack.tenants}}
        for row in self.permissions:
            rows[row.tenant].append(row)
        delivery = delivery_context(self.stack, rows[""])
        namespace = ACCOUNT_NAMESPACES[delivery["engine"]]
        tenants = {
            name: tenant_context(name, spec, self.stack.site, namespace, rows[name])
            for name, spec in self.stack.tenants.items()
        }
        common = {
            "site": site,
            "fleet": {"name": self.stack.fleet.document.data["metadata"]["name"]},
            "platform": {"namespace": PLATFORM_NAMESPACE},
            "delivery": delivery,
            "tenants": list(tenants.values()),
        }
        for component in self.stack.components:
            context = {**common, **self._own(component)}
            if component.tenant:
                context["tenant"] = tenants[component.tenant]
            yield Wired(component, context)

    def _own(self, component: Component) -> dict[str, Any]:
        found = self.clients.get(component, [])
        own: dict[str, Any] = {
            "component": component_context(component),
            "params": component.params,
            "images": component.blueprint.references,
            "spec": self.specs.get(component, {}),
            "clients": found,
            "network": network.rules(self.flows[component]),
            "architectures": architectures(component, self.stack),
            "licences": licences(component, self.stack),
        }
        if len(found) == 1:
            own["client"] = found[0]
        if component.role == "ingress":
            own["listeners"] = self._listeners()
            own["sizing"] = self.sizing.given
            if self._bridge:
                own["bridge"] = self._bridge
            if self.front:
                own["front"] = link_context(self.front)
        if component is self.buffer and self.link:
            own["hub"] = hub_context(self.stack, self.link)
            own["sizing"] = {"bufferVolume": volume_of(component, self.sizing, as_quantity)}
        if component is self.front and self.ingress:
            pods = replicas_of(component, self.sizing.amounts)
            own["sizing"] = {"frontReplicas": pods, "perFront": int(self.sizing.amounts["perFront"])}
            own |= front_context(self.stack, component, self.ingress, self.ports, self.outside)
            own["routes"] += [bridges_route(self.stack)] if is_hub(self.stack, self.children) else []
        if component.role in ("base", "ingress") and is_hub(self.stack, self.children):
            own["bridges"] = self._bridges
        return own

    @property
    def summary(self) -> LinkSummary | None:
        """What the site tells its hub, if it has one."""
        if self.link is None:
            return None
        buffered = self.buffer is not None
        site, tenants = self.stack.site, self.stack.tenants
        return summarise(site, self.link.site, tenants, self.traffic, self.children, buffered=buffered)

    @cached_property
    def _bridge(self) -> dict[str, Any] | None:
        """The broker's way to the hub, where there is a hub; beside a buffer, only where something comes down."""
        found = bridge_context(self.stack, self.link, buffered=self.buffer is not None) if self.link else None
        return found if found and (found["topics"] or not self.buffer) else None

    @property
    def _sites(self) -> int:
        return sum(child.connections for child in self.children)

    @cached_property
    def _bridges(self) -> dict[str, Any]:
        return bridges_context(self.stack, self.children, self.bridge_grants)

    def _listeners(self) -> list[dict[str, Any]]:
        rows: dict[str, list[Grant]] = {tenant: [] for tenant in self.stack.tenants}
        for grants in (self.device_grants, *self.grants.values()):
            for grant in grants:
                rows[grant.principal.tenant].append(grant)
        return [
            {
                **listener(self.stack, tenant, self.ports[tenant], found),
                "link": link_name(tenant) if tenant in self.ended else "",
            }
            for tenant, found in rows.items()
        ]

    def _flows(self, component: Component) -> Iterator[Flow]:
        yield from network.DNS_FLOWS
        for client in self.clients.get(component, []):
            said = self._speaks(component, client["tenant"])
            yield Flow("egress", network.BROKER, client["port"], f"{component.label} speaks MQTT", said=said)
        if component.role == "ingress":
            yield from self._broker_flows(component)
        if component is self.buffer and self.link:
            yield network.bridge_flow(self.link.site)
        if component is self.front:
            yield from front_flows(component, network.BROKER, self.ports, self.outside)
            if is_hub(self.stack, self.children):
                said = bridges_said(self.children)
                yield Flow("egress", network.BROKER, MQTT_TLS_PORT, network.UPLINKS, said=said)
        yield from network.bus_flows(component)
        yield from network.declared_flows(component)
        yield from self._scrape_flows(component)

    def _speaks(self, component: Component, tenant: str) -> Said:
        """Which document implies that a component speaks for a tenant: a relay does because something is shared, a buffer because
        something goes up.
        """
        if component is self.buffer:
            return Said(tenant, ("uplink", "up"))
        if component.role == "relay":
            for share in self.shares:
                if tenant in (share.owner, share.reader):
                    return share.used
        return Said(component.tenant, (), component)

    def _broker_flows(self, ingress: Component) -> Iterator[Flow]:
        for component, found in self.clients.items():
            peer = Peer(namespace_of(component), tuple(component_context(component)["selector"].items()))
            for client in found:
                said = self._speaks(component, client["tenant"])
                yield Flow("ingress", peer, client["port"], f"{component.label} speaks MQTT", said=said)
        if self.front:
            selector = component_context(self.front)["selector"]
            yield from passed_on_flows(self.front, selector, self.ports, self.outside)
        if is_open(self.front, ingress):
            for tenant in self.outside:
                said = Said(tenant, ("devices",))
                yield network.device_flow(f"devices of tenant {tenant}", self.ports[tenant], said)
        if self.link and self._bridge:
            yield network.bridge_flow(self.link.site)
        if is_hub(self.stack, self.children):
            yield from self._bridges_flows(ingress)

    def _bridges_flows(self, ingress: Component) -> Iterator[Flow]:
        """Bridges come through the front, where there is one, as devices do."""
        if self.front:
            peer = Peer(PLATFORM_NAMESPACE, tuple(component_context(self.front)["selector"].items()))
            because = f"{self.front.label} passes on {network.UPLINKS}"
            yield Flow("ingress", peer, MQTT_TLS_PORT, because, said=bridges_said(self.children))
        if is_open(self.front, ingress):
            yield network.bridges_flow(bridges_said(self.children))

    def _scrape_flows(self, component: Component) -> Iterator[Flow]:
        policies = self.stack.fleet.document.data["spec"].get("policies") or {}
        metrics = component.blueprint.spec.get("metrics")
        if metrics and policies.get("scrapeFrom"):
            yield network.scrape_flow(policies["scrapeFrom"]["namespace"], metrics["port"])
