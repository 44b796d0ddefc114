"""The faults: each disturbs one publishing, and takes away whatever stood in its way."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.chaos.proxy import Line, between
from tests.chaos.world import World
from tests.cli.kit import start
from tests.publish.making import git

Fault = Callable[[World, random.Random], int]
"""Publishes once under the fault; gives the exit code, which is negative where the publisher was killed."""

GRACEFUL = frozenset({0, 1, 3, 4, 5})
"""How a publishing may end that nobody killed: done, nothing done, some done, moved, refused."""


def _wait(world: World, chance: random.Random) -> None:
    """Until some moment of the publishing that was started, more often than not while branches move."""
    if chance.random() < 0.3:
        time.sleep(chance.random() * world.seconds)
        return
    first, ends = world.folder / "first", time.monotonic() + 5 * world.seconds + 5
    while not first.exists() and time.monotonic() < ends:
        time.sleep(0.005)
    time.sleep(chance.random() * PAUSE * len(world.new))


def _slowly(world: World) -> None:
    """The server takes its time for each branch, and shows when it comes to the first."""
    world.server.hook("update", f"touch {world.folder}/first; sleep {PAUSE}")


PAUSE = 0.03
"""Seconds that a server which takes its time does so for each branch."""


def _under_way(world: World, chance: random.Random) -> subprocess.Popen[str]:
    """A publisher at some moment of its work, with a server that takes its time."""
    _slowly(world)
    process = start(world.root, "publish")
    _wait(world, chance)
    return process


def killed_server(world: World, chance: random.Random) -> int:
    """The server and every Git it runs are killed at some moment, and it comes back afterwards."""
    process = _under_way(world, chance)
    world.web.kill()
    process.communicate()
    world.web.start()
    world.server.hook("update", "exit 0")
    return process.returncode


def killed_publisher(world: World, chance: random.Random) -> int:
    """`kill -9` of the publisher, with everything that it started or alone, at some moment."""
    process = _under_way(world, chance)
    if chance.random() < 0.5:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    world.server.hook("update", "exit 0")
    return process.returncode


def interrupted_publisher(world: World, chance: random.Random) -> int:
    """Ctrl-C at some moment."""
    process = _under_way(world, chance)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    world.server.hook("update", "exit 0")
    return process.returncode


def one_in_seven_refused(world: World, chance: random.Random) -> int:
    """A hook of the server refuses one branch in seven."""
    number = chance.randrange(7)
    refused = [name for index, name in enumerate(sorted(world.new)) if index % 7 == number]
    world.server.hook("update", f'case "$1" in {"|".join(f"refs/heads/{name}" for name in refused)}) exit 1;; esac')
    code = world.publish().code
    assert world.moved() == len(world.new) - len(refused), "all others move"
    world.server.hook("update", "exit 0")
    return code


def pushes_declined(world: World, chance: random.Random) -> int:
    """A hook of the server declines every push that one branch in seven takes part in."""
    number = chance.randrange(7)
    refused = [name for index, name in enumerate(sorted(world.new)) if index % 7 == number]
    pattern = "|".join(f"refs/heads/{name}" for name in refused)
    world.server.hook("pre-receive", f"while read -r old new ref; do case $ref in {pattern}) exit 1;; esac; done")
    code = world.publish().code
    assert world.moved() == len(world.new) - len(refused), "all others move"
    world.server.hook("pre-receive", "exit 0")
    return code


def protected_branch(world: World, chance: random.Random) -> int:
    """One branch is protected, which the server says as forges do."""
    name = chance.choice(sorted(world.new))
    world.server.hook(
        "update",
        f'if [ "$1" = "refs/heads/{name}" ]; then echo "GH006: Protected branch update failed" >&2; exit 1; fi',
    )
    code = world.publish().code
    assert world.moved() == len(world.new) - 1, "all others move"
    world.server.hook("update", "exit 0")
    return code


def slow_connection(world: World, chance: random.Random) -> int:
    """What is sent trickles; somebody loses patience at some moment, or not."""
    with between(world.web.port, Line(pause=0.02 + 0.1 * chance.random())) as port:
        return _publish_through(world, port)


def broken_connection(world: World, chance: random.Random) -> int:
    """The connection breaks after so many bytes, and every new one at once."""
    with between(world.web.port, Line(cut=chance.randrange(80_000))) as port:
        return _publish_through(world, port)


def _publish_through(world: World, port: int) -> int:
    """Publishes over a proxy, of which only Git knows."""
    settings = world.folder / "gitconfig"
    settings.write_text(f'[url "http://127.0.0.1:{port}/"]\n\tinsteadOf = http://127.0.0.1:{world.web.port}/\n')
    process = start(world.root, "publish", GIT_CONFIG_GLOBAL=str(settings))
    process.communicate()
    return process.returncode


def full_disk_here(world: World, chance: random.Random) -> int:
    """No room for what is fetched and written on the publisher's side."""
    return world.publish(wrapper=_with_room(world.root / "out", 4 * chance.randrange(110))).code


