"""What a check must know besides the objects: the cluster's version, and what is there without them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from composer.diagnostic import Diagnostic, Place, Rejected, error, warning
from composer.merge import origin
from composer.model.blueprint import Blueprint
from composer.model.conventions import DELIVERY_NAMESPACES, PLATFORM_NAMESPACE, tenant_namespace
from composer.model.grants import Permission
from composer.model.machines import RESERVE, Machine, Reserve, machines_of
from composer.model.stack import Component, Stack, Wiring
from composer.source.document import Route
from composer.source.packaged import packaged
from composer.stages.check.schemas import Schemas, schemas_for, versions

SECRET = "secretRef"  # noqa: S105 - the name of a type
"""The type of a parameter that names a Secret."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class Nodes(NamedTuple):
    """The machines of a site. *place* tells where something below `cluster.nodes` was written."""

    machines: tuple[Machine, ...]
    place: Callable[[Route], Place]


class Walls(NamedTuple):
    """What rights and identities may follow from: *permissions* of delivery, each component's *clients* of the broker (its
    render context says them), and the *tenants* at the site."""

    permissions: Sequence[Permission]
    clients: Mapping[Component, Sequence[Mapping[str, Any]]]
    tenants: Sequence[str]


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a site's objects are checked against.

    *kubernetes* is the cluster's version, written at the place that *version_place* works out; *fleet* is the
    fleet's folder, whose schemas/crds come before the packaged ones; *secrets* maps a namespace to the Secrets that
    documents declare and that are never rendered; *network* maps a component to the rules its NetworkPolicies may
    have ({ingress: [...], egress: [...]}); *rights* maps an account of a tenant, as namespace/name, to the tenant's namespace
    and the rules of a Role that it may have there; *nodes* are the site's machines, None where no document tells them;
    *licences* are the products that the site has a licence of; *quota_place* gives the line that decides over an entry of a
    namespace's quota, if one does; *walls* are None where nobody worked them out.
    """

    kubernetes: str
    version_place: Callable[[], Place]
    fleet: Path | None = None
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    network: Mapping[Component, Mapping[str, Any]] = field(default_factory=dict)
    rights: Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]] = field(default_factory=dict)
    nodes: Nodes | None = None
    licences: frozenset[str] = frozenset()
    quota_place: Callable[[str, str], Place | None] = lambda _namespace, _entry: None
    walls: Walls | None = None

    @classmethod
    def of(cls, wiring: Wiring) -> CheckContext:
        """The context of a wired site."""
        stack = wiring.stack
        version = str(stack.spec["cluster"]["version"])
        network = {wired.component: wired.context["network"] for wired in wiring.wired}
        tenants = wiring.wired[0].context["tenants"] if wiring.wired else ()
        place = partial(_cluster_place, stack, ("version",))
        reserve = Reserve.of(wiring.sizing.amounts) if wiring.sizing else RESERVE
        licences = frozenset(stack.spec.get("licences") or ())
        quota, nodes = partial(_quota_place, stack), _nodes(stack, reserve)
        secrets, rights = _declared_secrets(stack), dict(map(_rights, tenants))
        clients = {wired.component: wired.context["clients"] for wired in wiring.wired}
        walls = Walls(wiring.permissions, clients, tuple(stack.tenants))
        return cls(version, place, stack.fleet.root, secrets, network, rights, nodes, licences, quota, walls)

    def schemas(self) -> tuple[Schemas, list[Diagnostic]]:
        """The schemas of the cluster's version, or of the newest known one with a warning.

        Raises Rejected where the version is too old to be known, or no version at all.
        """
        folder = packaged("schemas")
        known = versions(folder)
        written = _VERSION.match(self.kubernetes)
        wanted = (int(written[1]), int(written[2])) if written else (0, 0)
        if known[0] <= wanted <= known[-1]:
            return schemas_for(wanted, folder, self.fleet), []
        oldest, newest = (".".join(map(str, version)) for version in (known[0], known[-1]))
        if wanted < known[0]:
            message = f"Kubernetes {self.kubernetes} cannot be checked; the oldest known version is {oldest}"
            raise Rejected([error("K007", message, self.version_place())])
        message = f"Kubernetes {self.kubernetes} is not known yet; objects are checked against {newest}"
        newer = warning("K008", message, self.version_place(), hint="update the composer")
        return schemas_for(known[-1], folder, self.fleet), [newer]


def _cluster_place(stack: Stack, route: Route) -> Place:
    """Where something of the site's cluster was written, or what is around it."""
    found = origin(stack.layers, ("cluster", *route))
    return found.place if found else stack.document.place(("spec", "cluster", *route))


