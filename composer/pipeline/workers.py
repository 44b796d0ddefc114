"""Sites spread over processes. A worker that dies or runs out of memory costs the site it worked on, and no other.

Workers are forked from a process that has loaded the fleet, so they start with everything that sites share; a task is
a handful of site names, and only results travel back.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Generic, TypeVar

Result = TypeVar("Result")
Work = Callable[[str], Result]

CHUNK = 16
"""Sites a task: enough that the messages cost nothing, few enough that results stay small in memory."""

MEMORY = 4 << 30
"""Bytes of address space a worker may use; a template that wants more fails its site."""


_work: Callable[[str], object] | None = None


def _prepare() -> None:
    """Ctrl-C reaches the whole process group; only the parent answers it, and its workers end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _end_with_parent() -> None:
    """A parent that was killed, or left at once, tells nobody; its workers would wait for tasks for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _run(names: Sequence[str]) -> list[object]:
    assert _work is not None
    return [_work(name) for name in names]


def spread(work: Work[Result], names: Sequence[str], jobs: int, lost: Work[Result]) -> Iterator[Result]:
    """*work*(name) for each name, in order, by up to *jobs* processes; *lost*(name) where the process died of that site."""
    global _work  # noqa: PLW0603 - the one thing that a forked worker finds ready
    _work = work
    gc.collect()
    gc.freeze()
    try:
        yield from _Spread(lost, max(1, min(jobs, len(names)))).results(names)
    finally:
        gc.unfreeze()
        _work = None


@contextmanager
def _workers(number: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end at once where the caller gives up: interrupted, or its reader has seen enough.

    Then nobody waits for the pool itself: a worker killed half way through sending its results leaves it waiting for the
    rest for ever.
    """
    pool = ProcessPoolExecutor(number, get_context("fork"), initializer=_prepare)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in active_children():
            worker.kill()
            worker.join()
        raise
    pool.shutdown()


class _Spread(Generic[Result]):
    def __init__(self, lost: Work[Result], jobs: int) -> None:
        self.lost = lost
        self.jobs = jobs

    def results(self, names: Sequence[str]) -> Iterator[Result]:
        size = max(1, min(CHUNK, len(names) // (4 * self.jobs)))
        chunks = deque(tuple(names[start : start + size]) for start in range(0, len(names), size))
        while chunks:
            yield from self._until_broken(chunks)

    def _until_broken(self, chunks: deque[tuple[str, ...]]) -> Iterator[Result]:
        """Results of *chunks*, which shrinks; ends early, with the sites under way done singly, where a worker dies."""
        waiting: deque[tuple[tuple[str, ...], Future[list[object]]]] = deque()
        with _workers(self.jobs) as pool:
            try:
                while chunks or waiting:
                    while chunks and len(waiting) < 2 * self.jobs + 2:
                        waiting.append((chunks[0], pool.submit(_run, chunks[0])))
                        chunks.popleft()  # not before: where a worker has died, nothing can be submitted
                    yield from waiting[0][1].result()  # type: ignore[misc]
                    waiting.popleft()
            except BrokenProcessPool:
                pass
            else:
                return
        for names, future in waiting:
            yield from self._one_by_one(names) if future.exception() else future.result()  # type: ignore[misc]

    def _one_by_one(self, names: Sequence[str]) -> Iterator[Result]:
        """The sites that were under way when a worker died, each in a process of its own."""
        for name in names:
            with _workers(1) as pool:
                try:
                    yield from pool.submit(_run, (name,)).result()  # type: ignore[misc]
                except BrokenProcessPool:
                    yield self.lost(name)


def processors() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0))
