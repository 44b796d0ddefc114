"""`composer diff --save` and `composer publish --plan`: what was reviewed is what is published, or nothing."""

from __future__ import annotations

import json
import operator
import shutil
from pathlib import Path

import pytest

from composer.git.repository import open_repository
from tests.cli.kit import Ran, commit, composer, delivery, noted, notes, trees
from tests.cli.test_remote import remote_fleet
from tests.load.fleets import change
from tests.pipeline import fleets
from tests.pipeline.test_plan_file import signed
from tests.publish.making import commit_by_hand, git
from tests.publish.server import Server

PLAN = "plan.json"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three published sites; two of them were changed then, and the plan of that was saved."""
    root = notes(tmp_path_factory.mktemp("reviewed"), "a", "b", "c")
    commit(root)
    assert composer(root, "publish").code == 0
    for name in ("a", "b"):
        change(root, f"sites/{name}.yaml", ("hello", "goodbye"))
    commit(root)
    ran = composer(root, "diff", "--save", PLAN)
    assert (ran.code, ran.err) == (0, "plan.json: 3 sites pinned as shown\n")
    assert "goodbye" in ran.out
    return root


@pytest.fixture
def reviewed(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "fleet"))


def published(ran: Ran) -> list[str]:
    """The sites that got a commit."""
    return [line.split()[0].removeprefix("site/") for line in ran.out.splitlines()]


def by_hand(root: Path, branch: str) -> str:
    return commit_by_hand(open_repository(delivery(root)), branch, {"README.md": "mine"})


def test_a_plan_says_for_every_site_where_its_branch_stood_and_what_it_is_to_hold(reviewed: Path) -> None:
    plan = json.loads((reviewed / PLAN).read_text())
    assert (plan["fleet"], plan["repositories"]) == ("test", ["out/delivery.git"])
    assert plan["source"] == git(reviewed, "rev-parse", "HEAD")
    stood = {name: git(delivery(reviewed), "rev-parse", f"site/{name}") for name in ("a", "b", "c")}
    assert {name: row[2] for name, row in plan["sites"].items()} == stood
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, published(ran)) == (0, ["a", "b"])
    assert trees(reviewed) == {row[1]: row[3] for row in plan["sites"].values()}


def test_the_same_state_gives_the_same_plan_with_any_number_of_processes_and_without_the_cache(reviewed: Path) -> None:
    before = (reviewed / PLAN).read_bytes()
    (reviewed / "out/cache.json").unlink()
    assert composer(reviewed, "diff", "--save", PLAN, "--jobs", "1").code == 0
    assert (reviewed / PLAN).read_bytes() == before


def test_a_plan_published_twice_is_published_once(reviewed: Path) -> None:
    assert composer(reviewed, "publish", "--plan", PLAN).code == 0
    after = trees(reviewed)
    again = composer(reviewed, "publish", "--plan", PLAN)
    assert (again.code, again.out, trees(reviewed)) == (0, "", after)
    assert again.err.startswith("0 sites published, 3 unchanged")


def test_a_branch_that_moved_stops_everything_and_is_named(reviewed: Path) -> None:
    by_hand(reviewed, "site/b")
    before = trees(reviewed)
    ran = composer(reviewed, "publish", "--plan", PLAN, "--adopt")
    assert (ran.code, ran.out, trees(reviewed)) == (4, "", before)
    assert "error[B055]: branch site/b has moved since the review" in ran.err
    assert "site/a" not in ran.err


def test_an_unchanged_site_whose_branch_moved_is_no_longer_what_was_reviewed(reviewed: Path) -> None:
    by_hand(reviewed, "site/c")
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, "site/c has moved" in ran.err) == (4, True)


def test_keep_going_publishes_what_is_still_as_reviewed(reviewed: Path) -> None:
    theirs = by_hand(reviewed, "site/b")
    ran = composer(reviewed, "publish", "--plan", PLAN, "--keep-going")
    assert (ran.code, published(ran)) == (3, ["a"])
    assert "1 site not published: b" in ran.err
    assert git(delivery(reviewed), "rev-parse", "site/b") == theirs
    assert composer(reviewed, "publish", "--plan", PLAN, "--keep-going", "b").code == 4


def test_a_site_that_renders_to_another_tree_stops_everything(reviewed: Path) -> None:
    before = trees(reviewed)
    change(reviewed, "sites/a.yaml", ("goodbye", "something else"))
    change(reviewed, "sites/c.yaml", ("hello", "something else"))
    commit(reviewed)
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, trees(reviewed)) == (4, before)
    assert ran.err.count("error[B056]") == 2
    assert "site a renders to another tree" in ran.err
    assert "site c renders to another tree" in ran.err


def test_sites_that_are_gone_or_broken_since_the_review_stop_everything_too(reviewed: Path) -> None:
    before = trees(reviewed)
    change(reviewed, "sites/a.yaml", ("text:", "txet:"))
    (reviewed / "sites/b.yaml").unlink()
    commit(reviewed)
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, trees(reviewed)) == (4, before)
    assert "site a cannot be rendered any more" in ran.err
    assert "error[L120]" in ran.err
    assert "site b was reviewed and is no longer in the fleet" in ran.err
    kept = composer(reviewed, "publish", "--plan", PLAN, "--keep-going")
    assert (kept.code, "2 sites not published: a, b" in kept.err) == (3, True)


def test_only_what_was_reviewed_is_published(reviewed: Path) -> None:
    assert composer(reviewed, "diff", "a", "--save", PLAN).code == 0
    assert published(composer(reviewed, "publish", "--plan", PLAN)) == ["a"]
    ran = composer(reviewed, "publish", "--plan", PLAN, "b")
    assert (ran.code, "error[B057]: the plan says nothing of site 'b'" in ran.err) == (2, True)


def test_a_tree_that_somebody_wrote_into_the_plan_is_not_published_even_if_the_digest_fits(reviewed: Path) -> None:
    before = trees(reviewed)
    text = (reviewed / PLAN).read_text()
    tree = json.loads(text)["sites"]["a"][3]
    (reviewed / PLAN).write_text(text.replace(tree, "0" * 40))
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, "error[B053]" in ran.err, trees(reviewed)) == (2, True, before)
    (reviewed / PLAN).write_text(signed(lambda body: body["sites"]["a"].__setitem__(3, "0" * 40), text))
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, "error[B056]" in ran.err, trees(reviewed)) == (4, True, before)


def test_a_plan_of_another_fleet_is_told_so(reviewed: Path) -> None:
    change(reviewed, "sites/fleet.yaml", ("engine: flux", 'engine: flux, repository: "out/other.git"'))
    commit(reviewed)
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, "error[B054]" in ran.err, "out/other.git" in ran.err) == (2, True, True)
    change(reviewed, "sites/fleet.yaml", ("name: test", "name: prod"))
    commit(reviewed)
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, "the plan is for the fleet 'test', and this is 'prod'" in ran.err) == (2, True)


def test_a_plan_is_against_the_branches_and_keep_going_needs_one(reviewed: Path) -> None:
    assert composer(reviewed, "diff", "--base", "HEAD", "--save", "x.json").code == 2
    assert composer(reviewed, "publish", "--keep-going").code == 2


def test_a_plan_is_published_by_another_clone_from_another_commit(server: Server, tmp_path: Path) -> None:
    """As in CI: reviewed on a branch, published after the merge, with the delivery repository on a server."""
    author = remote_fleet(tmp_path / "author", server.address)
    assert composer(author, "diff", "--save", "../plan.json").code == 0
    git(tmp_path, "clone", "-q", str(author), "ci")
    (tmp_path / "ci/README.md").write_text("merged\n")
    merged = commit(tmp_path / "ci", message="merge")
    ran = composer(tmp_path / "ci", "publish", "--plan", "../plan.json")
    assert (ran.code, published(ran)) == (0, ["a", "b", "c"]), ran.err
    assert f"Composer-Source: {merged}" in git(server.repository, "log", "-1", "--format=%B", "site/a")


def test_a_branch_that_moves_during_the_push_counts_as_failed(server: Server, tmp_path: Path) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish").code == 0
    theirs = commit_by_hand(open_repository(server.repository), "site/b", {"README.md": "mine"})
    git(server.repository, "update-ref", "refs/heads/site/b", f"{theirs}^")
    for name in ("a", "b", "c"):
        (root / f"sites/{name}.yaml").write_text(noted(name, "changed"))
    commit(root)
    assert composer(root, "diff", "--save", PLAN).code == 0
    server.hook("pre-receive", f"env -u GIT_QUARANTINE_PATH git update-ref refs/heads/site/b {theirs}")
    ran = composer(root, "publish", "--plan", PLAN)
    assert (ran.code, published(ran)) == (3, ["a", "c"])
    assert "error[B022]: somebody else moved branch site/b meanwhile" in ran.err
    assert server.heads()["site/b"] == theirs


def test_a_hub_that_a_plan_leaves_out_comes_along_with_its_site_later(tmp_path: Path) -> None:
    root = fleets.everything(tmp_path)
    commit(root)
    assert composer(root, "publish").code == 0
    change(root, "sites/tenants/acme.yaml", ("up: [a]", "down: [a]"))
    commit(root)
    assert "plan.json: 2 sites pinned as shown\n" in composer(root, "diff", "a", "--save", PLAN).err
    assert published(composer(root, "publish", "--plan", PLAN, "a")) == ["a"]
    assert published(composer(root, "publish", "a")) == ["hub"]
    ran = composer(root, "publish", "--plan", PLAN)
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize("where", ["", ".", "/", "out", "there/is/none", "/dev/full"])
def test_a_plan_takes_the_place_of_nothing_but_a_file(reviewed: Path, where: str) -> None:
    kind = Path("/dev/full").stat().st_mode
    ran = composer(reviewed, "diff", "--save", where)
    assert (ran.code, "error[B050]" in ran.err) == (2, True)
    assert (Path("/dev/full").stat().st_mode, (reviewed / "out/delivery.git").is_dir()) == (kind, True)


@pytest.mark.parametrize("base", [0, None, [], {}])
def test_a_plan_with_a_base_that_is_no_text_is_none(reviewed: Path, base: object) -> None:
    lie = signed(lambda body: operator.setitem(body["sites"]["a"], 2, base), (reviewed / PLAN).read_text())
    (reviewed / PLAN).write_text(lie)
    by_hand(reviewed, "site/a")
    ran = composer(reviewed, "publish", "--plan", PLAN)
    assert (ran.code, "error[B051]" in ran.err) == (2, True)
