from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.git import lock
from composer.git.ids import blob_id, plain_files, tree_id
from composer.git.importer import Commit, Importer
from composer.git.lock import publishing
from composer.git.process import GitFailed
from composer.git.repository import Head, Repository, damage, heads, remove_branch
from composer.git.source import Source
from composer.stages.publish import Outcome, SiteFiles, SiteResult, Store, plans, publish, publisher
from tests.publish.driver import many_sites
from tests.publish.making import (
    HOUR_LATER,
    SOURCE,
    commit_by_hand,
    config_map,
    delivery,
    git,
    paths,
    published,
    rendered,
    site,
    with_text,
)

BRANCH = "site/berlin-01"
BROKER = "platform/edge-platform/configmap_broker.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return delivery(tmp_path)


def only(results: list[SiteResult]) -> SiteResult:
    (result,) = results
    return result


def head(repository: Repository, branch: str = BRANCH) -> Head:
    return heads(repository)[branch]


def content(repository: Repository, path: str, branch: str = BRANCH) -> str:
    return git(repository, "cat-file", "blob", f"{branch}:{path}")


def test_a_new_site_gets_a_branch_with_its_files_and_nothing_else(repository: Repository) -> None:
    files = site("berlin-01")
    result = only(published(repository, files))
    assert result.outcome is Outcome.PUBLISHED
    assert head(repository) == (result.commit, files.tree)
    assert paths(repository, BRANCH) == set(files.files)
    assert content(repository, BROKER).encode() == files.files[BROKER].strip()
    assert damage(repository) == ""


def test_the_commit_says_where_it_comes_from_and_when_that_was(repository: Repository) -> None:
    result = only(published(repository, with_text("berlin-01", "one")))
    text = git(repository, "log", "-1", "--format=%an <%ae>|%cn|%cd|%B", "--date=raw", BRANCH)
    who, committer, date, message = text.split("|")
    assert (who, committer) == ("composer <composer@edge-composer.io>", "composer")
    assert date == "1700000000 +0100"
    assert message.splitlines() == [
        "berlin-01: 1 added, 0 changed, 0 removed",
        "",
        "Composer-Site: berlin-01",
        "Composer-Version: 0.1.0",
        f"Composer-Source: {'ab' * 20}",
        f"Composer-Tree: {head(repository).tree}",
    ]
    assert result.summary == message.splitlines()[0]


def test_a_dirty_source_is_recorded(repository: Repository) -> None:
    published(repository, site("berlin-01"), source=Source("ab" * 20, "0 +0000", dirty=True))
    assert f"Composer-Source: {'ab' * 20}-dirty" in git(repository, "log", "-1", "--format=%B", BRANCH)
    published(repository, site("paris-02"), source=Source())
    assert "Composer-Source: none" in git(repository, "log", "-1", "--format=%B", "site/paris-02")


def test_an_unchanged_site_makes_no_commit_whatever_the_source(repository: Repository) -> None:
    first = only(published(repository, site("berlin-01")))
    again = only(published(repository, site("berlin-01"), source=HOUR_LATER))
    assert again.outcome is Outcome.UNCHANGED
    assert again.commit == first.commit == head(repository).commit


def test_a_changed_site_gets_one_commit_on_top_of_the_last(repository: Repository) -> None:
    first = only(published(repository, with_text("berlin-01", "one")))
    second = only(published(repository, with_text("berlin-01", "two"), source=HOUR_LATER))
    assert (second.outcome, second.parent) == (Outcome.PUBLISHED, first.commit)
    assert second.summary == "berlin-01: 0 added, 1 changed, 0 removed"
    assert git(repository, "rev-list", BRANCH).split() == [second.commit, first.commit]
    assert "two" in content(repository, BROKER)
    assert damage(repository) == ""


def test_many_branches_stand_in_one_file_and_move_all_the_same(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "MANY", 3)
    loose = repository.path / "refs/heads/site"
    few, many = many_sites(2, "old"), many_sites(4, "new")
    list(publish(repository, few, SOURCE))
    assert len([*loose.iterdir()]) == 2
    list(publish(repository, many, SOURCE))
    assert not loose.exists()
    assert {head.tree for head in heads(repository).values()} == {site.tree for site in many}
    list(publish(repository, few, SOURCE))
    trees = [heads(repository)[site.branch].tree for site in (*few, *many[2:])]
    assert trees == [site.tree for site in (*few, *many[2:])]
    remove_branch(repository, many[3].branch, heads(repository)[many[3].branch].commit)
    assert many[3].branch not in heads(repository)


