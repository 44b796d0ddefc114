from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.git import lock
from composer.git.repository import Repository, damage, heads, open_repository
from composer.stages.publish import Outcome
from tests.publish.driver import kill, many_sites, run
from tests.publish.making import delivery, published

SITES = 120


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository that was published to once."""
    repository = delivery(tmp_path_factory.mktemp("once"))
    published(repository, *many_sites(SITES, "old"))
    return repository


@pytest.fixture
def repository(once: Repository, tmp_path: Path) -> Repository:
    """A copy of it, to be published to."""
    return open_repository(Path(shutil.copytree(once.path, tmp_path / once.path.name)))


@pytest.fixture(scope="module")
def undisturbed(once: Repository, tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, float]:
    """A repository published to twice without disturbance, and the seconds that the second time took."""
    folder = tmp_path_factory.mktemp("undisturbed") / once.path.name
    repository = open_repository(Path(shutil.copytree(once.path, folder)))
    process = run(repository, "new", SITES)
    started = time.monotonic()
    process.communicate()
    return repository, time.monotonic() - started


@pytest.mark.parametrize("seed", range(12))
def test_killed_at_any_moment_the_same_command_converges(
    repository: Repository, undisturbed: tuple[Repository, float], seed: int
) -> None:
    reference, seconds = undisturbed
    chance = random.Random(seed)
    before, after = heads(repository), heads(reference)
    process = run(repository, "new", SITES)
    time.sleep(chance.random() * seconds)
    kill(process, family=seed % 2 == 0)
    midway = heads(repository)
    assert all(midway[branch] in (before[branch], after[branch]) for branch in after)
    results = published(repository, *many_sites(SITES, "new"))
    assert {result.outcome for result in results} <= {Outcome.PUBLISHED, Outcome.UNCHANGED}
    assert heads(repository) == after
    assert damage(repository) == ""
    assert not list(repository.path.glob("objects/pack/tmp_*"))
    assert not list(repository.path.glob("refs/**/*.lock"))


@pytest.mark.parametrize("seed", range(4))
def test_a_first_publish_that_is_killed_converges_too(
    tmp_path: Path, undisturbed: tuple[Repository, float], seed: int
) -> None:
    repository = delivery(tmp_path)
    process = run(repository, "old", SITES)
    time.sleep(random.Random(seed).random() * undisturbed[1])
    kill(process, family=True)
    expected = {site.branch: site.tree for site in many_sites(SITES, "old")}
    assert all(expected[branch] == head.tree for branch, head in heads(repository).items())
    published(repository, *many_sites(SITES, "old"))
    assert {branch: head.tree for branch, head in heads(repository).items()} == expected
    assert damage(repository) == ""


def writing_git(process: subprocess.Popen[str]) -> int:
    """The process id of the driver's `git fast-import`, as soon as there is one."""
    while process.poll() is None:
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            # Git's short-lived helpers may be gone by now.
            with suppress(OSError):
                if b"fast-import" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
    raise AssertionError("the driver ended without writing")


def test_the_git_of_a_killed_publisher_holds_the_lock_until_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = delivery(tmp_path)
    process = run(repository, "old", SITES)
    child = writing_git(process)
    os.kill(child, signal.SIGSTOP)
    kill(process, family=False)
    monkeypatch.setattr(lock, "_TRIES", 1)
    with pytest.raises(Rejected, match="B012"):
        published(repository, *many_sites(3, "old"))
    monkeypatch.undo()
    os.kill(child, signal.SIGCONT)
    assert published(repository, *many_sites(3, "old"))[0].outcome is Outcome.PUBLISHED


def test_a_disk_that_takes_no_more_leaves_every_branch_where_it_was(repository: Repository) -> None:
    before = heads(repository)
    process = run(repository, "new", SITES, "prlimit", "--fsize=65536")
    said, _ = process.communicate()
    assert said.startswith("B024 nothing was published: ")
    assert heads(repository) == before
    assert damage(repository) == ""
    assert not list(repository.path.glob("objects/pack/tmp_*"))
    assert published(repository, *many_sites(SITES, "new"))[0].outcome is Outcome.PUBLISHED
