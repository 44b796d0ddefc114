"""Pushes that go wrong in part or as a whole: what is said of each site, and what the next run does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from composer.git import push as pushing
from composer.git.push import Refusal, push
from composer.git.remote import fetch, remote_of
from composer.git.repository import Repository, create_repository, heads
from tests.cli.kit import commit, composer, noted
from tests.cli.test_remote import NAMES, remote_fleet
from tests.conftest import Needs
from tests.publish.making import git, published, with_text
from tests.publish.server import Server, by_http

KILL = "kill -9 $PPID"
"""A hook's way to end the server that runs it."""


def changed(root: Path, text: str) -> None:
    for name in NAMES:
        (root / f"sites/{name}.yaml").write_text(noted(name, text))
    commit(root)


def test_what_was_not_published_is_a_table_with_what_helps(server: Server, tmp_path: Path) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    (root / "sites/c.yaml").write_text(noted("c").replace("text:", "txet:"))
    commit(root)
    server.hook("update", 'case "$1" in refs/heads/site/b) exit 1;; esac')
    ran = composer(root, "publish")
    assert (ran.code, [line.split()[0] for line in ran.out.splitlines()]) == (3, ["site/a"])
    assert ran.err.endswith(
        "2 sites not published: b, c\n\n"
        "SITE  BRANCH  OUTCOME     WHAT HELPS\n"
        "b     site/b  declined    a change at the server\n"
        "c     site/c  has errors  what the findings say\n"
    )


@pytest.mark.parametrize(
    ("hook", "code", "outcome"),
    [(KILL, "B058", "broken off"), ("mv $PWD $PWD-gone; " + KILL, "B026", "broken off")],
    ids=["the server ends", "the server is gone"],
)
def test_a_push_that_breaks_off_leaves_the_branches_and_the_next_one_does_the_rest(
    server: Server, tmp_path: Path, hook: str, code: str, outcome: str
) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish", "a").code == 0
    before = server.heads()
    changed(root, "changed")
    server.hook("pre-receive", hook)
    ran = composer(root, "publish")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count(f"error[{code}]") == 3
    assert f"b     site/b  {outcome}  run it again" in ran.err
    gone = server.repository.with_name(f"{server.repository.name}-gone")
    if gone.exists():
        gone.rename(server.repository)
    assert server.heads() == before
    server.hook("pre-receive", "exit 0")
    assert composer(root, "publish").err.startswith("3 sites published, 0 unchanged")
    assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_a_server_that_takes_no_pushes_is_final(tmp_path: Path, needs: Needs) -> None:
    with by_http(tmp_path, needs("lighttpd")) as server:
        git(server.repository, "config", "http.receivepack", "false")
        ran = composer(remote_fleet(tmp_path / "fleet", server.address, names=("a",)), "publish")
    assert (ran.code, ran.out) == (1, "")
    assert "error[B025]: the server did not take branch site/a" in ran.err
    assert "a     site/a  declined  a change at the server" in ran.err


def test_a_server_that_has_no_room_is_final(server: Server, tmp_path: Path) -> None:
    git(server.repository, "config", "receive.maxInputSize", "100")
    ran = composer(remote_fleet(tmp_path / "fleet", server.address), "publish")
    assert (ran.code, ran.out, server.heads()) == (1, "", {})
    assert ran.err.count("error[B025]") == 3


def test_a_shallow_server_and_one_with_other_branches_are_published_to_and_those_stay(
    server: Server, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    git(tmp_path, "clone", "-q", str(server.repository), str(work))
    for number in range(2):
        git(work, "commit", "-q", "--allow-empty", "-m", f"{number}")
    git(work, "push", "-q", "origin", "HEAD:main")
    git(tmp_path, "clone", "-q", "--bare", "--depth", "1", server.address, "shallow.git")
    main = git(server.repository, "rev-parse", "main")
    shallow = Server(f"file://{tmp_path}/shallow.git", tmp_path / "shallow.git")
    root = remote_fleet(tmp_path / "fleet", shallow.address)
    for text in ("first", "second"):
        changed(root, text)
        assert composer(root, "publish").err.startswith("3 sites published")
    assert shallow.heads().keys() == {"main", "site/a", "site/b", "site/c"}
    assert shallow.heads()["main"] == main
    assert git(shallow.repository, "rev-list", "--count", "site/a") == "2"


@pytest.mark.parametrize("most", [1000, 0], ids=["each by name", "all together"])
def test_however_many_are_pushed_each_has_its_lease(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(pushing, "MOST_NAMED", most)
    there = remote_of(server.address)
    assert there

    def publisher(name: str) -> Callable[[str], Repository]:
        mirror = create_repository(tmp_path / name)

        def commit_text(text: str) -> Repository:
            fetch(mirror, there)
            published(mirror, *(with_text(site, text) for site in ("a", "b", "c")))
            return mirror

        return commit_text

    one, other = publisher("one"), publisher("other")
    first, late = one("first"), other("late")
    git(late, "update-ref", "-d", "refs/heads/site/c")
    assert push(first, there) == {}
    refused = push(late, there)
    assert {branch: answer.kind for branch, answer in refused.items()} == {
        "site/a": Refusal.MOVED,
        "site/b": Refusal.MOVED,
    }
    assert server.heads() == {branch: head.commit for branch, head in heads(first).items()}
    second = one("second")
    git(server.repository, "update-ref", "-d", "refs/heads/site/a")
    assert {branch: answer.kind for branch, answer in push(second, there).items()} == {"site/a": Refusal.MOVED}
    assert push(second, there).keys() <= {"site/a"}
