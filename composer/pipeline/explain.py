"""Where a value of an object comes from: the site is rendered once more, slowly, and its layers are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from composer.diagnostic import Place, Rejected, did_you_mean, error
from composer.merge import history, origin
from composer.model.explanation import Explanation, Input, Said
from composer.model.fieldpath import path_text, resolve_path, value_at
from composer.model.fleet import Fleet
from composer.model.grants import Grant
from composer.model.stack import Layer, Wired, Wiring
from composer.pipeline.line import Line
from composer.pipeline.sized import sized
from composer.source.document import Document, Route
from composer.stages.render import Origin, Traced, compile_blueprint, trace
from composer.stages.wire.sizing import PARAMETERS

COMMAND_LINE = Place("command line")


def explain(fleet: Fleet, site: str, wanted: str, field: str) -> list[Explanation]:
    """What there is to say of a field of the object *wanted* ("Kind/name"): one answer for each template leaf in it.

    "" as the field means the whole object. Raises Rejected where the site cannot be rendered or has no such value.
    """
    wiring = Line(fleet).wire(site)
    wired, traced = _find(wiring, wanted, site)
    route = resolve_path(field, traced.rendered.object)
    if route is None:
        raise Rejected([_no_field(traced, wanted, field)])
    answers = Answers(wiring, wired)
    return [
        Explanation(
            object=wanted,
            field=path_text(leaf),
            value=value_at(leaf, traced.rendered.object),
            template=origin.place,
            expression=origin.source,
            component=wired.component.label,
            inputs=_inputs(answers, origin),
        )
        for leaf, origin in traced.at(route)
    ]


def _inputs(answers: Answers, origin: Origin) -> tuple[Input, ...]:
    lines = dict(origin.lines)
    return tuple(replace(answers.input(read), line=lines.get(read)) for read in origin.reads)


def _find(wiring: Wiring, wanted: str, site: str) -> tuple[Wired, Traced]:
    objects = [
        (wired, traced)
        for wired in wiring.wired
        for traced in trace(compile_blueprint(wired.component.blueprint), wired.component, wired.context)
    ]
    found = [o for o in objects if wanted.casefold() in (n.casefold() for n in _names(o[1].rendered.object))]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"site {site} has {len(found)} objects {wanted}"
        hint = f"write one of {', '.join(_names(traced.rendered.object)[1] for _, traced in found)}"
    else:
        message = f"site {site} has no object {wanted}"
        names = [_names(traced.rendered.object)[0] for _, traced in objects]
        hint = did_you_mean(wanted, names) or f"composer render {site} -o - prints all objects"
    raise Rejected([error("X004", message, COMMAND_LINE, hint=hint)])


def _names(object_: Mapping[str, Any]) -> tuple[str, str]:
    """Kind/name, and Kind/namespace/name for objects that share a name."""
    metadata = object_["metadata"]
    kind, name = object_["kind"], metadata["name"]
    return f"{kind}/{name}", f"{kind}/{metadata.get('namespace', '')}/{name}"


def _no_field(traced: Traced, wanted: str, field: str) -> Any:
    fields = sorted(_paths(traced.rendered.object))
    hint = did_you_mean(field, fields) or "fields are dotted; list items go by index or [name=value]"
    return error("X005", f"{wanted} has no field {field}", COMMAND_LINE, hint=hint)


def _paths(value: Any, route: Route = ()) -> Iterator[str]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield path_text((*route, step))
        yield from _paths(inner, (*route, step))


@dataclass(frozen=True, eq=False)
class Answers:
    """Knows for each part of a render context which layers, or which other facts, it was made of."""

    wiring: Wiring
    wired: Wired

    def input(self, read: Route) -> Input:
        """What is known about the value at a route of the context."""
        value = value_at(read, self.wired.context)
        top, rest = str(read[0]), read[1:]
        known = SOURCES.get(top)
        said = tuple(known(self, rest)) if known else ()
        derived = () if said else tuple(DERIVED[top](self, rest)) if top in DERIVED else (WORKED_OUT,)
        return Input(path_text(read), value, said, derived)

    def params(self, route: Route) -> Iterator[Said]:
        rules = self.wired.component.blueprint.params
        for said, document in _said_by(self.wired.component.param_layers, route):
            yield replace(said, place=_default_place(rules, route)) if document is rules else said

    def chosen(self, route: Route) -> Iterator[Said]:
        """The parameter that says a size outright, where one does."""
        sizing = self.wiring.sizing
        if sizing and route and route[0] in sizing.chosen:
            yield from self.params(PARAMETERS[str(route[0])][0])

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

    def site(self, route: Route) -> Iterator[Said]:
        stack = self.wiring.stack
        if route[:1] in (("name",), ("labels",)):
            place = stack.document.place(("metadata", *route))
            yield Said(f"site {stack.site}", place, value_at(route, self.wired.context["site"]))
        else:
            renamed = {"kubernetes": "version"}.get(str(route[0]) if route else "", route[0] if route else "")
            inside = ("offline",) if renamed == "offline" else ("cluster", renamed, *route[1:])
            yield from _said(stack.layers, inside)

    def tenant(self, route: Route) -> Iterator[Said]:
        yield from _said(self.wiring.stack.tenant_layers[self.wired.component.tenant], route)

    def images(self, route: Route) -> Iterator[Said]:
        blueprint = self.wired.component.blueprint
        place = blueprint.manifest.place(("spec", "images", *route, "reference"))
        yield Said(f"blueprint {blueprint.label}", place, value_at(route, self.wired.context["images"]))

    def delivery(self, route: Route) -> Iterator[Said]:
        document = self.wiring.stack.fleet.document
        delivery = document.data["spec"].get("delivery") or {}
        key = {"repository": "url"}.get(str(route[0]), route[0]) if route else ""
        if key in delivery:
            yield Said("fleet", document.place(("spec", "delivery", key)), delivery[key])

    def grants(self, _route: Route) -> Iterator[str]:
        own = self.wired.component
        for grant in self.wiring.grants:
            if grant.principal.kind != "bridge" and (own.role == "ingress" or grant.principal.name == own.name):
                yield _row(grant)

    def bridges(self, _route: Route) -> Iterator[str]:
        return (_row(grant) for grant in self.wiring.grants if grant.principal.kind == "bridge")

    def flows(self, _route: Route) -> Iterator[str]:
        for flow in self.wiring.flows[self.wired.component]:
            note = f" (widened: {flow.widened})" if flow.widened else ""
            yield f"{flow.direction} on port {flow.port}/{flow.protocol}, because {flow.because}{note}"

    def uplink(self, _route: Route) -> Iterator[str]:
        for tenant, spec in self.wiring.stack.tenants.items():
            for direction, filters in sorted((spec.get("uplink") or {}).items()):
                yield f"tenants.{tenant}.uplink.{direction}: {', '.join(filters)}"


def _row(grant: Grant) -> str:
    note = f" (widened: {grant.widened})" if grant.widened else ""
    who = f"{grant.principal.kind} {grant.principal.name} of tenant {grant.principal.tenant}"
    return f"{who} may {grant.action} {grant.filter}, because of {grant.because}{note}"


WORKED_OUT = "worked out by the composer from the site's name and components"

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
    "architectures": Answers.architectures,
    "sizing": Answers.sizes,
    "bridges": Answers.bridges,
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
        return ("devices", spec["devices"][rest[0]]["name"], *rest[1:])
    if role == "stream" and top == "inputs":
        return ("from", *(str(spec["inputs"][i]["name"]) for i in rest[:1] if isinstance(i, int)))
    if role == "function" and top == "emits":
        return ("emits", *rest)
    return ({"deadletter": "deadLetter"}.get(str(top), top), *rest)
