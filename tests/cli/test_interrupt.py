"""Ctrl-C: whatever a command is at, it says what it has done, leaves nothing behind, and ends with 130."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.kit import commit, composer, noted, notes, start
from tests.cli.test_progress import wait_for
from tests.cli.test_remote import remote_fleet
from tests.publish.making import git
from tests.publish.server import Server


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed fleet that takes a while."""
    root = notes(tmp_path_factory.mktemp("many"), *(f"site-{number:03}" for number in range(400)))
    commit(root)
    return root


def files(root: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in (root / "sites").rglob("*.yaml")}


def wait_for_workers(process: subprocess.Popen[str]) -> None:
    """Until it renders."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not any(map(renders, children.read_text().split())):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def renders(child: str) -> bool:
    """Whether the process is a worker, and not a git that comes and goes."""
    with suppress(OSError):
        return "composer" in Path(f"/proc/{child}/cmdline").read_text().split("\0")
    return False


@pytest.mark.parametrize(
    "words",
    [
        ("validate",),
        ("images",),
        ("diff", "--base", "HEAD"),
        ("set", "--fleet", "spec.delivery.engine=flux", "spec.rollout.waves=[{name: a, matchLabels: {a: b}}]"),
    ],
    ids=lambda words: words[0],
)
def test_while_sites_are_rendered_nothing_was_written_and_nothing_stays(
    many: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    before = files(many)
    process = start(many, *words, "--jobs", "1", TMPDIR=str(tmp_path))
    wait_for_workers(process)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.startswith("\ninterrupted")
    assert err.endswith(": nothing was written\n")
    assert files(many) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["rollback", "remove"])
def test_while_branches_move_it_waits_until_it_is_known_where_each_is(
    server: Server, tmp_path: Path, command: str
) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address, names=("a", "b"))
    assert composer(root, "publish").code == 0
    (root / "sites/a.yaml").write_text(noted("a", "changed"))
    commit(root)
    assert composer(root, "publish").code == 0
    if command == "remove":
        (root / "sites/a.yaml").unlink()
        commit(root)
        assert composer(root, "publish").code == 0
    before = server.heads()
    wait = f"touch {tmp_path}/there; while [ ! -e {tmp_path}/on ]; do sleep 0.02; done"
    server.hook("update", wait)
    process = start(root, command, "a", *(("--yes", "--allow-removal") if command == "remove" else ()))
    wait_for(tmp_path / "there", process)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.2)
    (tmp_path / "on").touch()
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "waiting for what is under way" in err
    assert ("site/a " in out) == (server.heads() != before)
    assert out, err
    assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""