def _rights(tenant: Mapping[str, Any]) -> tuple[str, tuple[str, Sequence[Mapping[str, Any]]]]:
    """The account that applies a tenant's folder, with what it may do where."""
    delivery = tenant["delivery"]
    return f"{delivery['namespace']}/{delivery['serviceAccount']}", (tenant["namespace"], delivery["rules"])


def _quota_place(stack: Stack, namespace: str, entry: str) -> Place | None:
    """The line of a document that says how much a tenant may have of a ResourceQuota's *entry*."""
    name = entry.rpartition(".")[2]
    for tenant, layers in stack.tenant_layers.items():
        if tenant_namespace(tenant) == namespace:
            found = origin(layers, ("quota", name))
            return found.place if found else None
    return None


def _nodes(stack: Stack, reserve: Reserve) -> Nodes | None:
    written = stack.spec["cluster"].get("nodes")
    if written is None:
        return None
    return Nodes(machines_of(written, reserve), lambda route: _cluster_place(stack, ("nodes", *route)))


def _declared_secrets(stack: Stack) -> dict[str, frozenset[str]]:
    """Namespace -> Secrets that somebody else puts there, because a document says so."""
    platform = {*_site_secrets(stack.spec)}
    found = {tenant_namespace(name): {*_tenant_secrets(spec)} for name, spec in stack.tenants.items()}
    for component in stack.components:
        if component.tenant:
            found[tenant_namespace(component.tenant)].update(_bus_secrets(component), _licences(stack, component))
        else:
            platform.update(_bus_secrets(component), _parameter_secrets(component))
    found |= dict.fromkeys((PLATFORM_NAMESPACE, *DELIVERY_NAMESPACES.values()), platform)
    return {namespace: frozenset(names) for namespace, names in found.items()}


def _site_secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    uplink = spec.get("uplink") or {}
    for said in (uplink.get("identity") or {}, *(spec.get("licences") or {}).values()):
        if "secret" in said:
            yield said["secret"]


def _tenant_secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    for name, written in (spec.get("secrets") or {}).items():
        if "existing" in written:
            yield written["existing"]
        elif "sops" in written:
            yield name


def _licences(stack: Stack, component: Component) -> Iterator[str]:
    written = stack.spec.get("licences") or {}
    return (written[name]["secret"] for name in component.blueprint.licences if name in written)


def _bus_secrets(component: Component) -> Iterator[str]:
    """What a gateway shows to its devices: `login: {secret: NAME}` and the like."""
    for said in (component.spec.get("bus") or {}).values():
        if isinstance(said, Mapping) and "secret" in said:
            yield said["secret"]


def _parameter_secrets(component: Component) -> Iterator[str]:
    if _names_secrets(component.blueprint):
        for value, rule in _parameters(component.params, component.blueprint.params.data or {}):
            if rule.get("type") == SECRET and isinstance(value, str):
                yield value.partition("/")[0]  # "name/key" is one key of a Secret


@lru_cache(maxsize=1024)
def _names_secrets(blueprint: Blueprint) -> bool:
    """Whether any parameter of the blueprint is a Secret's name; most have none, and need not be searched."""
    return SECRET in _types({"type": "dict", "schema": blueprint.params.data or {}})


def _types(rule: Any) -> Iterator[str]:
    if isinstance(rule, Mapping):
        yield str(rule.get("type", ""))
        for inner in rule.values():
            yield from _types(inner)


def _parameters(values: Any, rules: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Every value with the cerberus rule it falls under, however deep."""
    for name, value in values.items():
        if isinstance(rules.get(name), Mapping):
            yield from _parameter(value, rules[name])


def _parameter(value: Any, rule: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    yield value, rule
    inner, each = rule.get("schema", {}), rule.get("valuesrules", {})
    if isinstance(value, Mapping):
        yield from _parameters(value, inner)
        for item in value.values() if each else ():
            yield from _parameter(item, each)
    elif isinstance(value, list) and inner:
        for item in value:
            yield from _parameter(item, inner)
