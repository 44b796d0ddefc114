"""`composer publish`: one branch a site, and whose commits and files are left alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from composer.git.repository import open_repository
from tests.cli.kit import commit, composer, delivery, fleet, noted, notes, site, trees
from tests.load.fleets import change, document
from tests.publish.making import commit_by_hand, git

DATE = "2024-05-06T07:08:09+0200"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites, published from a clean commit."""
    root = notes(tmp_path_factory.mktemp("published"), "a", "b")
    commit(root, DATE)
    ran = composer(root, "publish")
    assert (ran.code, ran.err) == (0, f"2 sites published, 0 unchanged, in {delivery(root)}\n")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["site/a", "site/b"]
    return root


@pytest.fixture
def published(original: Path, tmp_path: Path) -> Path:
    """A copy of two published sites, to be changed at will."""
    return Path(shutil.copytree(original, tmp_path / "fleet", symlinks=True))


def heads(root: Path) -> list[str]:
    return git(delivery(root), "for-each-ref", "--format=%(refname) %(objectname)").splitlines()


def by_hand(root: Path, branch: str, files: dict[str, str | None]) -> str:
    return commit_by_hand(open_repository(delivery(root)), branch, files)


def test_every_site_has_a_branch_and_nothing_else_is_there(original: Path) -> None:
    assert [line.split()[0] for line in heads(original)] == ["refs/heads/site/a", "refs/heads/site/b"]
    assert git(delivery(original), "fsck", "--full", "--strict") == ""


def test_a_branch_holds_what_render_writes(original: Path, tmp_path: Path) -> None:
    composer(original, "render", "-o", str(tmp_path / "out"))
    work = tmp_path / "work"
    git(tmp_path, "clone", "-q", "--branch", "site/a", str(delivery(original)), str(work))
    shutil.rmtree(work / ".git")
    files = {str(f.relative_to(work)): f.read_bytes() for f in work.rglob("*") if f.is_file()}
    rendered = tmp_path / "out/a"
    assert files == {str(f.relative_to(rendered)): f.read_bytes() for f in rendered.rglob("*") if f.is_file()}


def test_a_commit_has_the_date_of_its_source_and_says_where_it_comes_from(original: Path) -> None:
    source = git(original, "rev-parse", "HEAD")
    shown = git(delivery(original), "log", "-1", "--format=%an <%ae>%n%cn <%ce>%n%aI %cI%n%B", "site/a")
    author, committer, dates, *message = shown.splitlines()
    assert author == committer
    assert "Jane" not in author
    assert dates == "2024-05-06T07:08:09+02:00 2024-05-06T07:08:09+02:00"
    assert any(line.endswith(f": {source}") for line in message)


def test_published_again_there_is_no_new_commit_whatever_else_was_committed(published: Path) -> None:
    before = heads(published)
    (published / "README.md").write_text("About this fleet.")
    change(published, "sites/a.yaml", ("spec:", "# a remark\nspec:"))
    commit(published, "2025-01-01T00:00:00+0000")
    ran = composer(published, "publish")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("0 sites published, 2 unchanged, ")
    assert heads(published) == before


def test_without_its_cache_publishing_comes_to_the_same(published: Path) -> None:
    before = heads(published)
    (published / "out/cache.json").unlink()
    assert composer(published, "publish").err.startswith("0 sites published, 2 unchanged, ")
    (published / "out/cache.json").write_text("{]")
    assert composer(published, "publish").err.startswith("0 sites published, 2 unchanged, ")
    assert heads(published) == before


def test_only_what_changed_gets_a_commit_on_top_of_the_last(published: Path) -> None:
    old = git(delivery(published), "rev-parse", "site/a")
    change(published, "sites/a.yaml", ("hello", "goodbye"))
    commit(published)
    ran = composer(published, "publish")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["site/a"]
    assert ran.out.endswith(" a: 0 added, 1 changed, 0 removed\n")
    assert git(delivery(published), "rev-parse", "site/a^") == old
    assert git(delivery(published), "show", "--format=", "--name-only", "site/a").splitlines() == [
        "composer.lock.yaml",
        "platform/edge-platform/configmap_note.yaml",
    ]


