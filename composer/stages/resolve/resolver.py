"""Stage resolve: from a site's document and the fleet's layers to its stack of components.

Layers, lowest first: blueprint defaults, fleet defaults, the profiles in the order the site lists them, the tenant
document, the site's own document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, did_you_mean, error, has_errors
from composer.merge import merge_layers
from composer.model.fleet import Fleet
from composer.model.stack import Component, Layer, Stack
from composer.source.document import Document, Route
from composer.stages.resolve.blueprints import TENANT_ROLES, check_use
from composer.stages.resolve.complete import check_site, check_tenant
from composer.stages.resolve.component import Level, blueprint_place, build, place_in
from composer.stages.resolve.entries import gather, without
from composer.stages.resolve.layers import GATHERED, NOT_MERGED, Lower, lower_layers
from composer.stages.resolve.limits import check_limits


class Resolver:
    """Resolves the sites of one fleet. What sites share is worked out once; no site's result depends on another's."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._lower: dict[tuple[str, ...], Lower] = {}

    def resolve(self, document: Document) -> tuple[Stack, list[Diagnostic]]:
        """The stack of one site, with warnings. Raises Rejected with every finding where there is an error."""
        site = _Site(self.fleet, document, self.lower(document))
        stack = site.stack()
        if has_errors(site.findings):
            raise Rejected(site.findings)
        return stack, site.findings

    def spec(self, document: Document) -> Mapping[str, Any]:
        """A site's merged spec without components, gateways and tenants: what its children need to know of a hub.

        Raises Rejected where no layer says what every site must say.
        """
        lower, layer = self.lower(document), _site_layer(document)
        spec = _merged_spec(lower, layer, [])
        missing = check_site(spec, _place_in(lower, layer))
        if missing:
            raise Rejected(missing)
        return spec

    def tenants(self, document: Document) -> Mapping[str, Mapping[str, Any]]:
        """The merged spec of each tenant at a site, whatever is wrong with its components.

        Raises Rejected where a tenant or a layer is not there, or cannot be used.
        """
        return {name: tenant.spec for name, tenant in self._tenants(document).items()}

    def tenant_layers(self, document: Document) -> Mapping[str, tuple[Layer, ...]]:
        """The layers of those specs, lowest first. Raises Rejected where `tenants` does."""
        return {name: tenant.layers for name, tenant in self._tenants(document).items()}

    def _tenants(self, document: Document) -> Mapping[str, _Tenant]:
        site = _Site(self.fleet, document, self.lower(document))
        names = sorted(site.sections["tenants"])
        found = {tenant.name: tenant for name in names for tenant in site._tenant(name)}
        if len(found) < len(names):
            raise Rejected(site.findings)
        return found

    def uses(self, document: Document) -> Mapping[Route, tuple[Layer, ...]]:
        """Every use of a blueprint at a site: where its spec speaks of it, and the layers that do, lowest first.

        Whatever else is wrong with the site. Raises Rejected where a tenant or a layer is not there, or cannot be used.
        """
        tenants = self._tenants(document)
        return dict(_Site(self.fleet, document, self.lower(document)).uses(tenants.values()))

    def lower(self, document: Document) -> Lower:
        """The layers below a site, for the profiles it lists. Raises Rejected for a profile that is not there."""
        names = tuple(document.data["spec"].get("profiles") or ())
        known = self._lower.get(names)
        if known is None:
            known = self._lower[names] = lower_layers(self.fleet, document, names)
        return known


def _site_layer(document: Document) -> Layer:
    return Layer(f"site {document.data['metadata']['name']}", document.data["spec"], document, ("spec",))


def _place_in(lower: Lower, layer: Layer) -> Callable[[Route], Place]:
    """Where the values of a site's merged spec were set."""
    return place_in((*lower.layers, layer), partial(layer.document.place, layer.route, key=True))


def _merged_spec(lower: Lower, layer: Layer, findings: list[Diagnostic]) -> Mapping[str, Any]:
    merged, more = merge_layers([lower.spec, *without([layer], *NOT_MERGED)])
    findings += more
    spec: Mapping[str, Any] = merged
    return spec


@dataclass(frozen=True, eq=False)
class _Tenant:
    name: str
    spec: Mapping[str, Any]
    layers: tuple[Layer, ...]
    shared: bool
    """Whether the site adds nothing to what lower layers and the tenant document say."""


