"""Components that a site adds nothing to are rendered once, and again only where something they read is different.

A template can read nothing but its context, and which parts it names is known when it is compiled. Where all of
these are the same as last time, so are the objects. Most components of a fleet read nothing that sites differ in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from marshal import dumps
from typing import Any
from weakref import WeakKeyDictionary

from jinja2 import nodes

from composer.model.stack import Component, Rendered
from composer.stages.render.compiler import program_tree
from composer.stages.render.names import CONTEXT
from composer.stages.render.program import Program, compile_blueprint
from composer.stages.render.rendering import render, render_each
from composer.stages.render.tree import Root, expressions

Part = tuple[str, ...]
"""A name of the context, or one of its entries: ("site",) or ("site", "name")."""

Last = tuple[list[bytes], list[Rendered]]
"""The values of a manifest's parts, written down, and what came of them."""

OWN = frozenset({"params", "images", "component"})
"""What belongs to the component itself, and cannot differ while it is the same component."""

_FORMAT = 2
"""The last version of marshal's format that writes equal values alike, however they came about."""


class Renderer:
    """Renders components, remembering for each one that sites share what came of each of its manifests last."""

    def __init__(self) -> None:
        self._last: dict[Component, list[Last]] = {}

    def render(self, component: Component, context: Mapping[str, Any]) -> list[Rendered]:
        """What `render` gives. Nobody may change the objects. Raises Rejected as `render` does."""
        program = compile_blueprint(component.blueprint)
        if not component.shared:
            return render(program, component, context)
        manifests = manifests_of(program)
        written: dict[Part, bytes] = {}
        reads = [[_written(context, part, written) for part in parts] for parts in manifests.parts]
        last = self._last.get(component) or [([b"nothing"], [])] * len(reads)
        stale = tuple(index for index, read in enumerate(reads) if last[index][0] != read)
        if stale:
            fresh = manifests.fresh(stale, component, context)
            last = [(read, fresh[i] if i in fresh else last[i][1]) for i, read in enumerate(reads)]
            self._last[component] = last
        return [rendered for _, made in last for rendered in made]


def _written(context: Mapping[str, Any], part: Part, written: dict[Part, bytes]) -> bytes:
    known = written.get(part)
    if known is None:
        known = written[part] = dumps(_value(context, part), _FORMAT)
    return known


@dataclass(frozen=True, eq=False)
class Manifests:
    """The manifests of a program one by one: *parts* are those of the context that each can read."""

    program: Program
    parts: tuple[tuple[Part, ...], ...]
    programs: dict[tuple[int, ...], Program] = field(default_factory=dict)

    def fresh(
        self, chosen: tuple[int, ...], component: Component, context: Mapping[str, Any]
    ) -> dict[int, list[Rendered]]:
        """The objects of the *chosen* manifests. Raises Rejected."""
        if len(chosen) == len(self.parts):
            return dict(enumerate(render_each(self.program, component, context)))
        if chosen not in self.programs:
            roots = tuple(self.program.roots[index] for index in chosen)
            function = self.program.sandbox.function(
                program_tree(roots), f"manifests of {self.program.blueprint.label}"
            )
            self.programs[chosen] = replace(self.program, roots=roots, function=function)
        made = render_each(self.programs[chosen], component, context)
        return dict(zip(chosen, made, strict=True))


_manifests: WeakKeyDictionary[Program, Manifests] = WeakKeyDictionary()


def manifests_of(program: Program) -> Manifests:
    """The manifests of *program*, made on first use."""
    known = _manifests.get(program)
    if known is None:
        sources = program.blueprint.files.values()
        texts = frozenset(part for text in sources for part in _parts_in(program.texts.sandbox.parse(text)))
        parts = tuple(_parts(root, texts) for root in program.roots)
        known = _manifests[program] = Manifests(program, parts)
    return known


def _parts(root: Root, texts: frozenset[Part]) -> tuple[Part, ...]:
    """The parts that one manifest can read; *texts* are those of the text templates, which it may call."""
    trees = [nodes.Output([expression.node]) for expression in expressions(root.node)]
    named = {part for tree in trees for part in _parts_in(tree)}
    if any(call for tree in trees for call in tree.find_all(nodes.Call)):
        named |= texts
    return tuple(sorted(part for part in named if len(part) == 1 or part[:1] not in named))


def _parts_in(tree: nodes.Node) -> Iterator[Part]:
    """The parts named in one tree. A bound name that hides one of the context counts as that one, to be safe."""
    found = (node for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name))
    entries = {id(node.node): node.attr for node in found}
    for name in tree.find_all(nodes.Name):
        if name.name in CONTEXT - OWN:
            yield (name.name, entries[id(name)]) if id(name) in entries else (name.name,)


def _value(context: Mapping[str, Any], part: Part) -> Any:
    """The part's value, wrapped so that nothing there differs from null there."""
    value: Any = context
    for step in part:
        if not isinstance(value, Mapping) or step not in value:
            return ()
        value = value[step]
    return [value]
