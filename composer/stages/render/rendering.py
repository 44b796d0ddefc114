"""How a component is rendered, and how one asks where its values come from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from jinja2.runtime import Context

from composer.diagnostic import Diagnostic, Rejected, error, in_order
from composer.model.stack import Component, Rendered
from composer.source.document import Route
from composer.stages.render.failures import running
from composer.stages.render.limits import MAX_OBJECTS, Expired
from composer.stages.render.origins import Origin, Origins, leaves, origin_of
from composer.stages.render.program import Program, variables
from composer.stages.render.refusal import Refused, kind_of
from composer.stages.render.remembered import RememberedText
from composer.stages.render.tracing import Enough, Trace, tracer_of
from composer.stages.render.tree import Root


def render(program: Program, component: Component, context: Mapping[str, Any]) -> list[Rendered]:
    """The objects of *component*, in the order of manifests. Raises Rejected with all that is wrong."""
    return [rendered for made in render_each(program, component, context) for rendered in made]


def render_each(program: Program, component: Component, context: Mapping[str, Any]) -> list[list[Rendered]]:
    """The objects of each of the program's roots. Raises Rejected with all that is wrong."""
    program.sandbox.meter.reset()
    names = variables(context, RememberedText(program.texts, context))
    made: list[list[Rendered]] = [[] for _ in program.roots]
    try:
        for index, objects in program.function(Context(program.sandbox, names, program.blueprint.label, {})):
            root = program.roots[index]
            made[index] += [_rendered(item, root, component) for item in objects]
        _check_count(sum(map(len, made)))
    except Expired as expired:
        expired.place = running(expired.__traceback__, program.texts) or program.blueprint.manifest.place()
        raise
    except Exception as failure:  # whatever a template does wrong is a finding about that template
        raise Rejected(_findings(program, component, context, failure)) from failure
    return made


@dataclass(frozen=True, eq=False)
class Traced:
    """A rendered object that knows where each of its values came from."""

    rendered: Rendered
    origins: Origins = field(repr=False)

    def at(self, route: Route) -> list[tuple[Route, Origin]]:
        """The leaves that made the value at *route*, with their routes: one, or all below a mapping or list.

        Raises LookupError where the object has no such value.
        """
        value: Any = self.rendered.object
        origins = self.origins
        for step in route:
            value, origins = value[step], origin_of(origins, step)
        return list(leaves(origins, route))


def trace(program: Program, component: Component, context: Mapping[str, Any]) -> list[Traced]:
    """What `render` yields, slowly, with the origins of all values. Raises the same findings."""
    traced, findings = _traced(program, component, context)
    if findings:
        raise Rejected(in_order(findings))
    return traced


def _traced(
    program: Program, component: Component, context: Mapping[str, Any]
) -> tuple[list[Traced], list[Diagnostic]]:
    way = Trace(tracer_of(program), component.label, context)
    traced: list[Traced] = []
    with suppress(Enough):
        for root in program.roots:
            for made in way.items(root.node):
                try:
                    traced.append(Traced(_rendered(made.value, root, component), made.origins))
                    _check_count(len(traced))
                except Refused as refusal:
                    way.fail(refusal, root.spot)
    return traced, way.findings


def _findings(
    program: Program, component: Component, context: Mapping[str, Any], failure: Exception
) -> list[Diagnostic]:
    """What is wrong with the templates of a component that failed, found by going through them slowly."""
    _, findings = _traced(program, component, context)
    if not findings:
        message = f"the blueprint cannot be rendered: {failure} (component {component.label})"
        findings = [error("T011", message, program.blueprint.manifest.place())]
    return in_order(findings)


def _rendered(made: Any, root: Root, component: Component) -> Rendered:
    if not isinstance(made, dict):
        raise Refused("T015", f"a manifest yields {kind_of(made)} where an object is wanted")
    return Rendered(made, component, root.spot.document.file, root.line)


def _check_count(objects: int) -> None:
    if objects > MAX_OBJECTS:
        raise Refused("T013", f"more than {MAX_OBJECTS} objects")
