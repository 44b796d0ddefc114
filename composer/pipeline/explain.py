"""Where a value of an object comes from: the site is rendered once more, slowly, and its layers are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from composer.diagnostic import Place, Rejected, did_you_mean, error
from composer.model.explanation import Explanation, Input, Said
from composer.model.fieldpath import path_text, resolve_path, value_at
from composer.model.fleet import Fleet
from composer.model.stack import Wired, Wiring
from composer.pipeline.answers import Answers
from composer.pipeline.line import Line
from composer.pipeline.run import in_time
from composer.source.document import Route
from composer.stages.render import Origin, Traced, compile_blueprint, trace

COMMAND_LINE = Place("command line")


def explain(fleet: Fleet, site: str, wanted: str, field: str) -> list[Explanation]:
    """What there is to say of a field of the object *wanted* ("Kind/name"): one answer for each template leaf in it.

    "" as the field means the whole object. Raises Rejected where the site cannot be rendered or has no such value.
    """
    with in_time(fleet, site):
        wiring = Line(fleet).wire(site)
        wired, traced = _find(wiring, wanted, site)
    route = resolve_path(field, traced.rendered.object)
    if route is None:
        raise Rejected([_no_field(traced, wanted, field)])
    return explain_value(Answers(wiring, wired), traced, wanted, route)


def explain_value(answers: Answers, traced: Traced, wanted: str, route: Route) -> list[Explanation]:
    """What there is to say of the value at *route*: one answer for each template leaf in it."""
    return [
        Explanation(
            object=wanted,
            field=path_text(leaf),
            value=value_at(leaf, traced.rendered.object),
            template=origin.place,
            expression=origin.source,
            component=answers.wired.component.label,
            inputs=_inputs(answers, origin),
        )
        for leaf, origin in traced.at(route)
    ]


def _inputs(answers: Answers, origin: Origin) -> tuple[Input, ...]:
    lines = dict(origin.lines)
    stated = (Input(given.name, given.value, (Said("template", given.place, given.value),)) for given in origin.stated)
    return (*(replace(answers.input(read), line=lines.get(read)) for read in origin.reads), *stated)


def _find(wiring: Wiring, wanted: str, site: str) -> tuple[Wired, Traced]:
    objects = list(traced_objects(wiring))
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


def traced_objects(wiring: Wiring) -> Iterator[tuple[Wired, Traced]]:
    """Every object of a site, rendered slowly, with its component."""
    for wired in wiring.wired:
        for traced in trace(compile_blueprint(wired.component.blueprint), wired.component, wired.context):
            yield wired, traced


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