class _Site:
    """The work for one site. Its findings come together in one list, in whatever order they are made."""

    def __init__(self, fleet: Fleet, document: Document, lower: Lower) -> None:
        self.fleet = fleet
        self.document = document
        self.lower = lower
        self.layer = _site_layer(document)
        self.findings = list(lower.findings)
        self.spec = _merged_spec(lower, self.layer, self.findings)
        self.said = _place_in(lower, self.layer)
        self.findings += check_site(self.spec, self.said)
        self.idle: tuple[str, ...] = ()
        """Roles for which there is nothing to do: a relay where nobody shares, a buffer where nothing goes up."""
        self.sections = {s: gather([self.layer], s, lower.sections[s], self.findings) for s in GATHERED}

    def stack(self) -> Stack:
        tenants = [tenant for name in sorted(self.sections["tenants"]) for tenant in self._tenant(name)]
        sharing = any(tenant.spec.get("uses") for tenant in tenants)
        sending = self.spec.get("uplink") and any((tenant.spec.get("uplink") or {}).get("up") for tenant in tenants)
        self.idle = (*(() if sharing else ("relay",)), *(() if sending else ("buffer",)))
        components = [*self._platform(), *(c for tenant in tenants for c in self._components_of(tenant))]
        metadata = self.document.data["metadata"]
        return Stack(
            site=metadata["name"],
            fleet=self.fleet,
            document=self.document,
            labels=metadata.get("labels") or {},
            spec=self.spec,
            tenants={tenant.name: tenant.spec for tenant in tenants},
            components=tuple(components),
            layers=(*self.lower.layers, self.layer),
            tenant_layers={tenant.name: tenant.layers for tenant in tenants},
        )

    def _platform(self) -> Iterator[Component]:
        levels = (*self.lower.levels, Level(self.layer.name))
        for section, role in (("components", ""), ("gateways", "gateway")):
            for name, layers in self.sections[section].items():
                if (section, name) != ("components", "tenancy"):
                    shared = self.lower.sections[section].get(name) is layers
                    yield from self._component(levels, (section, name), role, "", layers, shared)

    def uses(self, tenants: Iterable[_Tenant]) -> Iterator[tuple[Route, tuple[Layer, ...]]]:
        for section in ("components", "gateways"):
            for name, layers in self.sections[section].items():
                yield (section, name), layers
        for tenant in tenants:
            for section in TENANT_ROLES:
                for name, layers in gather(tenant.layers, section, {}, []).items():
                    yield ("tenants", tenant.name, section, name), layers

    def _components_of(self, tenant: _Tenant) -> Iterator[Component]:
        """The tenant's walls, then its streams, functions and gateways."""
        levels = (*self.lower.levels, Level(f"tenant {tenant.name}"), Level(self.layer.name))
        walls = self.sections["components"].get("tenancy")
        if walls:
            shared = self.lower.sections["components"].get("tenancy") is walls
            yield from self._component(levels, ("tenancy", tenant.name), "tenancy", tenant.name, walls, shared)
        below = tenant.layers if tenant.shared else tenant.layers[:-1]
        above = () if tenant.shared else tenant.layers[-1:]
        for section, role in TENANT_ROLES.items():
            lower = gather(below, section, {}, self.findings)
            for name, layers in gather(above, section, lower, self.findings).items():
                key = (section, tenant.name, name)
                yield from self._component(levels, key, role, tenant.name, layers, lower.get(name) is layers)

    def _component(
        self,
        levels: tuple[Level, ...],
        key: tuple[str, ...],
        role: str,
        tenant: str,
        layers: tuple[Layer, ...],
        shared: bool,
    ) -> Iterator[Component]:
        """The component, or nothing where it could not be built; a *shared* one is built once for all sites."""
        known = self.lower.built.get(key) if shared else None
        if known is None:
            try:
                name = "tenancy" if role == "tenancy" else key[-1]
                known = build(self.fleet, levels, name=name, tenant=tenant, role=role, layers=layers, shared=shared)
            except Rejected as rejected:
                self.findings += rejected.diagnostics
                return
            if shared:
                self.lower.built[key] = known
        component, findings = known
        self.findings += findings
        if component.role in self.idle:
            return
        self._check_use(component, role, layers)
        yield component

    def _check_use(self, component: Component, role: str, layers: tuple[Layer, ...]) -> None:
        self.findings += check_use(
            component.blueprint,
            role=role,
            tenant=component.tenant,
            spec=self.spec,
            where=lambda: blueprint_place(layers),
            said=self.said,
        )

    def _tenant(self, name: str) -> Iterator[_Tenant]:
        """The tenant's merged spec, or nothing where there is no such tenant document."""
        document = self._tenant_document(name)
        if document is None:
            return
        entries = self.sections["tenants"][name]
        own = tuple(x for x in entries if x.document is self.document and x.data)
        below = tuple(x for x in entries if x.document is not self.document)
        layers = (*below, Layer(f"tenant {name}", document.data["spec"], document, ("spec",)), *own)
        spec, findings = merge_layers(without(layers, *TENANT_ROLES))
        self.findings += findings
        self.findings += check_limits(self.fleet, name, spec, layers)
        self.findings += check_tenant(name, spec, place_in(layers, partial(document.place, ("spec",), key=True)))
        yield _Tenant(name, spec, layers, shared=not own)

    def _tenant_document(self, name: str) -> Document | None:
        document = self.fleet.tenants.get(name)
        if document is None and ("tenants", name) in self.fleet.broken:
            self.findings += self.fleet.broken["tenants", name]
        elif document is None:
            layer = self.sections["tenants"][name][-1]
            place = layer.document.place(layer.route, key=True)
            hint = did_you_mean(name, self.fleet.tenants) or f"add sites/tenants/{name}.yaml"
            self.findings.append(error("L011", f"there is no tenant {name!r}", place, hint=hint))
        return document
