"""Sites spread over processes: in order, none able to stop the others, and nobody left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread

import pytest

from composer.diagnostic import Diagnostic
from composer.pipeline import run, workers
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all, without_objects
from composer.pipeline.workers import spread
from composer.stages.load import load_fleet
from tests.cli.kit import environment
from tests.pipeline.fleets import noted

MANY = [f"s-{number:03}" for number in range(100)]


def left() -> list[object]:
    """The workers that are still there once those that were ended have been counted out, by whichever thread does it."""
    for _ in range(1000):
        if not active_children():
            return []
        time.sleep(0.01)
    return list(active_children())


def done(name: str) -> str:
    return f"done {name}"


def lost(name: str) -> str:
    return f"lost {name}"


def dying(*names: str) -> workers.Work[str]:
    """Work that ends its process at some sites, as the kernel does when memory runs out."""

    def work(name: str) -> str:
        if name in names:
            os.kill(os.getpid(), signal.SIGKILL)
        return done(name)

    return work


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("number", [0, 1, 7, 100])
def test_results_come_in_the_order_of_names(jobs: int, number: int) -> None:
    def work(name: str) -> str:
        time.sleep(0.002 * (hash(name) % 3))
        return done(name)

    assert list(spread(work, MANY[:number], jobs, lost)) == [done(name) for name in MANY[:number]]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("dead", [(MANY[0],), (MANY[-1],), (MANY[17], MANY[18], MANY[60])])
def test_a_worker_that_is_killed_costs_its_site_only(jobs: int, dead: tuple[str, ...]) -> None:
    found = list(spread(dying(*dead), MANY, jobs, lost))
    assert found == [lost(name) if name in dead else done(name) for name in MANY]


def test_no_site_is_lost_where_a_worker_dies_while_its_results_wait_to_be_read() -> None:
    """Whoever reads slowly asks for more work only when the worker has been dead for a while."""
    found = []
    for result in spread(dying(MANY[20]), MANY, 1, lost):
        found.append(result)
        if len(found) == 1:
            time.sleep(0.5)
    assert found == [lost(name) if name == MANY[20] else done(name) for name in MANY]


def large(name: str) -> bytes:
    """A result that no pipe takes at once."""
    return name.encode() * (workers.PIPE // 4)


def test_a_worker_that_is_killed_while_it_sends_a_large_result_holds_nobody_up() -> None:
    results = spread(large, MANY[:6], 1, lambda name: name.encode())
    found = [next(results)]
    (worker,) = active_children()
    while not waits_to_write(worker.pid or 0):
        time.sleep(0.01)
    worker.kill()
    assert [*found, *results] == [large(name) for name in MANY[:6]]


def waits_to_write(pid: int) -> bool:
    """Whether a process sleeps and was found sleeping ten times: nobody reads, so it can only be full of its result."""
    states = []
    for _ in range(10):
        states.append(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])
        time.sleep(0.01)
    return states == ["S"] * 10


@pytest.mark.parametrize("seed", range(4))
def test_workers_killed_at_any_moment_never_hang_the_run_nor_change_the_order(seed: int) -> None:
    chance = random.Random(seed)
    names = MANY[:40]
    over = Event()

    def kill() -> None:
        while not over.wait(chance.random() * 0.03):
            for worker in active_children():
                if chance.random() < 0.5:
                    worker.kill()

    killer = Thread(target=kill)
    killer.start()
    try:
        found = list(spread(large, names, 3, lambda name: name.encode()))
    finally:
        over.set()
        killer.join()
    assert [result in (large(name), name.encode()) for name, result in zip(names, found, strict=True)] == [True] * 40
    assert left() == []


def test_results_that_wait_for_a_slow_reader_never_grow_beyond_a_few_tasks(tmp_path: Path) -> None:
    def work(name: str) -> str:
        (tmp_path / name).touch()
        return done(name)

    results = spread(work, MANY, 2, lost)
    for _ in range(20):
        next(results)
        time.sleep(0.02)
    done_already = len(list(tmp_path.iterdir()))
    results.close()  # type: ignore[attr-defined]
    assert done_already < 20 + 7 * 12  # the chunk being read, two more for each worker, and one they may be ahead


class UntravelledError(Exception):
    """Cannot be made again from what pickle keeps of it."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


