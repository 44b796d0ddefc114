"""What each part of a render context was made of: layers of documents, or rows and sums that the composer worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from composer.diagnostic import Place
from composer.merge import history, origin
from composer.model.explanation import Input, Said
from composer.model.fieldpath import path_text, value_at
from composer.model.grants import Grant
from composer.model.shards import shard_for, shards_of
from composer.model.stack import Layer, Wired, Wiring
from composer.model.units import show_rate
from composer.model.uplink import filters_of
from composer.pipeline.rows import flow_place, grant_place, permission_place
from composer.pipeline.sized import sized
from composer.source.document import Document, Route
from composer.stages.wire.places import said_place, tenant_place
from composer.stages.wire.sizing import PARAMETERS


@dataclass(frozen=True, eq=False)
class Answers:
    """Knows for each part of a render context which layers, or which other facts, it was made of."""

    wiring: Wiring
    wired: Wired

    def input(self, read: Route) -> Input:
        """What is known about the value at a route of the context."""
        values = self._values(read)
        top, rest = str(read[0]), read[1:]
        known = SOURCES.get(top)
        said = tuple(known(self, rest)) if known else ()
        if not values:
            return Input(path_text(read), None, said if said and said[-1].removed else (), missing=True)
        derived = () if said else tuple(DERIVED[top](self, rest)) if top in DERIVED else ()
        if not said and not derived:
            derived = (WORKED_OUT,)
        return Input(path_text(read), values[0], said, derived)

    def _values(self, read: Route) -> tuple[Any, ...]:
        """The value at a route of the context; none where a template asks for what is not there."""
        try:
            return (value_at(read, self.wired.context),)
        except (LookupError, TypeError):
            return ()

    def params(self, route: Route) -> Iterator[Said]:
        rules = self.wired.component.blueprint.params
        for said, document in _said_by(self.wired.component.param_layers, route):
            yield replace(said, place=_default_place(rules, route)) if document is rules else said

    def chosen(self, route: Route) -> Iterator[Said]:
        """The parameter that says a size outright, where one does."""
        sizing, component = self.wiring.sizing, self.wired.component
        if sizing and route and route[0] in sizing.chosen and component.role == "ingress":
            yield from self.params(PARAMETERS[str(route[0])][0])
        elif route and (said := CHOSEN.get(str(route[0]))) and origin(component.param_layers, said):
            yield from self.params(said)

    def sizes(self, route: Route) -> Iterator[str]:
        for key in route[:1] or PARAMETERS:
            yield from sized(self.wiring, str(key))

    def licences(self, route: Route) -> Iterator[Said]:
        """Where the site names its licences."""
        yield from _said(self.wiring.stack.layers, ("licences", *route))

    def architectures(self, _route: Route) -> Iterator[str]:
        """The nodes' architectures, and those that the component's images exist for."""
        found = origin(self.wiring.stack.layers, ("cluster", "nodes"))
        for node in found.value if found else ():
            yield f"node {node['name']} is {node.get('arch', 'of an unknown architecture')}, {found.place if found else ''}"
        blueprint = self.wired.component.blueprint
        for name, image in blueprint.images.items():
            place = blueprint.manifest.place(("spec", "images", name, "architectures"))
            yield f"image {name} exists for {', '.join(image['architectures'])}, {place}"
        said = origin(self.wired.component.param_layers, ("architectures",))
        if said and said.value:
            yield f"params.architectures = {', '.join(said.value)}, {said.place}"

    def spec(self, route: Route) -> Iterator[Said]:
        """A stream's, function's or gateway's own entry; wiring brought it into another shape."""
        component = self.wired.component
        written = _written(component.role, route, self.wired.context["spec"])
        for length in range(len(written), 0, -1):
            found = list(_said(component.layers, written[:length]))
            if found:
                yield from found
                return

    def shared(self, _route: Route) -> Iterator[str]:
        """What a relay passes on follows from what both sides of each share say."""
        stack = self.wiring.stack
        for share in self.wiring.shares if self.wired.component.role == "relay" else ():
            topics = ", ".join(topic.filter for topic in share.topics)
            granted, used = said_place(stack, share.granted), said_place(stack, share.used)
            yield f"tenant {share.owner} lets {share.reader} read {topics}, at most {show_rate(share.limit)}, {granted}"
            yield f"tenant {share.reader} asks for it, {used}"

    def site(self, route: Route) -> Iterator[Said]:
        stack = self.wiring.stack
        if route[:1] in (("name",), ("labels",)):
            place = stack.document.place(("metadata", *route))
            yield from (Said(f"site {stack.site}", place, value) for value in self._values(("site", *route)))
        else:
            renamed = {"kubernetes": "version"}.get(str(route[0]) if route else "", route[0] if route else "")
            inside = ("offline",) if renamed == "offline" else ("cluster", renamed, *route[1:])
            yield from _said(stack.layers, inside)

    def tenant(self, route: Route) -> Iterator[Said]:
        yield from _said(self.wiring.stack.tenant_layers[self.wired.component.tenant], route)

    def images(self, route: Route) -> Iterator[Said]:
        blueprint = self.wired.component.blueprint
        place = blueprint.manifest.place(("spec", "images", *route, "reference"))
        yield from (Said(f"blueprint {blueprint.label}", place, value) for value in self._values(("images", *route)))

    def delivery(self, route: Route) -> Iterator[Said]:
        stack = self.wiring.stack
        document = stack.fleet.document
        asked = str(route[0]) if route else ""
        where: Route = ("spec", "delivery")
        if asked == "repository":
            shard = shard_for(shards_of(document.data), stack.labels)
            where, asked = shard.route, "url" if shard.url else "repository"
        said = value_at(where, document.data) if document.data["spec"].get("delivery") else {}
        if asked in said:
            yield Said("fleet", document.place((*where, asked)), said[asked])

    def grants(self, _route: Route) -> Iterator[str]:
        own = self.wired.component
        for grant in self.wiring.grants:
            if grant.principal.kind != "bridge" and (own.role == "ingress" or grant.principal.name == own.name):
                yield self._row(grant)

    def bridges(self, _route: Route) -> Iterator[str]:
        return (self._row(grant) for grant in self.wiring.grants if grant.principal.kind == "bridge")

    def _row(self, grant: Grant) -> str:
        who = f"{grant.principal.kind} {grant.principal.name} of tenant {grant.principal.tenant}"
        place = grant_place(self.wiring.stack, grant)
        return f"{who} may {grant.action} {grant.filter}, because of {grant.because}, {place}{_note(grant.widened)}"

    def flows(self, route: Route) -> Iterator[str]:
        for flow in self.wiring.flows[self.wired.component]:
            if flow.direction not in (route[:1] or (flow.direction,)):
                continue
            place = flow_place(self.wiring.stack, self.wired.component, flow)
            why = f"because {flow.because}, {place}{_note(flow.widened)}"
            yield f"{flow.direction} on port {flow.port}/{flow.protocol}, {why}"

    def uplink(self, _route: Route) -> Iterator[str]:
        stack = self.wiring.stack
        for tenant, spec in stack.tenants.items():
            for direction, entries in sorted((spec.get("uplink") or {}).items()):
                for index, each in enumerate(filters_of(entries)):
                    place = tenant_place(stack, tenant, ("uplink", direction, index))
                    yield f"tenants.{tenant}.uplink.{direction}: {each}, {place}"

    def own_permissions(self, route: Route) -> Iterator[str]:
        if route[:1] == ("delivery",):
            yield from self._permissions(self.wired.component.tenant)

    def tenants_permissions(self, route: Route) -> Iterator[str]:
        if route[1:2] == ("delivery",):
            yield from self._permissions(self.wired.context["tenants"][route[0]]["name"])

    def platform_permissions(self, route: Route) -> Iterator[str]:
        if route[:1] in (("kinds",), ("clusterKinds",)):
            yield from self._permissions("")

    def _permissions(self, tenant: str) -> Iterator[str]:
        """What delivery of the folder of *tenant* may do."""
        for row in self.wiring.permissions:
            if row.tenant == tenant:
                what = f"{row.account} may {' '.join(row.verbs)} {row.resource}" + (
                    f" of {row.group}" if row.group else ""
                )
                place = permission_place(self.wiring.stack, row)
                yield f"{what}, because {row.because}, {place}{_note(row.widened)}"


