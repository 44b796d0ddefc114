"""One publisher at a time, and clearing up after one that was killed."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from composer.diagnostic import Diagnostic, Rejected, error
from composer.git.process import GitFailed
from composer.git.repository import Repository

_TRIES = 300
_PAUSE = 0.1
"""Seconds. A killed publisher's git ends within moments; the rest is patience with another publisher."""

_UNDER_WAY = b"publishing\n"
"""Stands in the lock file until the publisher and its git have ended in good order."""

_HALVES = ("objects/pack/tmp_*", "objects/??/tmp_obj_*", "fast_import_crash_*")
_LOCKS = ("packed-refs.lock", "refs/heads/**/*.lock")


_MIRROR_LOCKS = ("HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock", "refs/**/*.lock")


@contextmanager
def holding(repository: Repository) -> Iterator[Repository]:
    """Holds a mirror for one command, from fetching to pushing; what talks to its server holds it too, until it has ended.

    So whatever lies about in a mirror, which is the composer's alone, belongs to nobody.
    Raises Rejected as `publishing` does.
    """
    try:
        descriptor = os.open(f"{repository.path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as problem:
        raise Rejected([_unlockable(repository, problem)]) from problem
    try:
        _acquire(descriptor, repository)
        _remove(repository.path, _HALVES + _MIRROR_LOCKS)
        yield replace(repository, kept=(descriptor,))
    finally:
        os.close(descriptor)


@contextmanager
def publishing(repository: Repository) -> Iterator[int]:
    """Holds the repository for one publisher; yields the lock's descriptor.

    Its git processes keep that open too, so the lock is free only when the last of them has ended, and
    leftovers found then belong to nobody.
    Raises Rejected where somebody else publishes for too long, and where the disk is full.
    """
    try:
        descriptor = os.open(repository.path / "composer.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as problem:
        raise Rejected([_unlockable(repository, problem)]) from problem
    try:
        _acquire(descriptor, repository)
        if os.read(descriptor, 1):
            _remove(repository.path, _HALVES + _LOCKS)
        _mark(descriptor, repository)
        try:
            yield descriptor
        except (GitFailed, Rejected) as problem:
            _remove(repository.path, _HALVES)
            if not (isinstance(problem, GitFailed) and problem.killed):
                os.ftruncate(descriptor, 0)
            raise
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _mark(descriptor: int, repository: Repository) -> None:
    try:
        os.pwrite(descriptor, _UNDER_WAY, 0)
    except OSError as problem:
        raise Rejected([_unlockable(repository, problem)]) from problem


def _unlockable(repository: Repository, problem: OSError) -> Diagnostic:
    return error("B011", f"cannot lock the repository: {problem.strerror}", repository.place)


def _acquire(descriptor: int, repository: Repository) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return
    message = "another composer is publishing to this repository"
    raise Rejected([error("B012", message, repository.place, hint="run the command again when it is done")])


def _remove(git_dir: Path, patterns: Sequence[str]) -> None:
    """Removes what killed git processes leave: half packs, and locks that would bar a branch for ever."""
    for pattern in patterns:
        for leftover in git_dir.glob(pattern):
            leftover.unlink(missing_ok=True)
