"""What becomes of a command that nobody listens to: a full disk, a reader that left, descriptors that are closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kit import Ran, commit, composer, delivery, environment, notes
from tests.publish.making import git


def shell(root: Path, line: str) -> Ran:
    """What `sh -c` makes of the line, in which composer is the composer."""
    words = line.replace("composer", f"{sys.executable} -m composer")
    ran = subprocess.run(
        ["sh", "-c", words], cwd=root, env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = notes(tmp_path, "a", "b")
    commit(made)
    return made


def test_results_that_a_full_disk_does_not_take_are_no_success(root: Path) -> None:
    ran = shell(root, "composer render -o - >/dev/full")
    assert ran.code == 2
    assert ran.err.endswith("composer: standard output could not be written: No space left on device\n")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("to", [">/dev/full", ">&-", "2>&-", "2>/dev/full", "<&- >&- 2>&-", "| true", "2>&1 | true"])
def test_publishing_goes_on_whoever_listens(root: Path, to: str) -> None:
    ran = shell(root, f"composer publish {to}")
    assert (ran.code, "Traceback" in ran.err) == (2 if to == ">/dev/full" else 0, False)
    assert git(delivery(root), "for-each-ref", "--format=%(refname:short)").split() == ["site/a", "site/b"]
    assert composer(root, "publish").err.startswith("0 sites published, 2 unchanged")


def test_a_lost_word_does_not_make_a_failure_a_success(root: Path) -> None:
    (root / "sites/b.yaml").write_text("not a site")
    for to in (">/dev/full", "2>/dev/full", ">&- 2>&-"):
        assert shell(root, f"composer validate {to}").code == 1