def test_a_dirty_fleet_is_refused_before_anything_is_written(published: Path) -> None:
    before = heads(published)
    change(published, "sites/a.yaml", ("hello", "goodbye"))
    ran = composer(published, "publish")
    assert (ran.code, ran.out) == (5, "")
    assert "error[B041]" in ran.err
    assert heads(published) == before


def test_a_dirty_fleet_is_published_when_allowed_and_the_commit_says_so(published: Path) -> None:
    change(published, "sites/a.yaml", ("hello", "goodbye"))
    assert composer(published, "publish", "--allow-dirty").code == 0
    source = git(published, "rev-parse", "HEAD")
    assert f": {source}-dirty" in git(delivery(published), "log", "-1", "--format=%B", "site/a")


def test_a_fleet_in_no_repository_is_refused_too(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    assert composer(root, "publish").code == 5
    assert not delivery(root).exists()
    assert composer(root, "publish", "--allow-dirty").code == 0
    assert git(delivery(root), "log", "-1", "--format=%ad", "--date=unix", "site/a") == "0"


def test_a_commit_of_somebody_else_is_refused_and_the_other_site_goes_on(published: Path) -> None:
    foreign = by_hand(published, "site/a", {"platform/edge-platform/configmap_note.yaml": "kind: Quick\n"})
    for name in ("a", "b"):
        change(published, f"sites/{name}.yaml", ("hello", "goodbye"))
    commit(published)
    assert composer(published, "publish", "a").code == 5
    ran = composer(published, "publish")
    assert ran.code == 3
    assert "error[B020]" in ran.err
    assert "1 site not published: a" in ran.err
    assert git(delivery(published), "rev-parse", "site/a") == foreign
    adopted = composer(published, "publish", "--adopt")
    assert (adopted.code, adopted.out.split()[0]) == (0, "site/a")
    assert git(delivery(published), "rev-parse", "site/a^") == foreign
    assert composer(published, "diff").out == "no changes at 2 sites\n"


def test_files_of_others_stay_and_those_of_a_component_that_is_gone_go(published: Path) -> None:
    by_hand(published, "site/a", {"NOTES.md": "mine\n", "extra/thing.yaml": "kind: Thing\n"})
    (published / "sites/a.yaml").write_text(site("a"))
    commit(published)
    assert composer(published, "publish", "--adopt").code == 0
    listed = git(delivery(published), "ls-tree", "-r", "--name-only", "site/a").splitlines()
    assert {"NOTES.md", "extra/thing.yaml", "kustomization.yaml"} <= set(listed)
    assert "platform/edge-platform/configmap_note.yaml" not in listed


def test_a_site_with_a_mistake_is_left_as_it_was_and_the_others_are_published(published: Path) -> None:
    before = trees(published)
    change(published, "sites/a.yaml", ("text:", "txet:"))
    change(published, "sites/b.yaml", ("hello", "goodbye"))
    commit(published)
    ran = composer(published, "publish")
    assert ran.code == 3
    assert "1 site not published: a" in ran.err
    after = trees(published)
    assert (after["site/a"], after["site/b"] == before["site/b"]) == (before["site/a"], False)
    assert composer(published, "publish", "a").code == 1


def test_the_branch_pattern_and_the_place_of_the_repository_are_the_fleets_to_choose(tmp_path: Path) -> None:
    where = 'url: "https://x.example.com/y.git", repository: ../elsewhere.git, branch: "env/{site}/live"'
    spec = f"{{delivery: {{{where}}}}}"
    root = fleet(tmp_path / "fleet", {"fleet.yaml": document("Fleet", "test", spec), "a.yaml": noted("a")})
    commit(root)
    assert composer(root, "publish").code == 0
    assert git(tmp_path / "elsewhere.git", "branch", "--list", "--format=%(refname:lstrip=2)") == "env/a/live"


def test_who_runs_it_and_where_makes_no_difference(published: Path, tmp_path: Path) -> None:
    """The same commits, down to their ids, for another user in another time zone, folder and language."""
    other = tmp_path / "over there"
    shutil.copytree(published, other, ignore=shutil.ignore_patterns("out"))
    identity = {f"GIT_{who}_{what}": "Mallory" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    ran = composer(
        other, "publish", "--jobs", "1", TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="7", HOME=os.devnull, **identity
    )
    assert ran.code == 0
    assert heads(other) == heads(published)
