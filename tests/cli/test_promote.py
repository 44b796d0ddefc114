"""`delivery.mode: promote`: what GitOps Promoter finds on proposed branches, and that neither disturbs the other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from composer.git.repository import open_repository
from tests.cli.kit import FLEET, commit, composer, delivery, fleet, noted
from tests.conftest import Needs
from tests.load.fleets import document
from tests.publish.making import commit_by_hand, git
from tests.publish.server import Server, by_file, by_http

SOURCE = "https://git.example.com/edge/fleet"
PROMOTE = FLEET.replace("engine: flux", f'engine: flux, mode: promote, source: "{SOURCE}"')
NOTES = "refs/notes/hydrator.metadata"


def promoted(root: Path, text: str = "hello", kind: str = PROMOTE) -> Path:
    """A committed fleet of two sites."""
    fleet(root, {"fleet.yaml": kind, "one.yaml": noted("one", text), "two.yaml": noted("two")})
    commit(root)
    return root


def change(root: Path, text: str, message: str = "a change") -> str:
    (root / "sites/one.yaml").write_text(noted("one", text))
    return commit(root, date="2024-05-07T00:00:00+0000", message=message)


def publish(root: Path, *words: str) -> Any:
    ran = composer(root, "publish", *words)
    assert (ran.code, "warning" in ran.err) == (0, False), ran.err
    return ran


def metadata(repository: Path, branch: str) -> Any:
    return json.loads(git(repository, "show", f"{branch}:hydrator.metadata"))


def note(repository: Path, branch: str) -> Any:
    return json.loads(git(repository, "notes", f"--ref={NOTES}", "show", branch))


def heads(repository: Path) -> dict[str, str]:
    rows = git(repository, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads").split("\n")
    return dict(row.split() for row in rows)


def promote(repository: Path, folder: Path, site: str) -> None:
    """Merges the pull request of a site, as a forge does."""
    git(folder.parent, "clone", "-q", "-b", f"site/{site}", str(repository), str(folder))
    git(folder, "merge", "-q", "--no-ff", "-m", "Promote", f"origin/site/{site}-next")
    git(folder, "push", "-q", "origin", f"site/{site}")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = promoted(tmp_path_factory.mktemp("promoted"))
    change(root, "bye", 'say: "bye"\n\nIt\'s polite.\n\nSigned-off-by: Jane')
    publish(root)
    return root


def test_a_proposed_branch_says_which_commit_it_was_rendered_from(published: Path) -> None:
    repository, head = delivery(published), git(published, "rev-parse", "HEAD")
    assert sorted(heads(repository)) == ["site/one", "site/one-next", "site/two", "site/two-next"]
    said = metadata(repository, "site/one-next")
    author = said.pop("author")
    assert author == git(published, "log", "-1", "--format=%an <%ae>")
    assert said == {
        "repoURL": SOURCE,
        "drySha": head,
        "date": "2024-05-07T00:00:00+00:00",
        "subject": 'say: "bye"',
        "body": "It's polite.\n\nSigned-off-by: Jane",
    }
    assert note(repository, "site/one-next") == {"drySha": head}
    assert git(repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_what_is_proposed_and_what_clusters_have_begin_at_one_commit(published: Path) -> None:
    """Else no forge makes a pull request."""
    repository = delivery(published)
    assert git(repository, "merge-base", "site/one", "site/one-next") == heads(repository)["site/one"]
    assert git(repository, "ls-tree", "site/one") == ""


def test_clusters_follow_what_was_promoted(published: Path) -> None:
    assert "branch: site/one\n" in composer(published, "bootstrap", "one").out


def test_an_unchanged_site_gets_a_note_and_no_commit(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    publish(root)
    repository = delivery(root)
    before = heads(repository)
    head = change(root, "bye")
    shown = composer(root, "diff", "--exit-code")
    assert (shown.code, "+ bye" in shown.out, "hydrator.metadata" in shown.out) == (10, True, False)
    ran = publish(root)
    assert "1 site published, 1 unchanged" in ran.err
    after = heads(repository)
    assert {name for name in before if before[name] != after[name]} == {"site/one-next"}
    assert metadata(repository, "site/two-next")["drySha"] != head
    assert note(repository, "site/one-next") == note(repository, "site/two-next") == {"drySha": head}
    written = git(repository, "rev-parse", NOTES)
    assert "0 sites published, 2 unchanged" in publish(root).err
    assert (heads(repository), git(repository, "rev-parse", NOTES)) == (after, written)


def test_promoting_goes_on_while_the_composer_publishes(tmp_path: Path) -> None:
    root = promoted(tmp_path / "fleet")
    publish(root)
    repository = delivery(root)
    promote(repository, tmp_path / "first", "one")
    given = heads(repository)["site/one"]
    change(root, "bye")
    publish(root)
    assert heads(repository)["site/one"] == given
    # What the promoter does where active and proposed branch conflict.
    clone = tmp_path / "first"
    git(clone, "fetch", "-q")
    git(clone, "checkout", "-q", "site/one-next")
    git(clone, "merge", "-q", "-s", "ours", "--no-ff", "-m", "Resolve", "origin/site/one")
    git(clone, "push", "-q", "origin", "site/one-next")
    assert composer(root, "diff", "--exit-code").code == 0
    assert composer(root, "verify").code == 0
    change(root, "again")
    publish(root)
    promote(repository, tmp_path / "second", "one")
    assert "again" in git(repository, "grep", "again", "site/one", "--", "platform")
    assert composer(root, "verify").code == 0


def test_edits_on_a_proposed_branch_are_refused_and_files_of_others_stay(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    publish(root)
    commit_by_hand(
        open_repository(delivery(root)),
        "site/one-next",
        {"platform/kustomization.yaml": "mine", "CODEOWNERS": "* @ops"},
    )
    assert "B071" in composer(root, "verify", "one").err
    change(root, "bye")
    ran = composer(root, "publish", "one")
    assert (ran.code, "B020" in ran.err) == (5, True)
    publish(root, "--adopt")
    assert git(delivery(root), "show", "site/one-next:CODEOWNERS") == "* @ops"
    assert metadata(delivery(root), "site/one-next")["drySha"] == git(root, "rev-parse", "HEAD")
    shown = composer(root, "verify", "one")
    assert ("B078" in shown.err, "B076" in shown.err) == (True, False)


def test_a_fleet_that_begins_to_promote_proposes_on_top_of_what_clusters_have(tmp_path: Path) -> None:
    root = promoted(tmp_path, kind=FLEET)
    publish(root)
    repository = delivery(root)
    before = heads(repository)
    (root / "sites/fleet.yaml").write_text(PROMOTE)
    head = commit(root, message="promote from now on")
    publish(root)
    after = heads(repository)
    assert {name: after[name] for name in before} == before
    assert git(repository, "rev-parse", "site/one-next^") == before["site/one"]
    assert metadata(repository, "site/one-next")["drySha"] == head


def test_a_reviewed_plan_makes_the_branches_of_new_sites(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    assert composer(root, "diff", "--save", "plan.json").code == 0
    commit(root, message="the plan itself")
    publish(root, "--plan", "plan.json")
    assert sorted(heads(delivery(root))) == ["site/one", "site/one-next", "site/two", "site/two-next"]


def test_without_a_commit_there_is_nothing_to_promote(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"fleet.yaml": PROMOTE, "one.yaml": noted("one")})
    ran = composer(root, "publish", "--allow-dirty")
    assert (ran.code, "B101" in ran.err) == (5, True)


@pytest.fixture(params=["file", "http"])
def server(request: pytest.FixtureRequest, tmp_path: Path, needs: Needs) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    with by_file(folder) if request.param == "file" else by_http(folder, needs("lighttpd")) as found:
        yield found


def test_notes_reach_the_server_and_those_of_others_stay(server: Server, tmp_path: Path) -> None:
    spec = f'{{delivery: {{mode: promote, repository: "{server.address}", url: "https://git.example.com/d.git"}}}}'
    root = promoted(tmp_path / "fleet", kind=document("Fleet", "test", spec))
    publish(root)
    repository = server.repository
    git(repository, "notes", f"--ref={NOTES}", "add", "-m", "mine", "site/one")
    head = change(root, "bye")
    publish(root)
    assert sorted(heads(repository)) == ["site/one", "site/one-next", "site/two", "site/two-next"]
    assert note(repository, "site/one-next") == note(repository, "site/two-next") == {"drySha": head}
    assert git(repository, "notes", f"--ref={NOTES}", "show", "site/one") == "mine"
    assert git(repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_notes_that_the_server_does_not_take_are_said(tmp_path: Path) -> None:
    with by_file(tmp_path) as server:
        server.hook("update", 'case "$1" in refs/notes/*) exit 1;; esac')
        spec = f'{{delivery: {{mode: promote, repository: "{server.address}", url: "https://git.example.com/d.git"}}}}'
        root = promoted(tmp_path / "fleet", kind=document("Fleet", "test", spec))
        ran = composer(root, "publish")
        assert (ran.code, "warning[B102]" in ran.err) == (0, True)
        (server.repository / "hooks/update").unlink()
        publish(root)
        assert note(server.repository, "site/one-next") == {"drySha": git(root, "rev-parse", "HEAD")}


def test_rolling_back_proposes_an_earlier_state(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    first = git(root, "rev-parse", "HEAD")
    publish(root)
    change(root, "bye")
    publish(root)
    ran = composer(root, "rollback", "one")
    assert ran.code == 0, ran.err
    repository = delivery(root)
    assert "hello" in git(repository, "grep", "hello", "site/one-next", "--", "platform")
    assert metadata(repository, "site/one-next")["drySha"] == first
    assert composer(root, "publish", "one").code == 5
    assert composer(root, "rollback", "one", "--release").code == 0
    publish(root)
    assert "bye" in git(repository, "grep", "bye", "site/one-next", "--", "platform")
    assert git(repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_a_proposed_branch_of_a_site_that_is_gone_is_told_and_removed(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    publish(root)
    (root / "sites/one.yaml").unlink()
    commit(root)
    assert "site/one-next" in composer(root, "publish").err
    ran = composer(root, "remove", "one", "--yes", "--allow-removal")
    assert ran.code == 0, ran.err
    assert sorted(heads(delivery(root))) == ["site/one", "site/two", "site/two-next"]


def test_a_state_from_before_promotion_is_told_as_one(tmp_path: Path) -> None:
    root = promoted(tmp_path, kind=FLEET)
    publish(root)
    change(root, "goodbye")
    publish(root)
    (root / "sites/fleet.yaml").write_text(PROMOTE)
    commit(root)
    publish(root)
    before = heads(delivery(root))
    ran = composer(root, "rollback", "one")
    assert (ran.code, "error[B083]" in ran.err) == (1, True)
    assert "from before delivery.mode was promote" in ran.err
    assert heads(delivery(root)) == before


@pytest.mark.parametrize(
    ("date", "code"), [("99999999999999 +0000", 0), ("253402300799 +1400", 0), ("1700000000 +9959", 1)]
)
def test_dates_that_json_cannot_say_are_published_where_git_takes_them(tmp_path: Path, date: str, code: int) -> None:
    root = fleet(tmp_path, {"fleet.yaml": PROMOTE, "one.yaml": noted("one")})
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    tree = git(root, "write-tree")
    person = f"a <a@example.com> {date}"
    text = f"tree {tree}\nauthor {person}\ncommitter {person}\n\nfar\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        cwd=root,
        input=text,
        text=True,
        capture_output=True,
        check=True,
    )
    git(root, "reset", "--quiet", "--hard", made.stdout.strip())
    ran = composer(root, "publish")
    assert (ran.code, "error[B023]" in ran.err) == (code, bool(code))
