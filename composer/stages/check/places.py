"""Where the person wrote what a rule complains about: the line of the template that placed a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from composer.diagnostic import Place, Related
from composer.model.stack import Component, Rendered
from composer.source.document import Document, Route


class _Spot(NamedTuple):
    """A template node: where it stands, and what is left of the way to the field."""

    rest: Route
    document: Document
    at: Route
    node: Any


def place_of(rendered: Rendered, route: Route) -> Place:
    """The line of the template that the field at *route* comes from, or that of its nearest surroundings.

    Templates branch and loop, so the template is walked along the route, through its directives.
    """
    blueprint = rendered.component.blueprint
    document = next((d for d in blueprint.manifests.values() if d.file == rendered.manifest), None)
    if document is None:
        return Place(rendered.manifest, rendered.line)
    at = _template_of(document, rendered.line)
    node = document.data[at[0]] if at else document.data
    spots = _spots(_Spot(route, document, at, node), blueprint.fragments)
    deepest = min(spots, key=lambda spot: len(spot.rest))
    return deepest.document.place(deepest.at)


def written_at(component: Component) -> list[Related]:
    """The document that asks for the component."""
    if not component.layers:
        return []
    layer = component.layers[-1]
    return [Related(f"{component.label} is written here", layer.document.place(layer.route, key=True))]


def component_place(component: Component) -> Place:
    """The line of the document that asks for the component."""
    behind = written_at(component)
    return behind[0].place if behind else Place(component.blueprint.folder)


def _template_of(document: Document, line: int) -> Route:
    """Of a file with a list of templates, the one that starts at *line*."""
    if not isinstance(document.data, list):
        return ()
    before = [i for i in range(len(document.data)) if document.place((i,)).line <= line]
    return (before[-1],) if before else ()


def _spots(spot: _Spot, fragments: Mapping[str, Document]) -> Iterator[_Spot]:
    yield spot
    for further in _further(spot, fragments):
        yield from _spots(further, fragments)


def _further(spot: _Spot, fragments: Mapping[str, Document]) -> Iterator[_Spot]:
    rest, document, at, node = spot
    if isinstance(node, dict):
        if "$do" in node:
            yield _Spot(rest, document, (*at, "$do"), node["$do"])
        for index, part in reversed(list(enumerate(_parts(node)))):
            yield _Spot(rest, document, (*at, "$merge", index), part)
        if _fragment(node) in fragments:
            fragment = fragments[_fragment(node)]
            yield _Spot(rest, fragment, (), fragment.data)
        if rest and rest[0] in node:
            yield _Spot(rest[1:], document, (*at, rest[0]), node[rest[0]])
    elif isinstance(node, list) and rest:
        index = _item(node, rest[0])
        if index is not None:
            yield _Spot(rest[1:], document, (*at, index), node[index])


def _parts(node: dict[Any, Any]) -> list[Any]:
    parts = node.get("$merge", [])
    return parts if isinstance(parts, list) else []


def _fragment(node: dict[Any, Any]) -> str:
    used = node.get("$use", "")
    return str(used.get("name", "")) if isinstance(used, dict) else str(used)


def _item(items: list[Any], index: str | int) -> int | None:
    """Which item of a template's list made item *index* of the object's, where that is certain."""
    for position, item in enumerate(items):
        directive = isinstance(item, dict) and ("$for" in item or "$if" in item)
        if directive and index != "" and isinstance(index, int) and position <= index:
            return position if position == len(items) - 1 else None
        if position == index:
            return position
    return None