def full_disk_there(world: World, chance: random.Random) -> int:
    """No room for what arrives at the server."""
    repository = world.server.repository
    world.web.stop()
    world.web.start(*_with_room(repository, 4 * chance.randrange(18)))
    code = world.publish().code
    left = Path(f"/proc/{world.web.pid}/root{repository}")
    if has_namespaces():
        kept = shutil.copytree(left, repository.with_name("kept"), symlinks=True)
        shutil.rmtree(repository)
        kept.rename(repository)
    world.web.kill()
    world.web.start()
    return code


_ROOM = """
set -e; folder=$1; room=$2; shift 2
mount -t tmpfs tmpfs /mnt
cp -a "$folder/." /mnt
used=$(df -k --output=used /mnt | tail -n 1)
mount -o "remount,size=$((used + room))k" /mnt
mount --move /mnt "$folder"
exec "$@"
"""
"""Runs a command that sees a folder on a file system of its own, with so many KiB left."""


def _with_room(folder: Path, room: int) -> tuple[str, ...]:
    """Runs a command for which the file system below *folder* has *room* KiB left. Where none may be mounted, no file may be
    larger than half of that instead."""
    if has_namespaces():
        return ("unshare", "-rm", "sh", "-c", _ROOM, "sh", str(folder), str(room))
    return ("sh", "-c", f'ulimit -f {room // 2 + 1}; exec "$@"', "sh")


@cache
def has_namespaces() -> bool:
    """Whether a process here may have a file system of its own."""
    tried = ("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
    return (
        shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True, check=False).returncode == 0
    )


def stale_locks(world: World, chance: random.Random) -> int:
    """Lock files of processes that died long ago lie on both sides."""
    names = ["packed-refs.lock", "config.lock", "shallow.lock", "HEAD.lock"]
    names += [f"refs/heads/{branch}.lock" for branch in chance.sample(sorted(world.new), 3)]
    locks = [
        repository / name
        for repository in (world.server.repository, world.mirror)
        for name in chance.sample(names, chance.randrange(1, len(names)))
    ]
    for lock in locks:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    code = world.publish().code
    for lock in locks:
        if lock.is_relative_to(world.server.repository):
            lock.unlink(missing_ok=True)
    return code


FAULTS: Mapping[str, Fault] = {
    "server killed": killed_server,
    "publisher killed": killed_publisher,
    "publisher interrupted": interrupted_publisher,
    "one branch in seven refused": one_in_seven_refused,
    "pushes with one branch in seven declined": pushes_declined,
    "protected branch": protected_branch,
    "slow connection": slow_connection,
    "broken connection": broken_connection,
    "disk full at the publisher": full_disk_here,
    "disk full at the server": full_disk_there,
    "stale lock files": stale_locks,
}
"""What people call it -> the fault."""


@dataclass(frozen=True)
class Round:
    """What came of one fault: the exit code, the branches that had moved by then, and the runs until all had."""

    code: int
    moved: int
    runs: int


def play(world: World, fault: Fault, seed: int) -> Round:
    """One round. Raises AssertionError where something was lost, half-written or damaged."""
    code = fault(world, random.Random(seed))
    assert code < 0 or code == 130 or code in GRACEFUL, f"ended with {code}"
    world.check_whole()
    return Round(code, world.moved(), world.settle())


def two_publishers(world: World, other: World) -> tuple[int, int]:
    """Two fleets publish to one server at once, again and again until each has had its way or has been told why not.

    Gives how many branches each one moved. No commit that either was told of is lost: all are still in the history.
    """
    told: dict[str, set[str]] = {world.folder.name: set(), other.folder.name: set()}
    for _ in range(3):
        running = {w.folder.name: start(w.root, "publish") for w in (world, other)}
        for name, process in running.items():
            out, _ = process.communicate()
            told[name] |= {line.split()[1] for line in out.splitlines()}
        if all(process.returncode == 0 for process in running.values()):
            break
    kept = {commit[:12] for commit in git(world.server.repository, "rev-list", "--branches").split()}
    lost = set().union(*told.values()) - kept
    assert not lost, f"{len(lost)} commits are lost"
    assert git(world.server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""
    first, second = told.values()
    return len(first), len(second)