@pytest.mark.parametrize("bug", [ValueError("a bug"), UntravelledError("a", "bug")])
def test_what_the_work_raises_is_raised_with_the_workers_traceback(bug: Exception) -> None:
    def buggy(_: str) -> str:
        raise bug

    with pytest.raises((ValueError, RuntimeError)) as raised:
        list(spread(buggy, MANY, 2, lost))
    assert "in buggy" in "".join(traceback.format_exception(raised.value))
    assert left() == []


def test_results_too_large_to_be_sent_together_are_sent_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    monkeypatch.setattr(workers, "MEMORY", pages * os.sysconf("SC_PAGE_SIZE") + 100_000_000)
    sizes = [10_000_000] * 12 + [75_000_000] + [10_000_000] * 11  # six a task

    def work(name: str) -> bytes:
        return b"x" * sizes[MANY.index(name)]

    found = [len(result) for result in spread(work, MANY[:24], 1, lambda _: b"")]
    assert found == [size if size == 10_000_000 else 0 for size in sizes]


def test_all_workers_end_with_the_work() -> None:
    assert len(list(spread(done, MANY, 2, lost))) == len(MANY)
    assert left() == []


def slow(name: str) -> str:
    if name != MANY[0]:
        time.sleep(600)
    return done(name)


def started() -> Iterator[str]:
    """Work under way: the first result is there, the others will not come for long."""
    results = spread(slow, MANY[:8], 2, lost)
    assert next(results) == done(MANY[0])
    assert len(active_children()) == 2
    return results


def test_a_reader_who_has_seen_enough_leaves_no_worker_behind() -> None:
    results = started()
    results.close()  # type: ignore[attr-defined]
    assert left() == []


def test_ctrl_c_ends_the_workers_at_once() -> None:
    results = started()
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    assert left() == []


PARENT = """
import time
from composer.pipeline.workers import spread

def work(name):
    if name != "first":
        time.sleep(600)
    return name

for result in spread(work, ["first", "second", "third"], 2, str):
    print(result, flush=True)
"""


def test_workers_end_when_their_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment())
    assert parent.stdout
    assert parent.stdout.readline() == "first\n"
    parent.kill()
    rest, _ = parent.communicate(timeout=60)  # the pipe is at its end when the last process that holds it is
    assert rest == ""


# --- composing --------------------------------------------------------------------------------------------------------


def composed(root: Path, names: Sequence[str]) -> list[Composed]:
    fleet, _ = load_fleet(root)
    return list(compose_all(fleet, names, 2, without_objects))


def codes(found: Sequence[Composed]) -> dict[str, list[str]]:
    return {each.site: [d.code for d in each.findings] for each in found}


def test_a_site_that_makes_its_worker_die_is_a_finding(tmp_path: Path) -> None:
    fleet, _ = load_fleet(noted(tmp_path, "a", "b", "c"))

    def finish(made: Composed) -> tuple[str, tuple[Diagnostic, ...]]:
        if made.site == "b" and made.ok:
            os.kill(os.getpid(), signal.SIGKILL)
        return made.site, made.findings

    found = dict(compose_all(fleet, ["a", "b", "c"], 2, finish))
    assert {name: [(d.code, str(d.place), d.site) for d in diagnostics] for name, diagnostics in found.items()} == {
        "a": [],
        "b": [("T090", "sites/b.yaml", "b")],
        "c": [],
    }


@pytest.mark.parametrize("size", [2 * workers.MEMORY, 1 << 50])
def test_a_site_that_wants_too_much_memory_is_a_finding(tmp_path: Path, size: int) -> None:
    fleet, _ = load_fleet(noted(tmp_path, "a", "b", "c"))

    def finish(made: Composed) -> tuple[str, tuple[Diagnostic, ...]]:
        if made.site == "b" and made.ok:
            bytearray(size)
        return made.site, made.findings

    found = dict(compose_all(fleet, ["a", "b", "c"], 1, finish))
    assert {name: [d.code for d in diagnostics] for name, diagnostics in found.items()} == {
        "a": [],
        "b": ["T091"],
        "c": [],
    }


def test_a_site_that_takes_too_long_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SECONDS", 0.0005)  # reading and compiling the first blueprints takes many times as long
    assert codes(composed(noted(tmp_path, "a"), ["a"])) == {"a": ["T014"]}


def test_a_broken_site_stops_no_other(tmp_path: Path) -> None:
    root = noted(tmp_path, "a", "b", "c")
    (root / "sites/b.yaml").write_text("kind: [")
    found = composed(root, ["a", "b", "c"])
    assert [(each.site, each.ok) for each in found] == [("a", True), ("b", False), ("c", True)]
