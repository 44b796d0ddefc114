"""The environment of manifests: the sandbox with the functions that compiled manifests call at every leaf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Template, nodes
from jinja2.runtime import Context

from composer.stages.render import values
from composer.stages.render.codegen import StructureGenerator
from composer.stages.render.limits import Meter
from composer.stages.render.loops import items_of, pairs_of
from composer.stages.render.sandbox import Sandbox

HELPERS: dict[str, Callable[..., Any]] = {
    "$leaf": values.leaf,
    "$plain": values.plain,
    "$piece": values.piece,
    "$join": "".join,
    "$name": values.name,
    "$mapping": values.mapping,
    "$merge": values.merged,
    "$each": items_of,
    "$pairs": pairs_of,
}
"""Filters whose names no template can write."""


class StructureSandbox(Sandbox):
    """The environment of the manifests of one blueprint."""

    code_generator_class = StructureGenerator
    unique = staticmethod(values.unique)

    def __init__(self, meter: Meter) -> None:
        super().__init__(meter)
        self.filters.update(HELPERS)

    def function(self, tree: nodes.Template, name: str) -> Callable[[Context], Any]:
        """The Python generator function that *tree* stands for."""
        code = self.compile(tree, name, f"<{name}>")
        made: Callable[[Context], Any] = Template.from_code(self, code, {}).root_render_func
        return made
