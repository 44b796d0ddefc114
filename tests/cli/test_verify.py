"""`composer verify`: a branch is what its commit says it was rendered from, or every difference is named."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from composer.git.importer import IDENTITY
from composer.git.repository import open_repository
from tests.cli.kit import Ran, commit, composer, delivery, noted, notes
from tests.load.fleets import change
from tests.publish.making import commit_by_hand, git
from tests.publish.test_repository import plant

NOTE = "platform/edge-platform/configmap_note.yaml"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites, published from two commits."""
    root = notes(tmp_path_factory.mktemp("verified"), "a", "b")
    commit(root)
    composer(root, "publish")
    (root / "sites/b.yaml").write_text(noted("b", "second"))
    commit(root, "2024-06-06T07:08:09+0200")
    assert composer(root, "publish").out.startswith("site/b")
    return root


@pytest.fixture
def published(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "fleet", symlinks=True))


def by_hand(root: Path, files: dict[str, str | None], branch: str = "site/a") -> str:
    return commit_by_hand(open_repository(delivery(root)), branch, files)


def on_branch(root: Path, path: str, branch: str = "site/a") -> str:
    return git(delivery(root), "show", f"{branch}:{path}") + "\n"


def rewritten(root: Path, tree: str = "site/a^{tree}", branch: str = "site/a", **trailers: str) -> None:
    """The branch's last commit made anew, by somebody who writes what the composer would, but for these trailers."""
    message = git(delivery(root), "log", "-1", "--format=%B", branch)
    for key, value in trailers.items():
        name = key.replace("_", "-")
        message = "\n".join(f"{name}: {value}" if line.startswith(name) else line for line in message.splitlines())
    name, _, address = IDENTITY.partition(" <")
    who = {
        f"GIT_{role}_{what}": text
        for role in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", name), ("EMAIL", address[:-1]))
    }
    made = git(
        delivery(root), "commit-tree", git(delivery(root), "rev-parse", tree), content=f"{message}\n".encode(), **who
    )
    git(delivery(root), "update-ref", f"refs/heads/{branch}", made)


def codes(ran: Ran) -> list[str]:
    return re.findall(r"^(?:error|warning)\[(B\d+)\]", ran.err, re.MULTILINE)


def verified(root: Path, *words: str, **extra: str) -> tuple[Ran, dict[str, Any]]:
    """How `composer verify --format json` ended, and its sites by name."""
    ran = composer(root, "verify", "--format", "json", *words, **extra)
    return ran, {site["site"]: site for site in json.loads(ran.out)["sites"]}


def test_branches_that_are_what_their_own_commits_render_to_are_equal(original: Path) -> None:
    sources = git(original, "log", "--format=%h", "--abbrev=12").splitlines()
    heads = git(delivery(original), "for-each-ref", "--format=%(objectname)").splitlines()
    ran = composer(original, "verify")
    assert (ran.code, ran.err) == (0, "2 sites equal, 0 different, 0 unproven, 0 without a branch\n")
    assert ran.out == (
        f"equal     site/a {heads[0][:12]} from {sources[1]}\nequal     site/b {heads[1][:12]} from {sources[0]}\n"
    )


def test_what_is_not_committed_or_not_published_yet_makes_no_difference(published: Path) -> None:
    (published / "sites/a.yaml").write_text(noted("a", "in work"))
    (published / "sites/broken.yaml").write_text("nothing: here")
    assert composer(published, "verify", "a").code == 0
    commit(published)
    assert composer(published, "verify", "a").code == 0


def test_an_edited_branch_is_told_by_commit_file_object_and_field(published: Path) -> None:
    text = on_branch(published, NOTE).replace("hello", "by hand")
    made = by_hand(published, {NOTE: text, "notes.txt": "mine", "kustomization.yaml": None})
    ran = composer(published, "verify")
    assert ran.code == 1
    assert f"differs   site/a {made[:12]}" in ran.out
    assert (
        "~ ConfigMap edge-platform/note\n    at 1 site: a\n    data.text\n      - hello\n      + by hand\n" in ran.out
    )
    assert "+ File notes.txt" in ran.out
    source = git(published, "rev-parse", "HEAD~")[:12]
    for line in (
        f"error[B071]: branch site/a holds a commit that the composer did not make: {made[:12]} by Jane: quick fix",
        f"error[B076]: branch site/a differs in 1 file from what commit {source} renders to: {NOTE}",
        f"error[B077]: branch site/a lacks 1 file of what commit {source} renders to: kustomization.yaml",
        f"error[B078]: branch site/a holds 1 file besides what commit {source} renders to: notes.txt",
        f"error[B080]: branch site/a differs in 2 files from its composer.lock.yaml: kustomization.yaml, {NOTE}",
        "1 site equal, 1 different, 0 unproven, 0 without a branch",
    ):
        assert line in ran.err.splitlines(), line


