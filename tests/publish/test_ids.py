from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composer.git.ids import Entry, blob_id, plain_files, tree_entries, tree_id
from composer.git.importer import Commit
from tests.publish.making import git, site

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=6
)
PATHS = st.lists(NAMES.filter(lambda name: name.lower() not in (".", "..", ".git")), min_size=1, max_size=4)


def without_nesting(paths: list[list[str]]) -> list[str]:
    """The paths without those that would need another one to be a folder."""
    joined = sorted({"/".join(path) for path in paths})
    return [path for path in joined if not any(other.startswith(f"{path}/") for other in joined)]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ids")
    git(folder, "init", "--quiet", "--bare")
    return folder


@given(st.lists(PATHS, min_size=1, max_size=8), st.binary(max_size=20))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tree_of_any_names_has_the_id_that_git_gives_it(
    repository: Path, paths: list[list[str]], content: bytes
) -> None:
    blob = git(repository, "hash-object", "-w", "--stdin", content=content)
    assert blob == blob_id(content)
    entries = plain_files(dict.fromkeys(without_nesting(paths), blob))
    index = {"GIT_INDEX_FILE": str(repository / "index-of-ids")}
    (repository / "index-of-ids").unlink(missing_ok=True)
    listing = b"\0".join(f"{mode} {id_}\t{path}".encode() for path, (mode, id_) in entries.items())
    git(
        repository,
        "-c",
        "core.protectNTFS=false",
        "update-index",
        "-z",
        "--index-info",
        content=listing,
        **index,
    )
    assert tree_id(entries) == git(repository, "write-tree", **index)


def test_a_folder_is_sorted_as_git_sorts_it_and_not_by_its_bare_name(repository: Path) -> None:
    blob = git(repository, "hash-object", "-w", "--stdin", content=b"x")
    inner = git(repository, "mktree", content=f"100644 blob {blob}\tx\n".encode())
    rows = f"40000 tree {inner}\ta\n100644 blob {blob}\ta.b\n100644 blob {blob}\ta0\n"
    expected = git(repository, "mktree", content=rows.encode())
    assert tree_id(plain_files({"a0": blob, "a/x": blob, "a.b": blob})) == expected


def test_a_tree_is_read_back_as_it_was_written(repository: Path) -> None:
    blob = git(repository, "hash-object", "-w", "--stdin", content=b"x")
    rows = f"100755 blob {blob}\trun\n120000 blob {blob}\tlink\n100644 blob {blob}\twith space\n"
    tree = git(repository, "mktree", content=rows.encode())
    content = bytes.fromhex(git(repository, "cat-file", "tree", tree).encode("utf-8", "surrogateescape").hex())
    found = dict(tree_entries(content))
    assert found == {
        "run": Entry("100755", blob),
        "link": Entry("120000", blob),
        "with space": Entry("100644", blob),
    }


def test_a_commit_has_the_id_that_git_gives_it(repository: Path) -> None:
    tree = git(repository, "mktree")
    commit = Commit("site/x", "", tree, "1700000000 +0100", "subject\n\nbody\n")
    text = git(repository, "hash-object", "-t", "commit", "-w", "--stdin", content=commit_text(commit))
    assert commit.id == text
    child = Commit("site/x", commit.id, tree, "0 +0000", "next\n")
    assert child.id == git(repository, "hash-object", "-t", "commit", "--stdin", content=commit_text(child))


def commit_text(commit: Commit) -> bytes:
    parent = f"parent {commit.parent}\n" if commit.parent else ""
    who = f"composer <composer@edge-composer.io> {commit.date}"
    return f"tree {commit.tree}\n{parent}author {who}\ncommitter {who}\n\n{commit.message}".encode()


def test_a_site_knows_its_tree_without_git(repository: Path) -> None:
    files = site("berlin-01")
    index = {"GIT_INDEX_FILE": str(repository / "index-of-site")}
    for path, content in files.files.items():
        blob = git(repository, "hash-object", "-w", "--stdin", content=content)
        git(repository, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
    assert files.tree == git(repository, "write-tree", **index)