def _note(widened: str) -> str:
    return f" (widened: {widened})" if widened else ""


WORKED_OUT = "worked out by the composer from the site's name and components"

CHOSEN: Mapping[str, Route] = {
    "bufferVolume": ("storage", "size"),
    "frontReplicas": ("replicas",),
    "perFront": ("maxConnections",),
}
"""Figure of a buffer or a front -> its parameter that says it outright."""

SOURCES: dict[str, Callable[[Answers, Route], Iterator[Said]]] = {
    "params": Answers.params,
    "spec": Answers.spec,
    "site": Answers.site,
    "tenant": Answers.tenant,
    "images": Answers.images,
    "delivery": Answers.delivery,
    "licences": Answers.licences,
    "sizing": Answers.chosen,
}
"""Part of the render context -> the layers that set it."""

DERIVED: dict[str, Callable[[Answers, Route], Iterator[str]]] = {
    "listeners": Answers.grants,
    "clients": Answers.grants,
    "client": Answers.grants,
    "network": Answers.flows,
    "bridge": Answers.uplink,
    "hub": Answers.uplink,
    "architectures": Answers.architectures,
    "sizing": Answers.sizes,
    "bridges": Answers.bridges,
    "tenant": Answers.own_permissions,
    "tenants": Answers.tenants_permissions,
    "delivery": Answers.platform_permissions,
    "spec": Answers.shared,
}
"""Part of the render context -> the rows that it follows from."""


def _said(layers: Sequence[Layer], route: Route) -> Iterator[Said]:
    return (said for said, _ in _said_by(layers, route))


def _said_by(layers: Sequence[Layer], route: Route) -> Iterator[tuple[Said, Document]]:
    for found in history(layers, route):
        yield Said(found.layer.name, found.place, found.value, found.removed), found.layer.document


def _default_place(rules: Document, route: Route) -> Place:
    """Where params.yaml states the default of a parameter, which may be one inside of another."""
    rule: Any = rules.data
    way: Route = ()
    for step in route:
        inner = rule.get("schema") if way else rule
        if not isinstance(inner, dict) or step not in inner:
            break
        way, rule = (*way, "schema", step) if way else (step,), inner[step]
    return rules.place((*way, "default", *route[len(way) // 2 + 1 :]))


def _written(role: str, route: Route, spec: Mapping[str, Any]) -> Route:
    """Where a document writes what stands at *route* of the common shape."""
    if not route:
        return ()
    top, rest = route[0], route[1:]
    if role == "gateway" and top == "devices" and rest:
        return ("devices", *(str(spec["devices"][i]["name"]) for i in rest[:1] if isinstance(i, int)), *rest[1:])
    if role == "stream" and top == "inputs":
        return ("from", *(str(spec["inputs"][i]["name"]) for i in rest[:1] if isinstance(i, int)))
    if role == "function" and top == "emits":
        return ("emits", *rest)
    return ({"deadletter": "deadLetter"}.get(str(top), top), *rest)