def test_a_program_gets_the_same_as_data(published: Path) -> None:
    made = by_hand(published, {NOTE: "a: 1\n", "notes.txt": "mine"})
    ran, sites = verified(published)
    assert ran.code == 1
    assert (sites["b"]["verdict"], sites["b"]["findings"]) == ("equal", [])
    assert sites["a"]["againstSource"] == {"changed": [NOTE], "missing": [], "foreign": ["notes.txt"]}
    assert sites["a"]["againstLock"] == {"changed": [NOTE], "missing": [], "foreign": ["notes.txt"]}
    assert sites["a"]["foreignCommits"] == [{"commit": made, "author": "Jane <Jane>", "merge": False}]
    assert [finding["code"] for finding in sites["a"]["findings"]] == ["B071", "B076", "B078", "B080"]
    edits = json.loads(ran.out)["edits"]
    assert {change["object"]["name"] for change in edits["changes"]} == {"note", NOTE, "notes.txt"}


def test_a_deleted_lock_file_and_one_that_says_nothing_are_named(published: Path) -> None:
    by_hand(published, {"composer.lock.yaml": None})
    by_hand(published, {"composer.lock.yaml": "kind: Lock\n"}, "site/b")
    ran, sites = verified(published)
    assert ran.code == 1
    assert [finding["code"] for finding in sites["a"]["findings"]] == ["B071", "B077", "B079"]
    assert [finding["code"] for finding in sites["b"]["findings"]] == ["B071", "B076", "B079"]
    assert (sites["a"]["againstLock"], sites["b"]["againstLock"]) == (None, None)


def test_a_merge_is_told_although_it_changes_no_file(published: Path) -> None:
    made = git(delivery(published), "commit-tree", "site/a^{tree}", "-p", "site/a", "-p", "site/b", "-m", "merged")
    git(delivery(published), "update-ref", "refs/heads/site/a", made)
    ran = composer(published, "verify", "a")
    assert (ran.code, codes(ran)) == (1, ["B072"])
    assert f"branch site/a holds a merge, which the composer never makes: {made[:12]} by Jane: merged" in ran.err


def test_a_forger_who_writes_lock_and_trailers_too_does_not_get_through(published: Path) -> None:
    old, new = on_branch(published, NOTE), on_branch(published, NOTE).replace("hello", "by hand")
    repository = open_repository(delivery(published))
    blob = {text: git(repository, "hash-object", "--stdin", content=text.encode()) for text in (old, new)}
    lock = on_branch(published, "composer.lock.yaml").replace(blob[old], blob[new])
    tree = git(repository, "rev-parse", f"{by_hand(published, {NOTE: new, 'composer.lock.yaml': lock})}^{{tree}}")
    git(repository, "update-ref", "refs/heads/site/a", "site/a^")
    rewritten(published, tree, Composer_Tree=tree)
    # To publishing, this is a commit of the composer.
    assert composer(published, "publish").code == 0
    git(repository, "update-ref", "refs/heads/site/a", "site/a^")
    ran, sites = verified(published, "a")
    assert (ran.code, sites["a"]["verdict"], sites["a"]["foreignCommits"]) == (1, "differs", [])
    assert sites["a"]["againstSource"]["changed"] == ["composer.lock.yaml", NOTE]
    assert [finding["code"] for finding in sites["a"]["findings"]] == ["B076"]


def test_an_amended_commit_is_not_the_composer_s(published: Path) -> None:
    message = git(delivery(published), "log", "-1", "--format=%B", "site/a")
    made = git(delivery(published), "commit-tree", "site/a^{tree}", "-m", message)
    git(delivery(published), "update-ref", "refs/heads/site/a", made)
    ran = composer(published, "verify", "a")
    assert (ran.code, codes(ran)) == (1, ["B071"])
    assert "unproven  site/a" in ran.out


def test_modes_links_and_other_repositories_are_differences_too(published: Path) -> None:
    repository = open_repository(delivery(published))
    index = {"GIT_INDEX_FILE": str(published / "index")}
    git(repository, "read-tree", "site/a", **index)
    blob = git(repository, "rev-parse", f"site/a:{NOTE}")
    rows = [f"100755,{blob},{NOTE}", f"120000,{blob},link", f"160000,{'ab' * 20},module"]
    for row in rows:
        git(repository, "update-index", "--add", "--cacheinfo", row, **index)
    made = git(repository, "commit-tree", git(repository, "write-tree", **index), "-p", "site/a", "-m", "odd")
    git(repository, "update-ref", "refs/heads/site/a", made)
    ran, sites = verified(published, "a")
    assert ran.code == 1
    assert sites["a"]["againstSource"] == {"changed": [NOTE], "missing": [], "foreign": ["link", "module"]}


