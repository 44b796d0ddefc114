"""`composer rollback`: an earlier state as a new commit, which publishing leaves alone until it is released."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.git.repository import open_repository
from composer.pipeline.delivery import Delivery
from composer.pipeline.rollback import Wish, roll_back
from composer.stages.load import load_fleet
from composer.stages.publish import earlier_state
from tests.cli.kit import commit, composer, delivery, noted, notes
from tests.conftest import Needs
from tests.publish.making import commit_by_hand, git
from tests.publish.server import by_file, by_http

TEXTS = ("first", "second", "third")


def three_states(root: Path) -> Path:
    """Site a was published in three states, site b in one."""
    notes(root, "a", "b")
    for number, text in enumerate(TEXTS):
        (root / "sites/a.yaml").write_text(noted("a", text))
        commit(root, f"2024-05-0{number + 1}T00:00:00+0000")
        assert composer(root, "publish").code == 0
    return root


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_states(tmp_path_factory.mktemp("rolled"))


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "fleet", symlinks=True))


def history(root: Path, form: str = "%H", branch: str = "site/a") -> list[str]:
    return git(delivery(root), "log", f"--format={form}", branch).splitlines()


def trailers(repository: Path, branch: str = "site/a") -> dict[str, str]:
    rows = git(repository, "log", "-1", "--format=%(trailers:only)", branch).splitlines()
    return dict(row.split(": ", 1) for row in rows)


def test_the_state_before_comes_back_as_a_new_commit_that_names_its_source(root: Path) -> None:
    third, second, _ = history(root)
    sources = git(root, "log", "--format=%H").splitlines()
    ran = composer(root, "rollback", "a")
    made = history(root)[0]
    assert (ran.code, ran.out) == (0, f"site/a {made[:12]} a: rolled back to {second[:12]}\n")
    assert ran.err == "1 site rolled back and held, 0 unchanged\n"
    assert history(root, "%T")[0] == history(root, "%T")[2]
    assert git(delivery(root), "rev-parse", "site/a^") == third
    assert history(root, "%aI %cI")[0] == history(root, "%aI %cI")[2]
    said = trailers(delivery(root))
    assert (said["Composer-Source"], said["Composer-Held"]) == (sources[1], second)
    assert len(history(root, branch="site/b")) == 1


def test_a_rolled_back_branch_is_proved_against_the_source_it_names(root: Path) -> None:
    assert composer(root, "rollback", "a").code == 0
    second = history(root)[2][:12]
    ran = composer(root, "verify")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].endswith(f", held at {second}")
    (site, _) = json.loads(composer(root, "verify", "--format", "json").out)["sites"]
    assert site["held"] == history(root)[2]


def test_publishing_leaves_a_held_site_alone_and_the_others_not(root: Path) -> None:
    assert composer(root, "rollback", "a").code == 0
    held = history(root)
    (root / "sites/b.yaml").write_text(noted("b", "new"))
    commit(root)
    for words in ((), ("--adopt",), ("--allow-shrink",)):
        ran = composer(root, "publish", *words)
        assert ran.code == 3
        assert f"error[B082]: site a was rolled back to {held[2][:12]} and is held there" in ran.err
        assert "1 site not published: a" in ran.err
        assert "composer rollback a --release" in ran.err
        assert history(root) == held
    assert len(history(root, branch="site/b")) == 2
    assert composer(root, "publish", "a").code == 5
    shown = composer(root, "diff")
    assert shown.code == 0
    assert "warning[B082]: site a was rolled back to" in shown.err
    assert "+ third" in shown.out


def test_a_plan_does_not_get_past_a_hold(root: Path) -> None:
    assert composer(root, "diff", "--save", "before.json").code == 0
    (root / "sites/a.yaml").write_text(noted("a", "fourth"))
    commit(root)
    assert composer(root, "rollback", "a").code == 0
    held = history(root)
    assert composer(root, "publish", "--plan", "before.json").code == 4
    assert composer(root, "diff", "--save", "after.json").code == 0
    ran = composer(root, "publish", "--plan", "after.json")
    assert (ran.code, "error[B082]" in ran.err, history(root)) == (3, True, held)


def test_a_held_site_that_renders_to_what_it_is_held_at_is_fine(root: Path) -> None:
    assert composer(root, "rollback", "a").code == 0
    (root / "sites/a.yaml").write_text(noted("a", "second"))
    commit(root)
    ran = composer(root, "publish")
    assert (ran.code, ran.err.partition(",")[0]) == (0, "0 sites published")
    assert composer(root, "diff").err == ""


def test_released_a_site_is_published_again(root: Path) -> None:
    assert composer(root, "rollback", "a").code == 0
    ran = composer(root, "rollback", "a", "--release")
    assert (ran.code, ran.err) == (0, "1 site released, 0 unchanged\n")
    assert len(set(history(root, "%T")[:2])) == 1
    assert "Composer-Held" not in trailers(delivery(root))
    assert composer(root, "verify").code == 0
    again = composer(root, "rollback", "a", "--release")
    assert (again.code, again.err) == (0, "0 sites released, 1 unchanged\n")
    assert composer(root, "publish").out.startswith("site/a ")
    assert history(root, "%T")[0] == history(root, "%T")[3]
    assert git(delivery(root), "fsck", "--full", "--strict", "--no-dangling") == ""


def test_rolled_back_again_a_site_goes_one_state_further_and_then_there_is_none(root: Path) -> None:
    first = history(root)[2]
    assert composer(root, "rollback", "a").code == 0
    assert composer(root, "rollback", "a").out.endswith(f"rolled back to {first[:12]}\n")
    assert history(root, "%T")[0] == history(root, "%T")[4]
    ran = composer(root, "rollback", "a", "b")
    assert ran.code == 1
    assert ran.err.count("error[B083]") == 2
    assert "branch site/b has no earlier state" in ran.err


@pytest.mark.parametrize("by", ["commit", "source"])
def test_a_state_is_named_by_its_commit_or_by_that_of_the_fleet(root: Path, by: str) -> None:
    first = history(root)[2]
    name = first if by == "commit" else git(root, "rev-parse", "HEAD~2")
    assert composer(root, "rollback", "a", "--to", name[:9]).out.endswith(f"rolled back to {first[:12]}\n")
    before = history(root)
    again = composer(root, "rollback", "a", "--to", first)
    assert (again.code, again.err, history(root)) == (0, "0 sites rolled back and held, 1 unchanged\n", before)


def test_the_present_state_can_be_held(root: Path) -> None:
    head = history(root)[0]
    assert composer(root, "rollback", "a", "--to", head).code == 0
    assert trailers(delivery(root))["Composer-Held"] == head
    (root / "sites/a.yaml").write_text(noted("a", "fourth"))
    commit(root)
    assert composer(root, "publish", "a").code == 5


@pytest.mark.parametrize("name", ["0000", "site/b", "HEAD~1", "--upload-pack=x", "$(touch x)", "abc", "a" * 41, "\n"])
def test_what_is_no_commit_of_the_branch_is_refused_with_those_there_are(root: Path, name: str) -> None:
    before = history(root)
    ran = composer(root, "rollback", "a", f"--to={name}")
    assert (ran.code, history(root)) == (1, before)
    assert "error[B083]: branch site/a has no one commit" in ran.err
    assert all(commit[:12] in ran.err for commit in before)


def test_a_commit_of_somebody_else_is_no_state_to_go_back_to(root: Path) -> None:
    theirs = commit_by_hand(open_repository(delivery(root)), "site/a", {"kustomization.yaml": "a: 1\n"})
    ran = composer(root, "rollback", "a", "--to", theirs)
    assert (ran.code, "error[B083]: the composer did not make this commit" in ran.err) == (1, True)


def test_what_others_committed_is_overwritten_only_when_told_and_their_own_files_stay(root: Path) -> None:
    third = history(root)[0]
    theirs = commit_by_hand(
        open_repository(delivery(root)), "site/a", {"kustomization.yaml": "a: 1\n", "notes.txt": "x"}
    )
    ran = composer(root, "rollback", "a")
    assert (ran.code, "error[B020]" in ran.err, history(root)[0]) == (5, True, theirs)
    assert composer(root, "rollback", "a", "--to", third).code == 5
    assert composer(root, "rollback", "a", "--adopt").code == 0
    assert trailers(delivery(root))["Composer-Adopted"] == theirs
    assert git(delivery(root), "show", "site/a:notes.txt") == "x"
    assert git(delivery(root), "show", "site/a:kustomization.yaml") == git(
        delivery(root), "show", "site/a~3:kustomization.yaml"
    )


def test_a_commit_on_top_of_a_hold_does_not_end_it(root: Path) -> None:
    assert composer(root, "rollback", "a").code == 0
    commit_by_hand(open_repository(delivery(root)), "site/a", {"kustomization.yaml": "a: 1\n"})
    ran = composer(root, "publish", "a", "--adopt")
    assert (ran.code, "error[B082]" in ran.err) == (5, True)
    assert composer(root, "rollback", "a", "--release").code == 5
    assert composer(root, "rollback", "a", "--release", "--adopt").code == 0
    assert history(root, "%T")[0] == history(root, "%T")[2]
    assert composer(root, "publish", "a").code == 0


def test_a_site_that_was_never_published_is_told(tmp_path: Path) -> None:
    root = notes(tmp_path / "fleet", "a")
    ran = composer(root, "rollback", "a")
    assert (ran.code, "error[B070]" in ran.err, (root / "out").exists()) == (1, True, False)
    assert composer(root, "rollback").code == 2
    assert composer(root, "rollback", "x").code == 2
    assert composer(root, "rollback", "a", "--to", "abcd", "--release").code == 2


@pytest.fixture(params=["file", "http"])
def served(request: pytest.FixtureRequest, original: Path, tmp_path: Path, needs: Needs) -> Iterator[tuple[Path, Path]]:
    """The fleet with its branches on a server, and the server's repository."""
    (tmp_path / "server").mkdir()
    serve = by_file(tmp_path / "server") if request.param == "file" else by_http(tmp_path / "server", needs("lighttpd"))
    with serve as server:
        git(delivery(original), "push", "-q", "--all", str(server.repository))
        root = Path(shutil.copytree(original, tmp_path / "fleet", ignore=shutil.ignore_patterns("out")))
        text = (root / "sites/fleet.yaml").read_text()
        (root / "sites/fleet.yaml").write_text(text.replace("{engine:", f'{{repository: "{server.address}", engine:'))
        commit(root)
        yield root, server.repository


