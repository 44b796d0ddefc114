"""How far long work is, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeVar

Item = TypeVar("Item")


class Phase(StrEnum):
    """What is being done. From MOVING on, it is better to wait for the end than to leave."""

    RENDERING = "rendering"
    ASKING = "asking clusters"
    MOVING = "moving branches"
    PUSHING = "pushing"


Watch = Callable[[Phase, int, int], None]
"""Called with the phase, how many sites it is done with, and how many there are."""


def unwatched(_phase: Phase, _done: int, _total: int) -> None:
    """Shows nothing."""


def counted(
    items: Iterator[Item],
    watch: Watch,
    total: int,
    others: Callable[[], int] = lambda: 0,
    phase: Phase = Phase.RENDERING,
) -> Iterator[Item]:
    """The items, each told to *watch*; *others* are done with without being among them."""
    watch(phase, 0, total)
    for number, item in enumerate(items, 1):
        watch(phase, min(number + others(), total), total)
        yield item
