"""How far long work is, and what is left when somebody presses Ctrl-C."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from composer.cli.progress import Progress, style_of
from composer.pipeline.watch import counted
from tests.cli.kit import commit, composer, delivery, noted, notes, start, trees
from tests.cli.test_remote import NAMES, remote_fleet
from tests.publish.making import git
from tests.publish.server import Server


class Clock:
    """A clock that goes on by *step* whenever somebody looks."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(style: str, step: float, sites: int = 10) -> str:
    """What is written while so many sites are rendered, one every *step* seconds."""
    stream = io.StringIO()
    progress = Progress(stream, style, clock=Clock(step))
    for _ in counted(iter(range(sites)), progress, sites):
        pass
    progress.clear()
    return stream.getvalue()


def test_a_bar_grows_on_a_terminal_and_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    *states, last, rest = shown("bar", 0.2).split("\r")[1:]
    assert states[-1].startswith("rendering [##############################] 10/10")
    assert "rendering [#####" in states[2]
    assert (last.strip(), rest) == ("", "")
    assert all(len(state) < 60 for state in states)


@pytest.mark.parametrize("columns", ["1", "12", "30", "500"])
def test_a_bar_is_never_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert all(len(state.rstrip()) < max(2, int(columns)) for state in shown("bar", 0.2).split("\r"))


def test_short_work_shows_nothing_and_long_work_in_ci_a_line_now_and_then() -> None:
    assert shown("bar", 0.01) == ""
    assert shown("lines", 0.5) == ""
    assert shown("lines", 4, sites=1000).splitlines()[0] == "rendering: 2 of 1,000 sites"
    assert len(shown("lines", 4, sites=1000).splitlines()) == 1001 // 3
    assert shown("", 100) == ""


def test_what_is_shown_depends_on_who_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("TERM", "xterm")
    assert (style_of(Terminal()), style_of(io.StringIO())) == ("bar", "lines")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("CI")
    assert (style_of(Terminal()), style_of(io.StringIO())) == ("", "")


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def waits_for_a_lock(process: subprocess.Popen[str], lock: Path) -> bool:
    """Whether it has the lock file open: it holds nothing else while it waits."""
    assert process.poll() is None, process.communicate()
    with suppress(OSError):
        return any(os.path.realpath(link) == str(lock) for link in Path(f"/proc/{process.pid}/fd").iterdir())
    return False


def test_ctrl_c_before_branches_move_says_that_none_has(tmp_path: Path) -> None:
    root = notes(tmp_path, "a", "b")
    commit(root)
    assert composer(root, "publish").code == 0
    before = trees(root)
    (root / "sites/a.yaml").write_text(noted("a", "changed"))
    commit(root)
    held = delivery(root) / "composer.lock"
    with held.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = start(root, "publish")
        while not waits_for_a_lock(process, held):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, trees(root)) == (130, before)
    assert err == "\ninterrupted while rendering, 2 of 2 sites: no branch has moved\n"
    assert composer(root, "publish").err.startswith("1 site published, 1 unchanged")


@pytest.mark.parametrize("whom", ["the composer", "everybody"])
def test_ctrl_c_during_a_push_waits_until_it_is_known_where_each_branch_is(
    server: Server, tmp_path: Path, whom: str
) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    server.hook(
        "update", f'case "$1" in *b) touch {tmp_path}/there; while [ ! -e {tmp_path}/on ]; do sleep 0.02; done;; esac'
    )
    process = start(root, "publish")
    wait_for(tmp_path / "there", process)
    (os.kill if whom == "the composer" else os.killpg)(process.pid, signal.SIGINT)
    time.sleep(0.2)
    (tmp_path / "on").touch()
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "interrupted while pushing: waiting for what is under way" in err
    if whom == "the composer":
        assert sorted(server.heads()) == ["site/a", "site/b", "site/c"]
        assert "3 sites published" in err
    told = {line.split()[0] for line in out.splitlines()}
    assert told <= server.heads().keys()
    again = composer(root, "publish")
    assert (again.code, len(server.heads())) == (0, len(NAMES))
    assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""
