"""The proof of a branch names exactly what somebody changed, whatever that is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.git.repository import Repository, heads
from composer.stages.publish import FileDifferences, Proof, SiteFiles, Verdict, prove, read_record
from tests.publish.making import commit_by_hand, delivery, git, published, site

SITE = site("berlin-01")
FREE = ("notes.txt", "platform/more.yaml", "tenants/acme/x/y.yaml", "ü \\ \" '")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = delivery(tmp_path_factory.mktemp("proof"))
    published(made, SITE)
    return made


def proof(repository: Repository, expected: SiteFiles | None = SITE) -> Proof:
    with repository.reading() as objects:
        record = read_record(objects, SITE.site, SITE.branch, heads(repository)[SITE.branch])
        return prove(objects, record, expected)


@settings(max_examples=20)
@given(
    st.dictionaries(st.sampled_from(sorted(SITE.ids)), st.sampled_from(["edited\n", None]), max_size=4),
    st.dictionaries(st.sampled_from(FREE), st.just("free\n"), max_size=2),
)
def test_every_edit_is_named_and_nothing_else(
    repository: Repository, edits: dict[str, str | None], added: dict[str, str]
) -> None:
    before = git(repository, "rev-parse", SITE.branch)
    commit_by_hand(repository, SITE.branch, {**edits, **added})
    try:
        found = proof(repository)
    finally:
        git(repository, "update-ref", f"refs/heads/{SITE.branch}", before)
    expected = FileDifferences(
        tuple(sorted(path for path, text in edits.items() if text is not None)),
        tuple(sorted(path for path, text in edits.items() if text is None)),
        tuple(sorted(added)),
    )
    assert found.source == expected
    # A person's commit is told even where it leaves every file as it was.
    assert (found.verdict, found.findings[0].code) == (Verdict.DIFFERS, "B071")
    assert proof(repository).verdict is Verdict.EQUAL


def test_without_its_source_a_branch_is_held_against_its_lock_file(repository: Repository) -> None:
    found = proof(repository, None)
    assert (found.verdict, found.source, found.lock, found.findings) == (Verdict.UNPROVEN, None, FileDifferences(), ())


def test_the_same_files_of_another_site_are_no_proof(tmp_path: Path) -> None:
    repository = delivery(tmp_path)
    published(repository, SITE, site("rome-01"))
    git(repository, "update-ref", f"refs/heads/{SITE.branch}", "site/rome-01")
    found = proof(repository)
    assert found.verdict is Verdict.DIFFERS
    assert "B071" in [finding.code for finding in found.findings]
