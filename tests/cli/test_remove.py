"""`composer remove`, and how much may disappear in one go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.git.repository import open_repository
from composer.pipeline.remove import Leaving, remove_documents
from composer.stages.load import load_fleet
from tests.cli.kit import Ran, commit, composer, delivery, environment, example, note, noted, notes, site, trees
from tests.cli.test_remote import remote_fleet
from tests.cli.test_shards import EU, US, branches, move, sharded
from tests.load.fleets import change
from tests.pipeline import fleets
from tests.publish.making import commit_by_hand, git
from tests.publish.server import by_file

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = notes(tmp_path_factory.mktemp("published"), *NAMES)
    commit(root)
    assert composer(root, "publish").code == 0
    return root


@pytest.fixture
def published(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "fleet"))


def gone(root: Path, *names: str) -> None:
    """The documents of these sites are committed as gone."""
    for name in names:
        (root / f"sites/{name}.yaml").unlink()
    commit(root)


def answered(root: Path, answer: str, *words: str) -> Ran:
    """A command of somebody who sits at a terminal and types this."""
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, "-m", "composer", *words]
    done = subprocess.run(
        command, cwd=root, env=environment(), stdin=theirs, capture_output=True, text=True, check=False
    )
    for end in (ours, theirs):
        os.close(end)
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_site_goes_in_two_steps_so_that_its_end_can_be_reviewed(published: Path) -> None:
    head = git(delivery(published), "rev-parse", "site/a")
    first = composer(published, "remove", "a", "--yes")
    assert (first.code, first.out) == (0, "sites/a.yaml removed\n")
    assert "site/a" in trees(published)
    early = composer(published, "remove", "a", "--yes")
    assert (early.code, "error[B041]" in early.err, "site/a" in trees(published)) == (5, True, True)
    commit(published)
    second = composer(published, "remove", "a", "--yes")
    assert (second.code, second.out) == (0, f"site/a {head} removed from {delivery(published)}\n")
    assert sorted(trees(published)) == ["site/b", "site/c", "site/d"]
    assert composer(published, "publish").err.startswith("0 sites published, 3 unchanged")
    git(delivery(published), "update-ref", "refs/heads/site/a", head)


def test_both_steps_are_one_where_somebody_says_that_nothing_need_be_committed(published: Path) -> None:
    ran = composer(published, "remove", "a", "b", "--yes", "--allow-dirty", "--allow-removal")
    assert (ran.code, len(ran.out.splitlines())) == (0, 4)
    assert sorted(trees(published)) == ["site/c", "site/d"]
    assert not (published / "sites/a.yaml").exists()


def test_nothing_goes_before_somebody_says_yes(published: Path) -> None:
    gone(published, "a")
    before = trees(published)
    for ran in (composer(published, "remove", "a"), answered(published, "n", "remove", "a")):
        assert (ran.code, "error[B063]" in ran.err, trees(published)) == (5, True, before)
    ran = answered(published, "yes", "remove", "a")
    assert (ran.code, "site/a" in trees(published)) == (0, False)
    assert ran.err.startswith("Remove 1 branch of a? [y/N] ")


def test_a_hub_stays_while_sites_point_at_it(tmp_path: Path) -> None:
    root = fleets.everything(tmp_path)
    commit(root)
    ran = composer(root, "remove", "hub", "--yes")
    assert (ran.code, (root / "sites/hub.yaml").exists()) == (5, True)
    assert "error[B062]: the uplinks of other sites lead to hub: a\n" in ran.err
    assert composer(root, "remove", "hub", "a", "--yes", "--allow-removal").code == 0


def test_a_hub_goes_by_force(tmp_path: Path) -> None:
    root = fleets.everything(tmp_path)
    ran = composer(root, "remove", "hub", "--yes", "--allow-errors")
    assert (ran.code, (root / "sites/hub.yaml").exists()) == (0, False)
    assert "warning[B062]: the uplinks of other sites lead to hub: a\n" in ran.err


def test_what_the_rest_would_lack_is_said_before_a_site_goes(tmp_path: Path) -> None:
    """Both send what the hub listens to; one of them is enough."""
    root = example(tmp_path)
    files = [root / "sites/eu/de/berlin-01.yaml", root / "sites/eu/fr/lyon-01.yaml"]
    ran = composer(root, "remove", "berlin-01", "lyon-01", "--yes")
    assert (ran.code, [file.exists() for file in files]) == (5, [True, True])
    assert "error[B085]: without berlin-01, lyon-01, 2 errors would arise at hub-eu" in ran.err
    assert ran.err.count("error[W020]: nobody publishes to 'sites/+/press/mean'") == 2
    assert "sites/eu/hub-eu.yaml:20:23" in ran.err
    assert composer(root, "remove", "berlin-01", "--yes").err.splitlines() == [
        "commit that and publish; then this command, run again, takes the branches away"
    ]
    ran = composer(root, "remove", "lyon-01", "--yes", "--allow-errors")
    assert (ran.code, [file.exists() for file in files]) == (0, [False, False])
    assert ran.err.startswith("without lyon-01, the rest of the fleet has findings that it has not now:\nerror[W020]")
    # What is wrong already is no reason for a site to stay.
    ran = composer(root, "remove", "rome-01", "--yes")
    assert (ran.code, "W020" in ran.err) == (0, False)


def test_a_name_that_is_nobodys_is_a_mistake(published: Path) -> None:
    for name in ("aa", "../fleet", "--upload-pack=x", "a/b"):
        ran = composer(published, "remove", "--yes", "--", name)
        assert (ran.code, "error[X001]" in ran.err) == (2, True)


def test_a_branch_that_others_have_committed_to_stays(published: Path) -> None:
    gone(published, "a")
    theirs = commit_by_hand(open_repository(delivery(published)), "site/a", {"README.md": "mine"})
    assert "1 branch is of no site there: site/a" in composer(published, "publish").err
    ran = composer(published, "remove", "a", "--yes")
    assert (ran.code, "error[B020]" in ran.err) == (5, True)
    assert git(delivery(published), "rev-parse", "site/a") == theirs
    assert composer(published, "remove", "a", "--yes", "--adopt").code == 0


def test_many_sites_at_once_need_a_word_more_both_removed_and_published(published: Path) -> None:
    assert composer(published, "remove", "a", "b", "--yes").code == 5
    gone(published, "a")
    assert composer(published, "publish").code == 0
    gone(published, "b")
    (published / "sites/c.yaml").write_text(noted("c", "changed"))
    commit(published)
    before = trees(published)
    refused = composer(published, "publish")
    assert (refused.code, trees(published)) == (5, before)
    assert "error[B064]: 2 of 4 sites with a branch are no longer in the fleet: a, b, more than 20%" in refused.err
    assert "--allow-removal" in refused.err
    change(published, "sites/fleet.yaml", ("engine: flux", "engine: flux, removal: {sites: 50%}"))
    commit(published)
    assert composer(published, "diff", "d").out == "no changes at 1 site\n"
    assert composer(published, "publish").code == 0


def test_an_empty_sites_folder_empties_nothing(published: Path) -> None:
    gone(published, *NAMES)
    before = trees(published)
    assert composer(published, "publish").code == 5
    assert composer(published, "remove", *NAMES, "--yes").code == 5
    assert trees(published) == before
    assert composer(published, "remove", *NAMES, "--yes", "--allow-removal").code == 0
    assert trees(published) == {}


def test_most_objects_of_what_changes_need_a_word_more_to_go(tmp_path: Path) -> None:
    many = ", ".join(f"n{number}: {{blueprint: note@1}}" for number in range(40))
    root = notes(tmp_path, "b")
    (root / "sites/a.yaml").write_text(site("a", f"components: {{{many}}}"))
    commit(root)
    assert composer(root, "publish").code == 0
    (root / "sites/a.yaml").write_text(site("a", note("text: alone")))
    (root / "sites/b.yaml").write_text(noted("b", "changed"))
    commit(root)
    before = trees(root)
    assert composer(root, "diff", "--save", "plan.json").code == 0
    for words in ((), ("--plan", "plan.json")):
        ran = composer(root, "publish", *words)
        assert (ran.code, trees(root)) == (5, before)
        assert "error[B064]: 40 of the " in ran.err
        assert "objects at the sites that change would be removed, more than 50%" in ran.err
    assert composer(root, "publish", "--allow-removal").code == 0


def test_on_a_server_a_branch_goes_with_a_lease_and_a_server_may_refuse(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with by_file(tmp_path / "server") as server:
        root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish").code == 0
    gone(root, "a")
    git(server.repository, "config", "receive.denyDeletes", "true")
    ran = composer(root, "remove", "a", "--yes")
    assert (ran.code, "error[B025]" in ran.err, sorted(server.heads())) == (1, True, ["site/a", "site/b", "site/c"])
    git(server.repository, "config", "receive.denyDeletes", "false")
    assert composer(root, "remove", "a", "--yes").code == 0
    assert sorted(server.heads()) == ["site/b", "site/c"]
    gone(root, "b")
    other = git(server.repository, "rev-parse", "site/c")
    server.hook("pre-receive", f"env -u GIT_QUARANTINE_PATH git update-ref refs/heads/site/b {other}")
    ran = composer(root, "remove", "b", "--yes")
    assert (ran.code, "error[B022]" in ran.err, server.heads()["site/b"]) == (1, True, other)


def test_a_branch_that_stayed_in_another_repository_goes_alone(tmp_path: Path) -> None:
    root = sharded(tmp_path / "fleet")
    assert composer(root, "publish").code == 0
    move(root, "a", "eu", "us")
    assert composer(root, "publish", "--move").code == 0
    ran = composer(root, "remove", "--stray", "a", "--yes")
    assert (ran.code, (root / "sites/a.yaml").exists()) == (0, True)
    assert (branches(root)[EU], branches(root)[US]) == ([], ["site/a", "site/b"])
    assert composer(root, "remove", "--stray", "a", "--yes").code == 2


def test_a_document_that_cannot_be_deleted_is_told_so(published: Path) -> None:
    fleet, _ = load_fleet(published)
    with pytest.raises(Rejected, match="B061"):
        remove_documents(fleet, Leaving({"x": "sites/x.yaml"}, ()))
