from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.git import lock
from composer.git.process import GitFailed, in_delivery, run
from composer.git.repository import Repository, create_repository, damage, heads, open_repository
from composer.stages.publish import Outcome
from tests.publish.making import HOUR_LATER, delivery, git, published, with_text


def refused(path: Path) -> str:
    with pytest.raises(Rejected) as rejected:
        open_repository(path)
    (finding,) = rejected.value.diagnostics
    assert finding.code == "B010"
    assert finding.place.file == str(path)
    return finding.message


def test_a_repository_is_made_once_and_then_found(tmp_path: Path) -> None:
    made = create_repository(tmp_path / "out" / "delivery.git")
    assert create_repository(made.path) == open_repository(made.path) == made
    assert not heads(made)
    assert [path.name for path in made.path.parent.iterdir()] == ["delivery.git"]
    assert git(made, "rev-parse", "--is-bare-repository") == "true"
    assert not list(made.path.glob("hooks/*"))


def test_an_empty_folder_becomes_a_repository_and_one_with_files_does_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    create_repository(tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(Rejected, match="B010"):
        create_repository(tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_a_repository_inside_of_another_ones_working_copy_is_its_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert "cannot be used" in refused(tmp_path / "nothing-here")
    assert create_repository(tmp_path / "out" / "delivery.git").path == tmp_path / "out" / "delivery.git"


def test_a_working_copy_is_no_delivery_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert "working copy" in refused(tmp_path / ".git")


def test_a_repository_with_other_object_ids_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--object-format=sha256")
    assert "sha256" in refused(tmp_path)


def test_a_repository_in_a_folder_with_signs_in_its_name_is_that_very_folder(tmp_path: Path) -> None:
    for name in ("$HOME", "~", "-c", 'a "b" c', "ü"):
        repository = create_repository(tmp_path / name / "delivery.git")
        assert published(repository, with_text("berlin-01", "one"))[0].outcome is Outcome.PUBLISHED
        assert (tmp_path / name / "delivery.git" / "HEAD").is_file()


def plant(path: Path, marker: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_hooks_and_programs_that_a_repository_names_never_run(tmp_path: Path) -> None:
    repository, marker = delivery(tmp_path), tmp_path / "it-ran"
    published(repository, with_text("berlin-01", "one"))
    for name in (
        "reference-transaction",
        "update",
        "post-update",
        "pre-receive",
        "post-index-change",
        "pre-auto-gc",
    ):
        plant(repository.path / "hooks" / name, marker)
        plant(tmp_path / "elsewhere" / name, marker)
    program = tmp_path / "program"
    plant(program, marker)
    for key, value in {
        "core.hooksPath": str(tmp_path / "elsewhere"),
        "core.fsmonitor": str(program),
        "core.sshCommand": str(program),
        "core.pager": str(program),
        "core.editor": str(program),
        "core.alternateRefsCommand": str(program),
        "gpg.program": str(program),
        "commit.gpgSign": "true",
        "gc.auto": "1",
        "diff.external": str(program),
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{program}",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
    }.items():
        git(repository, "config", key, value)
    assert published(repository, with_text("berlin-01", "two"))[0].outcome is Outcome.PUBLISHED
    with repository.reading() as objects:
        assert objects.objects(["1" * 40, "no such thing", "--help", "-x"]) == [None] * 4
    assert damage(repository) == ""
    assert not marker.exists()
    # The traps are real: git without the composer's care runs into them.
    git(repository, "update-ref", "refs/heads/x", heads(repository)["site/berlin-01"].commit)
    assert marker.exists()
    marker.unlink()
    with pytest.raises(AssertionError):
        git(repository, "-c", "core.hooksPath=/dev/null", "cat-file", "-p", "1" * 40)
    assert marker.exists()


def test_replaced_objects_do_not_deceive(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    first = published(repository, with_text("berlin-01", "one"))[0].commit
    second = published(repository, with_text("berlin-01", "two"), source=HOUR_LATER)[0].commit
    git(repository, "replace", second, first)
    assert heads(repository)["site/berlin-01"].tree == with_text("berlin-01", "two").tree


def test_variables_of_a_surrounding_git_do_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = delivery(tmp_path / "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(elsewhere.path))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(elsewhere.path / "objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "false")
    monkeypatch.setenv("GIT_NAMESPACE", "other")
    repository = delivery(tmp_path)
    published(repository, with_text("berlin-01", "one"))
    assert set(heads(repository)) == {"site/berlin-01"}
    assert not heads(elsewhere)


def test_what_git_says_reaches_the_caller_on_one_line(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    with pytest.raises(GitFailed, match="no-such-command") as failed:
        run(in_delivery(repository.path, "no-such-command"))
    assert "\n" not in str(failed.value)


def test_a_machine_without_git_is_told_so(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; import sys\n"
        "from composer.diagnostic import Rejected\n"
        "from composer.git.repository import create_repository\n"
        "try: create_repository(Path(sys.argv[1]))\n"
        "except Rejected as r: print(r)\n"
    )
    environment = {"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", script, str(tmp_path / "d.git")]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    assert "B010" in done.stdout
    assert "git cannot be run" in done.stdout


HOLDER = """
import sys, time
from pathlib import Path
from composer.git.lock import publishing
from composer.git.repository import open_repository
with publishing(open_repository(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(repository: Repository) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", HOLDER, str(repository.path)]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_a_second_publisher_waits_its_turn_and_gives_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = delivery(tmp_path)
    monkeypatch.setattr(lock, "_TRIES", 3)
    monkeypatch.setattr(lock, "_PAUSE", 0.01)
    holder = hold(repository)
    with pytest.raises(Rejected, match="B012"):
        published(repository, with_text("berlin-01", "one"))
    assert not heads(repository)
    holder.communicate()
    assert published(repository, with_text("berlin-01", "one"))[0].outcome is Outcome.PUBLISHED


def leave_things(repository: Repository) -> list[Path]:
    left = [
        repository.path / "refs/heads/site/berlin-01.lock",
        repository.path / "objects/pack/tmp_pack_aBcDeF",
        repository.path / "fast_import_crash_42",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    return left


def test_what_a_killed_publisher_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    holder = hold(repository)
    left = leave_things(repository)
    holder.kill()
    holder.communicate()
    assert published(repository, with_text("berlin-01", "one"))[0].outcome is Outcome.PUBLISHED
    assert not any(path.exists() for path in left)


def test_locks_of_others_are_left_alone_after_an_orderly_run(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    hold(repository).communicate()
    left = leave_things(repository)
    results = published(repository, with_text("berlin-01", "one"), with_text("paris-02", "one"))
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.PUBLISHED]
    assert "berlin-01.lock" in results[0].findings[0].message
    assert left[0].exists()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    (repository.path / "composer.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(Rejected, match="B011"):
        published(repository, with_text("berlin-01", "one"))
    assert not (tmp_path / "victim").exists()


def test_a_lock_that_the_disk_has_no_room_for_is_a_finding(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(Rejected, match="B011"):
            published(repository, with_text("berlin-01", "one"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert published(repository, with_text("berlin-01", "one"))[0].outcome is Outcome.PUBLISHED


@pytest.mark.parametrize("killed", [True, False])
def test_locks_are_cleared_away_after_a_git_that_was_killed_and_not_after_one_that_gave_up(
    tmp_path: Path, killed: bool
) -> None:
    repository = delivery(tmp_path)
    left: list[Path] = []

    def fail() -> None:
        with lock.publishing(repository):
            left.extend(leave_things(repository))
            raise GitFailed("stopped", killed=killed)

    with pytest.raises(GitFailed, match="stopped"):
        fail()
    assert [path.exists() for path in left] == [True, False, False]
    with lock.publishing(repository):
        assert left[0].exists() is not killed
