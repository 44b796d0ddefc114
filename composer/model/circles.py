"""Circles among things that lead to each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

Edges = Sequence[Sequence[int]]
"""For each thing, by its index, the things it leads to."""


def knots(edges: Edges) -> list[tuple[int, ...]]:
    """The strongly connected components: things that lead to each other, each group in ascending order.

    A group comes after every group that it leads to. The work grows with the edges, and nothing recurses.
    """
    search = _Search(edges)
    for start in range(len(edges)):
        if start not in search.number:
            search.from_(start)
    return search.found


class _Search:
    """Tarjan's algorithm."""

    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.number: dict[int, int] = {}
        self.lowest: dict[int, int] = {}
        self.stack: list[int] = []
        self.waiting: set[int] = set()
        self.way: list[tuple[int, Iterator[int]]] = []
        self.found: list[tuple[int, ...]] = []

    def from_(self, start: int) -> None:
        self._enter(start)
        while self.way:
            here, left = self.way[-1]
            following = next(left, None)
            if following is None:
                self._leave(here)
            elif following not in self.number:
                self._enter(following)
            elif following in self.waiting:
                self.lowest[here] = min(self.lowest[here], self.number[following])

    def _enter(self, index: int) -> None:
        self.number[index] = self.lowest[index] = len(self.number)
        self.stack.append(index)
        self.waiting.add(index)
        self.way.append((index, iter(self.edges[index])))

    def _leave(self, here: int) -> None:
        self.way.pop()
        if self.way:
            above = self.way[-1][0]
            self.lowest[above] = min(self.lowest[above], self.lowest[here])
        if self.lowest[here] == self.number[here]:
            group = [self.stack.pop()]
            while group[-1] != here:
                group.append(self.stack.pop())
            self.waiting.difference_update(group)
            self.found.append(tuple(sorted(group)))


def circle(edges: Edges, knot: Sequence[int]) -> list[int]:
    """A shortest way from the first of *knot* back to itself, without its end; empty where there is none."""
    start, inside = knot[0], frozenset(knot)
    before: dict[int, int] = {}
    pending = deque([start])
    while pending:
        here = pending.popleft()
        for following in edges[here]:
            if following == start:
                return _way_to(here, start, before)
            if following in inside and following not in before:
                before[following] = here
                pending.append(following)
    return []


def _way_to(last: int, start: int, before: dict[int, int]) -> list[int]:
    way = [last]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]