def test_a_server_s_branch_goes_back_to_a_commit_that_the_mirror_does_not_hold(served: tuple[Path, Path]) -> None:
    root, repository = served
    assert composer(root, "diff").code == 0
    first = git(repository, "rev-parse", "site/a~2")
    ran = composer(root, "rollback", "a", "--to", first)
    assert ran.code == 0, ran.err
    assert git(repository, "rev-parse", "site/a^{tree}") == git(repository, "rev-parse", f"{first}^{{tree}}")
    assert trailers(repository)["Composer-Held"] == first
    # Another machine, whose mirror holds the last commits alone, sees the hold.
    shutil.rmtree(root / "out")
    ran = composer(root, "publish")
    assert (ran.code, "error[B082]" in ran.err) == (3, True)
    assert composer(root, "verify").code == 0
    commit_by_hand(open_repository(repository), "site/a", {"kustomization.yaml": "a: 1\n"})
    shutil.rmtree(root / "out")
    ran = composer(root, "publish", "--adopt")
    assert (ran.code, "error[B082]" in ran.err) == (3, True)
    assert composer(root, "rollback", "a", "--release", "--adopt").code == 0
    assert composer(root, "publish").code == 0
    assert "third" in git(repository, "show", "site/a:platform/edge-platform/configmap_note.yaml")
    assert git(repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_a_branch_that_somebody_takes_away_meanwhile_is_told_as_moved(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, _ = load_fleet(root)

    def gone_when_looked_at(*_: object) -> None:
        git(delivery(root), "update-ref", "-d", "refs/heads/site/b")

    def gone_when_written(*asked: object) -> object:
        found = earlier_state(*asked)  # type: ignore[arg-type]
        git(delivery(root), "update-ref", "-d", "refs/heads/site/a")
        return found

    monkeypatch.setattr(Delivery, "deepen", gone_when_looked_at)
    monkeypatch.setattr("composer.pipeline.rollback.earlier_state", gone_when_written)
    done = roll_back(fleet, Wish(["a", "b"]))
    assert [(result.site, result.outcome) for result in done.results] == [("a", "moved"), ("b", "moved")]
    assert [finding.code for finding in done.findings] == ["B022", "B022"]
    assert history(root, branch="--all") == []
