"""Commands that are killed at any moment: run again, they come to where they would have come undisturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.kit import commit, composer, delivery, noted, notes, start, trees
from tests.publish.making import git

NAMES = tuple(f"s-{index:02}" for index in range(16))
SEEDS = range(8)


@dataclass(frozen=True)
class Before:
    """A fleet that was rendered and published, then changed and committed; what comes of the change, and how long
    the commands take, is known."""

    root: Path
    trees: dict[str, str]
    files: dict[str, bytes]
    seconds: float


def files(root: Path) -> dict[str, bytes]:
    folder = root / "out/manifests"
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    root = notes(tmp_path_factory.mktemp("before"), *NAMES)
    commit(root)
    assert composer(root, "publish").code == 0
    assert composer(root, "render").code == 0
    for name in NAMES:
        (root / f"sites/{name}.yaml").write_text(noted(name, "changed"))
    commit(root)
    undisturbed = copy(root, tmp_path_factory.mktemp("undisturbed"))
    started = time.monotonic()
    assert composer(undisturbed, "publish").code == 0
    seconds = time.monotonic() - started
    assert composer(undisturbed, "render").code == 0
    return Before(root, trees(undisturbed), files(undisturbed), seconds)


def copy(root: Path, folder: Path) -> Path:
    return Path(shutil.copytree(root, folder / "fleet"))


def killed(root: Path, command: str, seconds: float, seed: int) -> None:
    """Runs the command and kills it at a moment of the seed's choice: all its processes, or only the first.

    Comes back when every process that it started is gone, since they all hold its output.
    """
    process = start(root, command)
    time.sleep(random.Random(seed).random() * seconds)
    if seed % 2:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_publish_that_was_killed_is_made_good_by_the_next(before: Before, tmp_path: Path, seed: int) -> None:
    root = copy(before.root, tmp_path)
    old = trees(root)
    killed(root, "publish", before.seconds, seed)
    assert all(tree in (old[branch], before.trees[branch]) for branch, tree in trees(root).items())
    assert composer(root, "publish").code == 0
    assert trees(root) == before.trees
    assert git(delivery(root), "fsck", "--full", "--strict") == ""
    assert not list(delivery(root).glob("refs/**/*.lock"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_render_that_was_killed_is_made_good_by_the_next(before: Before, tmp_path: Path, seed: int) -> None:
    root = copy(before.root, tmp_path)
    killed(root, "render", before.seconds, seed)
    assert composer(root, "render").code == 0
    assert files(root) == before.files


def test_a_first_publish_and_render_that_were_killed_are_made_good_too(before: Before, tmp_path: Path) -> None:
    root = copy(before.root, tmp_path)
    shutil.rmtree(root / "out")
    for command in ("publish", "render"):
        killed(root, command, before.seconds, seed=1)
        assert composer(root, command).code == 0
    assert (trees(root), files(root)) == (before.trees, before.files)
    assert git(delivery(root), "fsck", "--full", "--strict") == ""
