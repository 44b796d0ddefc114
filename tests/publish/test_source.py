from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.git.checkout import Checkout, export
from composer.git.source import Source, source_of, states
from tests.publish.making import git


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A fleet in a folder of a bigger repository, committed."""
    folder = tmp_path / "repository" / "fleet"
    for path in ("sites/fleet.yaml", "sites/eu/berlin-01.yaml", "blueprints/own/v1/blueprint.yaml"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"# {path}\n")
    git(tmp_path / "repository", "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path, message: str = "change") -> str:
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "-m", message, GIT_COMMITTER_DATE="1700000000 +0130")
    return git(folder, "rev-parse", "HEAD")


def test_a_committed_fleet_has_its_commit_and_that_ones_date(fleet: Path) -> None:
    found = source_of(fleet)
    assert found == Source(git(fleet, "rev-parse", "HEAD"), "1700000000 +0130", dirty=False)
    assert found.label == found.commit


@pytest.mark.parametrize("path", ["sites/eu/berlin-01.yaml", "sites/new.yaml", "blueprints/own/v1/params.yaml"])
def test_a_file_that_differs_from_the_commit_makes_the_fleet_dirty(fleet: Path, path: str) -> None:
    (fleet / path).write_text("new: 1\n")
    assert source_of(fleet).dirty
    assert source_of(fleet).label.endswith("-dirty")


def test_a_removed_file_and_a_staged_one_make_the_fleet_dirty_too(fleet: Path) -> None:
    (fleet / "sites/eu/berlin-01.yaml").unlink()
    assert source_of(fleet).dirty
    git(fleet, "checkout", "--", ".")
    assert not source_of(fleet).dirty
    (fleet / "sites/new.yaml").write_text("new: 1\n")
    git(fleet, "add", "sites/new.yaml")
    assert source_of(fleet).dirty


def test_what_is_not_rendered_does_not_make_the_fleet_dirty(fleet: Path) -> None:
    (fleet / "out").mkdir()
    (fleet / "out" / "x.yaml").write_text("x")
    (fleet.parent / "README.md").write_text("x")
    assert not source_of(fleet).dirty


def test_a_document_that_git_ignores_makes_the_fleet_dirty_and_other_ignored_files_do_not(
    fleet: Path,
) -> None:
    (fleet / ".gitignore").write_text("*.swp\nhidden/\n")
    commit(fleet)
    (fleet / "sites/x.swp").write_text("x")
    assert not source_of(fleet).dirty
    (fleet / "sites/hidden").mkdir()
    (fleet / "sites/hidden/paris-02.yaml").write_text("x")
    assert source_of(fleet).dirty


def test_a_fleet_outside_of_any_repository_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    assert source_of(tmp_path) == Source()
    assert Source().label == "none"


def test_a_repository_without_a_commit_gives_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert source_of(tmp_path) == Source()


def test_a_fleet_that_a_surrounding_repository_ignores_is_dirty(fleet: Path) -> None:
    inner = fleet.parent / "scratch" / "fleet"
    (inner / "sites").mkdir(parents=True)
    (inner / "sites" / "fleet.yaml").write_text("x")
    (fleet.parent / ".gitignore").write_text("scratch/\n")
    commit(fleet.parent)
    assert source_of(inner).dirty


def test_looking_at_the_source_runs_nothing_of_it(fleet: Path) -> None:
    marker = fleet.parent / "it-ran"
    program = fleet.parent.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
    program.chmod(0o755)
    git(fleet, "config", "core.fsmonitor", str(program))
    git(fleet, "config", "core.hooksPath", str(program.parent))
    (program.parent / "post-index-change").write_text(program.read_text())
    (program.parent / "post-index-change").chmod(0o755)
    assert not source_of(fleet).dirty
    assert not marker.exists()


def test_the_fleet_of_an_earlier_commit_can_be_had_in_a_folder(fleet: Path, tmp_path: Path) -> None:
    first = git(fleet, "rev-parse", "HEAD")
    (fleet / "sites/eu/berlin-01.yaml").write_text("later")
    (fleet / "sites/link.yaml").symlink_to("eu/berlin-01.yaml")
    second = commit(fleet)
    for revision, expected, text in (
        ("HEAD~1", first, "# sites/eu/berlin-01.yaml\n"),
        ("HEAD", second, "later"),
    ):
        target = tmp_path / revision
        target.mkdir()
        assert export(fleet, revision, target) == expected
        assert (target / "sites/eu/berlin-01.yaml").read_text() == text
        assert (target / "blueprints/own/v1/blueprint.yaml").is_file()
        assert not (target / "schemas").exists()
    assert (tmp_path / "HEAD" / "sites/link.yaml").readlink() == Path("eu/berlin-01.yaml")


def test_the_fleet_moves_from_commit_to_commit(fleet: Path, tmp_path: Path) -> None:
    """Files become folders and links, come and go; what a run leaves beside them stays behind."""
    steps: list[Callable[[], object]] = [
        lambda: (fleet / "sites/eu/berlin-01.yaml").write_text("later"),
        lambda: (fleet / "sites/link").symlink_to("eu"),
        lambda: ((fleet / "sites/link").unlink(), put(fleet / "sites/link/real.yaml", "a folder now")),
        lambda: (shutil.rmtree(fleet / "sites/link"), put(fleet / "sites/link", "a file now")),
        lambda: (shutil.rmtree(fleet / "blueprints"), put(fleet / "schemas/x.json", "{}")),
        lambda: put(fleet.parent / "beside", "nothing of the fleet"),
    ]
    commits = [git(fleet, "rev-parse", "HEAD")]
    for step in steps:
        step()
        git(fleet.parent, "add", "--all")
        commits.append(commit(fleet))
    (parent := tmp_path / "checkouts").mkdir()
    checkout = Checkout(fleet, parent)
    for revision in (*commits, *reversed(commits)):
        (plain := tmp_path / "plain").mkdir()
        export(fleet, revision, plain)
        folder = checkout.at(revision)
        assert list(parent.iterdir()) == [folder]
        assert state(folder) == state(plain)
        put(folder / "out/cache.json", "{}")
        shutil.rmtree(plain)
    with pytest.raises(Rejected, match="B014"):
        checkout.at("nothing")
    assert (checkout.at(commits[0]) / "sites/eu/berlin-01.yaml").read_text() == "# sites/eu/berlin-01.yaml\n"
    same = states(fleet, [*commits, "0" * 40])
    assert (list(same), same[commits[-1]] == same[commits[-2]], len(set(same.values()))) == (commits, True, len(steps))


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def state(folder: Path) -> dict[str, str]:
    """What each file, link and folder below a folder is."""
    return {
        str(path.relative_to(folder)): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("revision", ["nothing", "--help", "", "HEAD\nHEAD", "HEAD:sites", "-x", "HEAD^{tree}"])
def test_what_is_no_commit_of_this_fleet_is_refused(fleet: Path, tmp_path: Path, revision: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(Rejected, match="B014"):
        export(fleet, revision, target)
    assert not list(target.iterdir())


def test_a_tree_with_names_that_lead_out_is_refused(fleet: Path, tmp_path: Path) -> None:
    blob = git(fleet, "hash-object", "-w", "--stdin", content=b"x")
    evil = b"100644 x\0" + bytes.fromhex(blob)
    inner = git(
        fleet,
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--literally",
        "--stdin",
        content=evil.replace(b"x\0", b"../../x\0"),
    )
    tree = git(fleet, "mktree", "--missing", content=f"40000 tree {inner}\tsites\n".encode())
    top = git(fleet, "mktree", content=f"40000 tree {tree}\tfleet\n".encode())
    made = git(fleet, "commit-tree", top, "-m", "evil")
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    with pytest.raises(Rejected, match="B013"):
        export(fleet, made, target)
    assert not (tmp_path / "x").exists()