def test_a_file_that_is_no_longer_rendered_goes_with_its_empty_folder(repository: Repository) -> None:
    two = [rendered(config_map(name, namespace=name), role="ingress") for name in ("broker", "front")]
    published(repository, site("berlin-01", two))
    result = only(published(repository, site("berlin-01", two[:1])))
    assert result.summary == "berlin-01: 0 added, 0 changed, 1 removed"
    assert paths(repository, BRANCH) == set(site("berlin-01", two[:1]).files)
    assert head(repository).tree == site("berlin-01", two[:1]).tree


def test_what_others_keep_on_the_branch_stays_once_it_was_adopted(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    theirs = {"README.md": "ours", "platform/extra/notes.txt": "kept"}
    commit_by_hand(repository, BRANCH, theirs)
    assert only(published(repository, with_text("berlin-01", "two"), adopt=True)).outcome is Outcome.PUBLISHED
    # From now on the last commit is the composer's, and nothing has to be adopted.
    result = only(published(repository, with_text("berlin-01", "three")))
    assert result.outcome is Outcome.PUBLISHED
    assert paths(repository, BRANCH) == {*with_text("berlin-01", "three").files, *theirs}
    assert content(repository, "README.md") == "ours"
    assert only(published(repository, with_text("berlin-01", "three"))).outcome is Outcome.UNCHANGED
    assert head(repository).commit == result.commit


def test_a_commit_of_somebody_else_is_not_built_upon(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    theirs = commit_by_hand(repository, BRANCH, {BROKER: "edited: by hand\n"}, "hot \x1b[31mfix")
    result = only(published(repository, with_text("berlin-01", "two")))
    assert result.outcome is Outcome.REFUSED
    (finding,) = result.findings
    assert (finding.code, finding.site) == ("B020", "berlin-01")
    assert theirs[:12] in finding.message
    assert "Jane: hot ?[31mfix" in finding.message
    assert "--adopt" in finding.hint
    assert head(repository).commit == theirs


def test_adopting_takes_the_commit_over_and_says_so(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    theirs = commit_by_hand(repository, BRANCH, {BROKER: "edited: by hand\n"})
    result = only(published(repository, with_text("berlin-01", "two"), adopt=True))
    assert (result.outcome, result.parent) == (Outcome.PUBLISHED, theirs)
    assert head(repository).tree == with_text("berlin-01", "two").tree
    assert f"Composer-Adopted: {theirs}" in git(repository, "log", "-1", "--format=%B", BRANCH)


def test_a_commit_by_hand_that_leaves_the_sites_files_alone_bars_nothing_while_nothing_changes(
    repository: Repository,
) -> None:
    published(repository, with_text("berlin-01", "one"))
    theirs = commit_by_hand(repository, BRANCH, {"README.md": "hello"})
    assert only(published(repository, with_text("berlin-01", "one"))).outcome is Outcome.UNCHANGED
    assert only(published(repository, with_text("berlin-01", "two"))).outcome is Outcome.REFUSED
    assert head(repository).commit == theirs


def test_an_amended_commit_that_kept_the_trailers_is_still_somebody_elses(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    message = git(repository, "log", "-1", "--format=%B", BRANCH)
    forged = commit_by_hand(repository, BRANCH, {BROKER: "edited: by hand\n"}, message)
    result = only(published(repository, with_text("berlin-01", "two")))
    assert [finding.code for finding in result.findings] == ["B020"]
    assert head(repository).commit == forged


@pytest.mark.parametrize("lock", [None, "not: [a lock", "apiVersion: v1\nkind: Lock\n", "{{"])
def test_without_a_readable_lock_nothing_on_the_branch_is_taken_for_ours(
    repository: Repository, lock: str | None
) -> None:
    published(repository, with_text("berlin-01", "one"))
    message = git(repository, "log", "-1", "--format=%B", BRANCH)
    commit_by_hand(repository, BRANCH, {"composer.lock.yaml": lock}, message)
    result = only(published(repository, with_text("berlin-01", "two")))
    assert result.outcome is Outcome.REFUSED
    assert {finding.code for finding in result.findings} == {"B020", "B021"}
    adopted = only(published(repository, with_text("berlin-01", "two"), adopt=True))
    assert adopted.outcome is Outcome.PUBLISHED
    assert head(repository).tree == with_text("berlin-01", "two").tree


def test_a_lock_that_claims_foreign_files_does_not_get_them_deleted(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    commit_by_hand(repository, BRANCH, {"NOTES.md": "mine"})
    published(repository, with_text("berlin-01", "two"), adopt=True)
    message = git(repository, "log", "-1", "--format=%B", BRANCH)
    lock = content(repository, "composer.lock.yaml")
    blob = git(repository, "rev-parse", f"{BRANCH}:NOTES.md")
    claiming = lock.replace("inventory:\n", f"inventory:\n  NOTES.md: {blob}\n") + "\n"
    commit_by_hand(repository, BRANCH, {"composer.lock.yaml": claiming}, message)
    assert only(published(repository, with_text("berlin-01", "three"))).outcome is Outcome.REFUSED
    assert content(repository, "NOTES.md") == "mine"


def test_a_branch_that_was_copied_from_another_site_is_somebody_elses(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    git(repository, "branch", "site/paris-02", BRANCH)
    result = only(published(repository, with_text("paris-02", "one")))
    assert [finding.code for finding in result.findings] == ["B020"]


def test_a_branch_reset_to_an_older_commit_of_the_composer_is_built_upon(repository: Repository) -> None:
    first = only(published(repository, with_text("berlin-01", "one")))
    published(repository, with_text("berlin-01", "two"))
    git(repository, "update-ref", f"refs/heads/{BRANCH}", first.commit)
    result = only(published(repository, with_text("berlin-01", "three")))
    assert (result.outcome, result.parent) == (Outcome.PUBLISHED, first.commit)


@pytest.mark.parametrize("blocking", [BROKER, "platform/edge-platform", f"{BROKER}/notes.txt"])
def test_a_foreign_file_where_the_site_needs_its_own_is_refused_and_replaced_when_adopted(
    repository: Repository, blocking: str
) -> None:
    # The composer's commit on top of a foreign file, and then a render that needs its place.
    published(repository, site("berlin-01", [rendered(config_map("x", namespace="z"), role="base")]))
    commit_by_hand(repository, BRANCH, {blocking: "mine"})
    other = site("berlin-01", [rendered(config_map("y", namespace="z"), role="base")])
    published(repository, other, adopt=True)
    wanted = with_text("berlin-01", "two")
    result = only(published(repository, wanted))
    assert [(finding.code, finding.place.file) for finding in result.findings] == [("B021", f"{BRANCH}:{blocking}")]
    assert blocking in paths(repository, BRANCH)
    assert only(published(repository, wanted, adopt=True)).outcome is Outcome.PUBLISHED
    assert head(repository).tree == wanted.tree
    assert damage(repository) == ""


def test_a_foreign_file_that_equals_what_is_rendered_is_no_obstacle(repository: Repository) -> None:
    wanted = with_text("berlin-01", "two")
    published(repository, site("berlin-01", [rendered(config_map("x", namespace="z"), role="base")]))
    commit_by_hand(repository, BRANCH, {BROKER: wanted.files[BROKER].decode()})
    published(repository, site("berlin-01", [rendered(config_map("y", namespace="z"), role="base")]), adopt=True)
    assert only(published(repository, wanted)).outcome is Outcome.PUBLISHED
    assert head(repository).tree == wanted.tree


def test_links_programs_and_submodules_of_others_stay_as_they_are(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    tree = git(repository, "ls-tree", BRANCH)
    blob = git(repository, "hash-object", "-w", "--stdin", content=b"x")
    special = f"120000 blob {blob}\tlink\n100755 blob {blob}\trun\n160000 commit {'1' * 40}\tsub\n"
    made = git(repository, "mktree", "--missing", content=f"{tree}\n{special}".encode())
    commit = git(repository, "commit-tree", made, "-p", BRANCH, "-m", "special")
    git(repository, "update-ref", f"refs/heads/{BRANCH}", commit)
    published(repository, with_text("berlin-01", "two"), adopt=True)
    assert set(special.splitlines()) <= set(git(repository, "ls-tree", BRANCH).splitlines())


def test_one_refused_site_does_not_hold_the_others_up(repository: Repository) -> None:
    names = ("berlin-01", "paris-02", "rome-03")
    published(repository, *(with_text(name, "one") for name in names))
    commit_by_hand(repository, "site/paris-02", {BROKER: "x"})
    results = published(repository, *(with_text(name, "two") for name in names))
    outcomes = [result.outcome for result in results]
    assert outcomes == [Outcome.PUBLISHED, Outcome.REFUSED, Outcome.PUBLISHED]


def test_the_same_inputs_make_the_same_commits_in_any_repository(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "other"):
        repository = delivery(tmp_path / name)
        published(repository, site("berlin-01"), site("paris-02"))
        published(repository, site("paris-02"), with_text("berlin-01", "two"), source=HOUR_LATER)
        seen.append(heads(repository))
    assert seen[0] == seen[1]


class Meddler:
    """Sites for publishing; after their plans and before the commits, somebody moves branches."""

    def __init__(self, repository: Repository, sites: list[SiteFiles], moved: dict[str, str]) -> None:
        self.repository, self.sites, self.moved = repository, sites, moved

    def __iter__(self) -> Iterator[SiteFiles]:
        yield from self.sites
        # Asked for once the last batch before this site was planned; filler sites make up that batch.
        for branch, commit in self.moved.items():
            git(self.repository, "update-ref", f"refs/heads/{branch}", commit)
        yield with_text("zz-last", "x")


def test_a_branch_that_moves_meanwhile_fails_alone_and_keeps_what_came_in(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"), with_text("paris-02", "one"))
    before = head(repository)
    theirs = commit_by_hand(repository, BRANCH, {"README.md": "came in"})
    fresh = commit_by_hand(repository, BRANCH, {"README.md": "as a new branch"})
    git(repository, "update-ref", f"refs/heads/{BRANCH}", before.commit)
    filler = [with_text(f"filler-{number:02}", "x") for number in range(61)]
    sites = [with_text("berlin-01", "two"), with_text("paris-02", "two"), with_text("new-04", "x"), *filler]
    meddler = Meddler(repository, sites, {BRANCH: theirs, "site/new-04": fresh})
    results = {result.site: result for result in publish(repository, meddler, SOURCE)}
    assert len(results) == len(sites) + 1
    assert {name for name, result in results.items() if result.outcome is not Outcome.PUBLISHED} == {
        "berlin-01",
        "new-04",
    }
    assert results["berlin-01"].outcome is Outcome.MOVED
    assert [finding.code for finding in results["berlin-01"].findings] == ["B022"]
    assert head(repository).commit == theirs
    assert head(repository, "site/new-04").commit == fresh
    assert head(repository, "site/paris-02").tree == with_text("paris-02", "two").tree


def test_a_site_whose_files_were_left_behind_is_not_published_over_what_came_in(
    repository: Repository,
) -> None:
    # The worker saw the branch hold these files and dropped the contents; then somebody published others.
    old = with_text("berlin-01", "one")
    published(repository, old)
    newer = only(published(repository, with_text("berlin-01", "two")))
    result = only(published(repository, old.without_files()))
    assert (result.outcome, result.commit) == (Outcome.MOVED, newer.commit)
    assert only(published(repository, with_text("berlin-01", "two").without_files())).outcome is Outcome.UNCHANGED


def test_branches_that_cannot_be_together_fail_alone(repository: Repository) -> None:
    git(repository, "update-ref", "refs/heads/site/berlin-01/x", only(published(repository, site("a"))).commit)
    results = published(repository, site("berlin-01"), site("paris-02"))
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.PUBLISHED]
    assert [finding.code for finding in results[0].findings] == ["B023"]


def test_sites_are_asked_for_as_they_are_written_and_not_kept(repository: Repository) -> None:
    asked = itertools.count()

    def sites() -> Iterator[SiteFiles]:
        for number in asked:
            yield with_text(f"s-{number:04}", "x")

    published(repository, *(with_text(f"s-{number:04}", "x") for number in range(200)))
    endless = publish(repository, sites(), SOURCE)
    assert [next(endless).outcome for _ in range(100)] == [Outcome.UNCHANGED] * 100
    endless.close()
    assert next(asked) <= 200


def test_whoever_makes_the_sites_may_fork_before_there_is_a_lock(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_TRIES", 1)

    taken = []

    def sites() -> Iterator[SiteFiles]:
        with publishing(repository):
            taken.append(True)
        yield with_text("berlin-01", "one")

    assert only(list(publish(repository, sites(), SOURCE))).outcome is Outcome.PUBLISHED
    assert taken == [True]


def test_paths_with_signs_in_them_are_written_and_removed_as_they_are(repository: Repository) -> None:
    strange = ['a "b".yaml', "back\\slash/x", "new\nline", "ü/é ", '"', "\\"]
    blob, content = blob_id(b"x"), b"x"
    first = Commit("x", "", tree_id(plain_files(dict.fromkeys(strange, blob))), "0 +0000", "one\n")
    second = Commit("x", first.id, tree_id(plain_files({strange[0]: blob})), "0 +0000", "two\n")
    for commit, written, removed in ((first, strange, []), (second, [], strange[1:])):
        with publishing(repository) as held, Importer(repository, held) as importer:
            importer.add(commit, dict.fromkeys(written, content), removed)
            importer.finish()
    assert head(repository, "x") == (second.id, second.tree)
    assert damage(repository) == ""


def test_plans_need_no_more_than_reading(repository: Repository) -> None:
    published(repository, with_text("berlin-01", "one"))
    with repository.reading() as objects:
        store = Store(objects, heads(repository))
        ((_, plan),) = plans(lambda _: store, [with_text("berlin-01", "two")])
        assert plan.changed == ("composer.lock.yaml", BROKER)
        assert b"one" in objects.contents([plan.old[BROKER]])[0]
        with pytest.raises(GitFailed, match="missing"):
            objects.contents(["0" * 40])
