"""Looking over Jinja2's syntax trees, quickly, because compiling blueprints is most of what a short run does."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from composer.stages.render.refusal import Refused

ANY_DEPTH = 1_000_000


def below(node: nodes.Node, levels: int) -> list[nodes.Node]:
    """Every node at or below *node*, level by level; raises Refused where there are more than so many levels."""
    found: list[nodes.Node] = []
    level = [node]
    for _ in range(levels):
        found += level
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return found
    raise Refused("T001", "the expression or template is nested too deeply")


def _children(node: nodes.Node) -> Iterator[nodes.Node]:
    for field in node.fields:
        value = getattr(node, field)
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, nodes.Node))
        elif isinstance(value, nodes.Node):
            yield value
