"""Which of many publications reach which of many filters, without comparing all with all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from composer.model.topics import levels

Reach = tuple[tuple[int, ...], ...]
"""For each filter, the indexes of what reaches it, in order."""


@lru_cache(maxsize=1024)
def reach(published: tuple[str, ...], filters: tuple[str, ...]) -> Reach:
    """For each of *filters*, the indexes of those of *published* (filters themselves) that it overlaps with.

    The same as asking `overlaps` for every pair, but the work grows with what matches and not with the number of pairs.
    """
    tree = _Node()
    for index, topic_filter in enumerate(published):
        tree.add(levels(topic_filter), index)
    return tuple(tuple(sorted(tree.overlapping(levels(each)))) for each in filters)


class _Node:
    """What was published below one beginning of a topic: by next level, and what ends here, with # or without."""

    __slots__ = ("below", "ending", "everything")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.ending: list[int] = []
        self.everything: list[int] = []

    def add(self, path: Sequence[str], index: int) -> None:
        node = self
        for level in path:
            if level == "#":
                node.everything.append(index)
                return
            node = node.below.setdefault(level, _Node())
        node.ending.append(index)

    def overlapping(self, path: Sequence[str]) -> Iterator[int]:
        """Each index once: every one lies at one node, and no node is come to twice."""
        pending = [(node, 1) for name, node in self.below.items() if _first_fits(path[0], name)]
        while pending:
            node, depth = pending.pop()
            yield from node.everything
            level = path[depth] if depth < len(path) else ""
            if depth == len(path) or level == "#":
                yield from node.ending
            if level == "#":
                pending += [(below, depth) for below in node.below.values()]
            elif depth < len(path):
                pending += [(below, depth + 1) for below in node.matching(level)]

    def matching(self, level: str) -> Iterator[_Node]:
        if level == "+":
            yield from self.below.values()
            return
        for name in (level, "+"):
            if name in self.below:
                yield self.below[name]


def _first_fits(wanted: str, published: str) -> bool:
    """Whether first levels match. Wildcards at the front leave out what begins with a dollar sign."""
    if "+" in (wanted, published):
        return not (wanted.startswith("$") or published.startswith("$"))
    return wanted == published
