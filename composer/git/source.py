"""The commit a fleet is rendered from, and what its repository says of other commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.git.commits import CommitObject, read_commit
from composer.git.process import GitFailed, in_source, run

FLEET_FOLDERS = ("sites", "blueprints", "schemas")
_RECORDED = ".yaml"


@dataclass(frozen=True, slots=True)
class Source:
    """What a render was made from: the fleet's commit ("" where it has none), and its date as Git writes it.

    *dirty* says that files differ from the commit.
    """

    commit: str = ""
    date: str = "0 +0000"
    dirty: bool = True

    @property
    def label(self) -> str:
        """How a commit names it: the id, with "-dirty" where files differ from it, or "none"."""
        return f"{self.commit}-dirty" if self.commit and self.dirty else self.commit or "none"


def source_of(fleet: Path) -> Source:
    """Where the fleet in this folder stands. Outside of a repository it has no commit and counts as changed.

    Raises Rejected where git does not want to read its repository.
    """
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            (commit,) = objects.objects(["HEAD^{commit}"])
        if commit is None:
            return Source()
        changed = _has_changes(fleet)
    except GitFailed as failed:
        if "not a git repository" in str(failed):
            return Source()
        raise Rejected([unreadable(fleet, failed)]) from failed
    return Source(commit[0], _date(commit[1]), changed)


def commit_of(fleet: Path, commit: str) -> CommitObject:
    """What a commit of the fleet's repository says. Raises Rejected where there is no such commit."""
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            (found,) = objects.objects([f"{commit}^{{commit}}"])
    except GitFailed as failed:
        raise Rejected([unreadable(fleet, failed)]) from failed
    if found is None:
        raise Rejected([unknown(fleet, commit)])
    return read_commit(*found)


def _has_changes(fleet: Path) -> bool:
    """Whether what is rendered differs from the commit: changed, new, or a document that Git ignores."""
    words = (
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--ignored=traditional",
    )
    listing = run(in_source(fleet, *words, "--", *FLEET_FOLDERS), own=True).decode("utf-8", "surrogateescape")
    rows = [row for row in listing.split("\0") if row]
    return any(not row.startswith("!!") or row.endswith(_RECORDED) for row in rows)


def _date(commit: bytes) -> str:
    """The committer's date of a commit object, as Git writes it."""
    header = commit.partition(b"\n\n")[0]
    committer = next(line for line in header.splitlines() if line.startswith(b"committer "))
    return b" ".join(committer.rsplit(b" ", 2)[1:]).decode()


def states(fleet: Path, commits: Sequence[str]) -> Mapping[str, str]:
    """Commit (full id) -> what is the same at all commits at which the fleet is; those that its repository has."""
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            there = [commit for commit in commits if objects.objects([f"{commit}^{{commit}}"])[0]]
            folders = objects.objects([f"{commit}:./{folder}" for commit in there for folder in FLEET_FOLDERS])
    except GitFailed as failed:
        if "not a git repository" in str(failed):
            return {}
        raise Rejected([unreadable(fleet, failed)]) from failed
    ids = iter([found[0] if found else "" for found in folders])
    return {commit: " ".join(islice(ids, len(FLEET_FOLDERS))) for commit in there}


def unknown(fleet: Path, revision: str) -> Diagnostic:
    """The finding about a revision that is no commit with the fleet in it."""
    message = f"{revision!r} is not a commit that holds this fleet"
    return error("B014", message, Place(str(fleet)), hint="in a shallow clone, fetch the commit first")


def unreadable(fleet: Path, failed: GitFailed) -> Diagnostic:
    """The finding about a repository that git cannot read."""
    return error("B013", f"git cannot read the fleet's repository: {failed}", Place(str(fleet)))
