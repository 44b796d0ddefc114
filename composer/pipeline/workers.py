"""Sites spread over processes. A worker that dies or runs out of memory costs the site it worked on, and no other.

Workers are forked from a process that has loaded the fleet, so they start with everything that sites share; a task is
a handful of site names, and only results travel back. Each worker has pipes of its own, which nobody else holds open:
however it dies, be it half way through a result, its pipe ends, and whoever reads from it knows.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context, parent_process
from select import poll
from threading import Thread
from traceback import format_exception
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
Work = Callable[[str], Result]
Names = tuple[str, ...]

CHUNK = 16
"""Sites a task: enough that the messages cost nothing, few enough that results stay small in memory."""

MEMORY = 4 << 30
"""Bytes of address space a worker may use; a template that wants more fails its site."""

PIPE = 1 << 20
"""Bytes of results that a worker may be ahead of whoever reads them; the most that Linux gives to everybody."""

AHEAD = 2
"""Tasks a worker holds: the one under way, and one to go on with while its results wait to be read."""


def spread(work: Work[Result], names: Sequence[str], jobs: int, lost: Work[Result]) -> Iterator[Result]:
    """*work*(name) for each name, in order, by up to *jobs* processes; *lost*(name) where the process died of that site."""
    jobs = max(1, min(jobs, len(names)))
    size = max(1, min(CHUNK, len(names) // (4 * jobs)))
    chunks = [tuple(names[start : start + size]) for start in range(0, len(names), size)]
    gc.freeze()
    crew = _Crew(work, lost, jobs)
    try:
        yield from crew.results(chunks)
        crew.dismiss()
    finally:
        crew.kill()
        gc.unfreeze()


class _Worker:
    """A process that answers tasks in the order they were given. *given* are the numbers of those not answered yet."""

    def __init__(self, work: Work[Any], others: Sequence[_Worker]) -> None:
        fork = get_context("fork")
        inbox, self.tasks = fork.Pipe(duplex=False)
        self.answers, outbox = fork.Pipe(duplex=False)
        with suppress(OSError):
            fcntl.fcntl(outbox.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
        self.given: deque[int] = deque()
        ends = [end for worker in (*others, self) for end in (worker.tasks, worker.answers)]
        self.process = fork.Process(target=_serve, args=(work, inbox, outbox, ends), daemon=True)
        self.process.start()
        inbox.close()
        outbox.close()

    def give(self, number: int, names: Names) -> None:
        """One more task. That the worker is dead shows where its answer is read."""
        self.given.append(number)
        with suppress(BrokenPipeError):
            self.tasks.send(names)

    def answer(self) -> bytes | None:
        """The answer to its first task, waited for; None where the worker is dead."""
        try:
            return self.answers.recv_bytes()
        except (EOFError, OSError):
            return None

    def dismiss(self) -> None:
        """Ends the worker, which has nothing left to do."""
        self.tasks.close()
        self.process.join()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.tasks.close()
        self.answers.close()


class _Crew(Generic[Result]):
    """The workers of one run, and the answers that nobody has asked for yet: never more than a few tasks ahead."""

    def __init__(self, work: Work[Result], lost: Work[Result], jobs: int) -> None:
        self.work = work
        self.lost = lost
        self.jobs = jobs
        self.workers: dict[int, _Worker] = {}  # by what their answers are read from
        self.poll = poll()
        self.waiting: deque[int] = deque()
        self.answered: dict[int, bytes | None] = {}

    def results(self, chunks: Sequence[Names]) -> Iterator[Result]:
        """The results of each chunk's names, in order."""
        self.waiting.extend(range(len(chunks)))
        for number, names in enumerate(chunks):
            self._hand_out(chunks, number)
            while number not in self.answered:
                self._take_in()
                self._hand_out(chunks, number)
            answer = self.answered.pop(number)
            for result in self._one_by_one(names) if answer is None else _opened(answer):
                yield result
                self._take_in(0)
                self._hand_out(chunks, number)

    def _hand_out(self, chunks: Sequence[Names], current: int) -> None:
        """Gives tasks to workers that have too few, those with none first; those that died are replaced."""
        while self.waiting and self.waiting[0] <= current + self.jobs * AHEAD:
            worker = self._idlest()
            if len(worker.given) >= AHEAD:
                return
            number = self.waiting.popleft()
            worker.give(number, chunks[number])

    def _idlest(self) -> _Worker:
        if len(self.workers) < self.jobs:
            worker = _Worker(self.work, [*self.workers.values()])
            self.workers[worker.answers.fileno()] = worker
            self.poll.register(worker.answers.fileno())
            return worker
        return min(self.workers.values(), key=lambda worker: len(worker.given))

    def _take_in(self, milliseconds: int | None = None) -> None:
        """Reads the answers that are there, waiting so long for one."""
        for descriptor, _ in self.poll.poll(milliseconds):
            worker = self.workers[descriptor]
            answer = worker.answer()
            if answer is None:
                self._bury(descriptor)
            else:
                self.answered[worker.given.popleft()] = answer

    def _bury(self, descriptor: int) -> None:
        """Lets go of a worker that died: of its first task, it seems; what else it had is given to others."""
        self.poll.unregister(descriptor)
        worker = self.workers.pop(descriptor)
        worker.kill()
        if worker.given:
            self.answered[worker.given.popleft()] = None
        self.waiting.extendleft(reversed(worker.given))

    def _one_by_one(self, names: Names) -> Iterator[Result]:
        """The sites that were under way when a worker died, each in a process of its own."""
        for name in names:
            worker = _Worker(self.work, [*self.workers.values()])
            try:
                worker.give(0, (name,))
                answer = worker.answer()
            finally:
                worker.kill()
            yield from (self.lost(name),) if answer is None else _opened(answer)

    def dismiss(self) -> None:
        """Ends the workers once all is done."""
        for worker in self.workers.values():
            worker.dismiss()

    def kill(self) -> None:
        """Ends the workers whatever they are doing: the caller was interrupted, or its reader has seen enough."""
        for worker in self.workers.values():
            worker.kill()


