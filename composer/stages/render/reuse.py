"""Components that a site adds nothing to are rendered once, and again only where something they read is different.

Most manifests of a fleet read nothing that its sites differ in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import nodes

from composer.model.stack import Component, Rendered
from composer.stages.render.compiler import program_tree
from composer.stages.render.limits import Used
from composer.stages.render.parts import Part, each_written, parts_in, widest, written
from composer.stages.render.program import Program, compile_blueprint
from composer.stages.render.rendering import render, render_each
from composer.stages.render.texts import Texts
from composer.stages.render.tree import Root, expressions


class Last(NamedTuple):
    """What the manifests of a component read the last time, part by part, and what came of each manifest.

    *still* is all of it at once, or b"" while something was new the last time: one look for many.
    """

    still: bytes
    read: list[bytes]
    made: list[list[Rendered]]


OWN = frozenset({"params", "images", "component"})
"""What belongs to the component itself, and cannot differ while it is the same component."""

MOST_PROGRAMS = 16
"""Choices of its manifests that are compiled for themselves; beyond these, all manifests are rendered."""


class Renderer:
    """Renders components, remembering for each one that sites share what came of each of its manifests last."""

    def __init__(self) -> None:
        self._last: dict[Component, Last] = {}
        self._used: dict[Component, Used] = {}  # at least what all manifests of the component used up

    def render(self, component: Component, context: Mapping[str, Any]) -> list[Rendered]:
        """What `render` gives. Nobody may change the objects. Raises Rejected as `render` does."""
        program = compile_blueprint(component.blueprint)
        if not component.shared:
            return render(program, component, context)
        manifests = manifests_of(program)
        last = self._last.get(component)
        if last is None or not last.still or last.still != written(context, manifests.parts):
            last = self._last[component] = self._looked_over(last, manifests, component, context)
        return [rendered for made in last.made for rendered in made]

    def _looked_over(
        self, last: Last | None, manifests: Manifests, component: Component, context: Mapping[str, Any]
    ) -> Last:
        """*last*, with those manifests rendered again that read something else now."""
        read = each_written(context, manifests.parts)
        if last is None:
            made = self._fresh(manifests, tuple(range(len(manifests.readers))), component, context)
            return Last(b"", read, [*made.values()])
        if last.read == read:
            return last._replace(still=written(context, manifests.parts))
        new = {index for index, now in enumerate(read) if last.read[index] != now}
        stale = tuple([index for index, parts in enumerate(manifests.readers) if not parts.isdisjoint(new)])
        fresh = self._fresh(manifests, stale, component, context)
        return Last(b"", read, [fresh.get(index, made) for index, made in enumerate(last.made)])

    def _fresh(
        self, manifests: Manifests, stale: tuple[int, ...], component: Component, context: Mapping[str, Any]
    ) -> dict[int, list[Rendered]]:
        """The objects of the *stale* manifests, or of all, where only that tells whether all together want too much."""
        meter = manifests.program.sandbox.meter
        fresh = manifests.fresh(stale, component, context)
        used = meter.used
        if len(stale) < len(manifests.readers):
            used = used.plus(self._used[component])
            if used.is_too_much:
                fresh = manifests.fresh(tuple(range(len(manifests.readers))), component, context)
                used = meter.used
        self._used[component] = used
        return fresh


@dataclass(frozen=True, eq=False)
class Manifests:
    """The manifests of a program one by one: *parts* are those of the context that they can read, and *readers* tells of each
    manifest the indexes of its own.
    """

    program: Program
    parts: tuple[Part, ...]
    readers: tuple[frozenset[int], ...]
    programs: dict[tuple[int, ...], Program] = field(default_factory=dict)

    def fresh(
        self, chosen: tuple[int, ...], component: Component, context: Mapping[str, Any]
    ) -> dict[int, list[Rendered]]:
        """The objects of the *chosen* manifests. Raises Rejected."""
        if chosen not in self.programs and len(self.programs) >= MOST_PROGRAMS:
            chosen = tuple(range(len(self.readers)))
        if len(chosen) == len(self.readers):
            return dict(enumerate(render_each(self.program, component, context)))
        if chosen not in self.programs:
            roots = tuple(self.program.roots[index] for index in chosen)
            function = self.program.sandbox.function(
                program_tree(roots), f"manifests of {self.program.blueprint.label}"
            )
            self.programs[chosen] = replace(self.program, roots=roots, function=function)
        made = render_each(self.programs[chosen], component, context)
        return dict(zip(chosen, made, strict=True))


@lru_cache(maxsize=1024)
def manifests_of(program: Program) -> Manifests:
    """The manifests of *program*, made on first use."""
    named = [_parts(program.texts, root) for root in program.roots]
    parts = tuple(sorted({part for own in named for part in own}))
    return Manifests(program, parts, tuple(frozenset(map(parts.index, own)) for own in named))


def _parts(texts: Texts, root: Root) -> tuple[Part, ...]:
    """The parts that one manifest can read, itself or through text templates, but for what is the component's own."""
    trees = [nodes.Output([expression.node]) for expression in expressions(root.node)]
    named = {part for tree in trees for part in parts_in(tree)}
    for name in (name for tree in trees for name in _text_templates(tree)):
        named.update(texts.parts_of(name))
    return widest(part for part in named if part[0] not in OWN)


def _text_templates(tree: nodes.Node) -> Iterator[str]:
    """The names in `text('name')`; the compiler has seen to it that they are constants."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "text" and isinstance(call.args[0], nodes.Const):
            yield call.args[0].value