def test_what_was_published_from_uncommitted_changes_cannot_be_proved_but_the_lock_file_still_tells(
    published: Path,
) -> None:
    (published / "sites/a.yaml").write_text(noted("a", "in work"))
    assert composer(published, "publish", "a", "--allow-dirty").code == 0
    ran = composer(published, "verify", "a")
    assert (ran.code, codes(ran)) == (1, ["B073"])
    assert ran.out.startswith("unproven  site/a")
    assert f"from {git(published, 'rev-parse', 'HEAD')[:12]}-dirty" in ran.out
    by_hand(published, {NOTE: "a: 1\n", "notes.txt": "mine"})
    assert codes(composer(published, "verify", "a")) == ["B071", "B073", "B078", "B080"]


def test_a_shallow_clone_says_what_it_lacks_and_what_helps(published: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{published}", str(clone))
    shutil.copytree(delivery(published), delivery(clone))
    ran = composer(clone, "verify")
    assert (ran.code, codes(ran)) == (1, ["B074"])
    assert ran.out.splitlines()[0].startswith("unproven  site/a")
    assert "git fetch --unshallow" in ran.err
    git(clone, "fetch", "-q", "--unshallow")
    assert composer(clone, "verify").code == 0


def test_another_version_of_the_composer_is_told(published: Path) -> None:
    rewritten(published, Composer_Version="0.0.9")
    ran = composer(published, "verify", "a")
    assert (ran.code, ran.err.splitlines()[0]) == (0, "1 site equal, 0 different, 0 unproven, 0 without a branch")
    assert ran.out.endswith("by composer 0.0.9\n")
    rewritten(published, "site/b^{tree}", Composer_Version="0.0.9")
    ran = composer(published, "verify", "a")
    assert (ran.code, "B075" in codes(ran)) == (1, True)
    assert "verify with composer 0.0.9 to know" in ran.err


@pytest.mark.parametrize("said", ["--help", "HEAD", "0" * 40, "$(touch x)", "none", "-dirty"])
def test_a_source_that_is_no_commit_is_said_to_prove_nothing(published: Path, said: str) -> None:
    rewritten(published, Composer_Source=said)
    ran = composer(published, "verify", "a")
    assert (ran.code, codes(ran)) == (1, ["B074" if said == "0" * 40 else "B073"])


def test_a_source_that_does_not_render_the_site_proves_nothing(published: Path) -> None:
    (published / "sites/c.yaml").write_text(noted("c"))
    before = git(published, "rev-parse", "HEAD")
    commit(published)
    assert composer(published, "publish", "c").code == 0
    rewritten(published, branch="site/c", Composer_Source=before)
    ran = composer(published, "verify", "c")
    assert (ran.code, codes(ran)) == (1, ["B084"])
    change(published, "sites/a.yaml", ("hello", "{hello}"), ("text:", "texts:"))
    broken = commit(published)
    rewritten(published, Composer_Source=broken)
    ran = composer(published, "verify", "a")
    assert (ran.code, codes(ran)) == (1, ["B084"])
    assert "sites/a.yaml:" in ran.err


def test_a_site_without_a_branch_is_told_and_nothing_is_made_for_it(tmp_path: Path) -> None:
    root = notes(tmp_path / "fleet", "a")
    ran = composer(root, "verify")
    assert (ran.code, ran.out, codes(ran)) == (1, "absent    a\n", ["B070"])
    assert not (root / "out").exists()


def test_hooks_and_programs_that_the_repository_names_never_run(published: Path, tmp_path: Path) -> None:
    marker = tmp_path / "it-ran"
    for name in ("reference-transaction", "post-checkout", "update"):
        plant(delivery(published) / "hooks" / name, marker)
    plant(tmp_path / "program", marker)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
        "core.sshCommand",
        "diff.external",
        "core.alternateRefsCommand",
    ):
        git(delivery(published), "config", key, str(tmp_path / "program"))
    git(delivery(published), "config", "log.showSignature", "true")
    assert composer(published, "verify").code == 0
    assert not marker.exists()


def test_names_and_authors_cannot_write_to_the_terminal(published: Path) -> None:
    by_hand(published, {"\x1b[2Jx": "a"})
    ran = composer(published, "verify", "a")
    assert ran.code == 1
    assert "\x1b" not in ran.out + ran.err
    assert r"\x1b[2Jx" in ran.err
    json.loads(composer(published, "verify", "a", "--format", "json").out)


def test_the_cache_is_not_believed(published: Path) -> None:
    """It says that a site whose inputs did not change has the tree on its branch; verifying renders anew."""
    cache = published / "out/cache.json"
    tree = git(delivery(published), "rev-parse", "site/a^{tree}")
    by_hand(published, {NOTE: "a: 1\n"})
    cache.write_text(cache.read_text().replace(tree, git(delivery(published), "rev-parse", "site/a^{tree}")))
    assert composer(published, "verify", "a").code == 1


def test_a_fleet_without_git_has_nothing_to_prove_with(published: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(published, moved, ignore=shutil.ignore_patterns(".git"))
    ran = composer(moved, "verify", "a", GIT_CEILING_DIRECTORIES=os.fspath(tmp_path))
    assert (ran.code, codes(ran)) == (1, ["B074"])