def _opened(answer: bytes) -> list[Any]:
    """The results in an answer. Raises what the work raised."""
    results, bug = pickle.loads(answer)  # noqa: S301 - from a process of our own, over a pipe of our own
    if bug is not None:
        raise bug
    return list(results)


# --- in the worker ----------------------------------------------------------------------------------------------------


def _serve(work: Work[Any], inbox: Any, outbox: Any, ends: Sequence[Any]) -> None:
    """Answers tasks until there are no more. *ends* are the parent's, which would keep other workers' pipes open here."""
    for end in ends:
        end.close()
    _prepare()
    with suppress(EOFError, BrokenPipeError):
        while True:
            outbox.send_bytes(_answer(work, inbox.recv()))


def _prepare() -> None:
    """Ctrl-C reaches the whole process group; only the parent answers it, and its workers end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _end_with_parent() -> None:
    """A parent that was killed, or left at once, tells nobody; a worker would go on with its task for long."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _answer(work: Work[Any], names: Names) -> bytes:
    """The results, or what was raised instead. Too little memory even for this is a death like any other."""
    try:
        return _packed([work(name) for name in names], None)
    except MemoryError:
        os._exit(1)
    except Exception as bug:
        return _failed(bug)


def _failed(bug: Exception) -> bytes:
    """The exception with the worker's traceback; in other words, where it cannot travel."""
    story = "".join(format_exception(bug))
    bug.add_note(f"in a worker:\n{story}")
    with suppress(Exception):
        answer = _packed([], bug)
        pickle.loads(answer)  # noqa: S301 - written a line above
        return answer
    return _packed([], RuntimeError(story))


def _packed(results: list[Any], bug: Exception | None) -> bytes:
    return pickle.dumps((results, bug), pickle.HIGHEST_PROTOCOL)


def processors() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0))
