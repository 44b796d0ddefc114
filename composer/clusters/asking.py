"""Many clusters asked at the same time, each for so long and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import TypeVar

from composer.clusters.connection import Unreachable

Answer = TypeVar("Answer")

AT_ONCE = 32
"""How many clusters are asked at the same time."""


def ask_all(
    ask: Callable[[str], Answer], lost: Callable[[str, str], Answer], names: Sequence[str], seconds: float
) -> Iterator[Answer]:
    """*ask*(name) for each name, in order; *lost*(name, reason) where that raised Unreachable or took longer than *seconds*.

    What takes too long is left behind and ends with the process, so that no server, however it answers, keeps the others.
    """

    def in_time(name: str) -> Answer:
        answers: list[Answer] = []
        problems: list[BaseException] = []
        asking = Thread(target=_keep, args=(ask, name, answers, problems), daemon=True)
        asking.start()
        asking.join(seconds)
        for problem in tuple(problems):
            if not isinstance(problem, Unreachable):
                raise problem
            return lost(name, str(problem))
        return answers[0] if answers else lost(name, f"no answer within {seconds:g} s")

    with ThreadPoolExecutor(max(1, min(AT_ONCE, len(names)))) as pool:
        yield from pool.map(in_time, names)


def _keep(ask: Callable[[str], Answer], name: str, answers: list[Answer], problems: list[BaseException]) -> None:
    try:
        answers.append(ask(name))
    except BaseException as problem:  # it is raised again where somebody waits for it
        problems.append(problem)
