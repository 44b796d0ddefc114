"""Servers whose hook `pre-receive` declines a whole push because of some of its branches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from composer.git.push import MOST_PUSHES, PATIENCE, Refusal, Refused, delete, push
from composer.git.remote import fetch, remote_of
from composer.git.repository import create_repository, heads
from tests.cli.kit import composer
from tests.cli.test_remote import remote_fleet
from tests.conftest import Needs
from tests.publish.making import git, published, with_text
from tests.publish.server import Server, by_http

SITES = tuple(f"s{number:02}" for number in range(40))


def frozen(server: Server, pattern: str) -> None:
    """Has the server decline every push that a branch like this takes part in, and count the pushes."""
    pushes = server.repository.parent / "pushes"
    server.hook(
        "pre-receive",
        f"echo push >>{pushes}\nwhile read -r old new ref; do case $ref in {pattern})\n"
        'echo "$ref is frozen until Monday; ask the shift" >&2; exit 1;; esac; done',
    )


def pushes(server: Server) -> int:
    return len((server.repository.parent / "pushes").read_text().splitlines())


def branches(names: tuple[str, ...]) -> list[str]:
    return [f"site/{name}" for name in names]


def test_one_branch_that_a_whole_push_is_declined_for_holds_no_other_up(tmp_path: Path, needs: Needs) -> None:
    names = SITES[:9]
    with by_http(tmp_path, needs("lighttpd")) as server:
        frozen(server, "*/s03")
        root = remote_fleet(tmp_path / "fleet", server.address, names=names)
        ran = composer(root, "publish")
        assert ran.code == 3
        words = "pre-receive hook declined: refs/heads/site/s03 is frozen until Monday; ask the shift"
        assert f"error[B025]: the server did not take branch site/s03: {words}" in ran.err
        assert ran.err.count("error[") == 1
        assert "s03   site/s03  declined  a change at the server" in ran.err
        assert sorted(server.heads()) == branches((*names[:3], *names[4:]))
        assert pushes(server) <= 1 + 2 * 4
        frozen(server, "nothing")
        again = composer(root, "publish")
        assert again.err.startswith("1 site published, 8 unchanged")
        assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("refused", [SITES[:1], SITES[-1:], SITES[::7], SITES[:10], SITES[3:5]], ids=",".join)
def test_all_that_the_server_wants_comes_in_and_the_others_are_named(
    server: Server, tmp_path: Path, refused: tuple[str, ...]
) -> None:
    frozen(server, "|".join(f"*/{name}" for name in refused))
    answers = pushed(server, tmp_path)
    assert {branch: answer.kind for branch, answer in answers.items()} == dict.fromkeys(
        branches(refused), Refusal.FINAL
    )
    assert all(f"refs/heads/{branch} is frozen until Monday" in answer.reason for branch, answer in answers.items())
    assert set(server.heads()) == {*branches(SITES)} - answers.keys()
    assert pushes(server) <= 1 + 2 * 6 * len(refused) <= MOST_PUSHES


def test_where_too_many_are_pushed_to_name_each_their_parts_are_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.git.push.MOST_NAMED", 16)
    frozen(server, "*/s21")
    assert pushed(server, tmp_path).keys() == {"site/s21"}
    assert (len(server.heads()), pushes(server)) == (len(SITES) - 1, 1 + 3 + 2 * 4)


def test_a_server_that_declines_everything_is_not_asked_for_ever(server: Server, tmp_path: Path) -> None:
    frozen(server, "*")
    answers = pushed(server, tmp_path)
    assert pushes(server) == PATIENCE
    assert (server.heads(), answers.keys()) == ({}, {*branches(SITES)})
    assert {answer.kind for answer in answers.values()} == {Refusal.FINAL, Refusal.TOGETHER}


def test_what_was_declined_together_is_told_apart_from_what_was_declined_alone(server: Server, tmp_path: Path) -> None:
    frozen(server, "*")
    root = remote_fleet(tmp_path / "fleet", server.address, names=SITES[:24])
    ran = composer(root, "publish")
    assert (ran.code, pushes(server)) == (1, PATIENCE)
    assert "error[B065]: the server declined branch site/s" in ran.err
    assert ran.err.count("error[B025]") + ran.err.count("error[B065]") == 24


def test_a_branch_that_moved_meanwhile_is_told_as_such_beside_those_that_are_declined(
    server: Server, tmp_path: Path
) -> None:
    there = remote_of(server.address)
    assert there
    mirror = create_repository(tmp_path / "mirror")
    fetch(mirror, there)
    published(mirror, *(with_text(name, "mine") for name in SITES[:6]))
    other = create_repository(tmp_path / "other")
    published(other, with_text("s02", "theirs"))
    git(other, "push", "-q", server.address, "site/s02")
    frozen(server, "*/s04")
    assert {branch: answer.kind for branch, answer in push(mirror, there).items()} == {
        "site/s02": Refusal.MOVED,
        "site/s04": Refusal.FINAL,
    }
    assert len(server.heads()) == 5


def test_branches_that_go_are_declined_one_by_one_too(server: Server, tmp_path: Path) -> None:
    assert pushed(server, tmp_path) == {}
    there = remote_of(server.address)
    assert there
    frozen(server, "*/s07")
    mirror = create_repository(tmp_path / "mirror")
    standing = {branch: head.commit for branch, head in heads(mirror).items()}
    assert delete(mirror, there, standing).keys() == {"site/s07"}
    assert server.heads().keys() == {"site/s07"}


def test_a_server_that_ends_while_parts_are_pushed_is_not_asked_again(server: Server, tmp_path: Path) -> None:
    count = server.repository.parent / "pushes"
    server.hook("pre-receive", f"echo push >>{count}; if [ $(wc -l <{count}) = 2 ]; then kill -9 $PPID; fi; exit 1")
    answers = pushed(server, tmp_path)
    assert (pushes(server), len(answers)) == (2, len(SITES))
    assert {answer.kind for answer in answers.values()} == {Refusal.BROKEN, Refusal.TOGETHER}


def pushed(server: Server, folder: Path) -> Mapping[str, Refused]:
    """What the server does not take of a push of all SITES, from a mirror in the folder."""
    there = remote_of(server.address)
    assert there
    mirror = create_repository(folder / "mirror")
    fetch(mirror, there)
    published(mirror, *(with_text(name, name) for name in SITES))
    return push(mirror, there)
