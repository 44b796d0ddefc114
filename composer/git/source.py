"""The commit a fleet is rendered from, and the fleet as it was at another commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.git.commits import CommitObject, read_commit
from composer.git.ids import FILE
from composer.git.process import GitFailed, in_source, run

FLEET_FOLDERS = ("sites", "blueprints", "schemas")
_RECORDED = ".yaml"
_LINK = "120000"
_EXECUTABLE = "100755"


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
        raise Rejected([_unreadable(fleet, failed)]) from failed
    return Source(commit[0], _date(commit[1]), changed)


def commit_of(fleet: Path, commit: str) -> CommitObject:
    """What a commit of the fleet's repository says. Raises Rejected where there is no such commit."""
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            (found,) = objects.objects([f"{commit}^{{commit}}"])
    except GitFailed as failed:
        raise Rejected([_unreadable(fleet, failed)]) from failed
    if found is None:
        raise Rejected([_unknown(fleet, commit)])
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


def export(fleet: Path, revision: str, target: Path) -> str:
    """Writes the fleet as it was at *revision* into the empty folder *target*; gives the id of that commit.

    Raises Rejected where there is no such revision, or no fleet in it.
    """
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            names = [f"{revision}^{{commit}}", *(f"{revision}:./{folder}" for folder in FLEET_FOLDERS)]
            if "\n" in revision:
                raise Rejected([_unknown(fleet, revision)])
            commit, *folders = objects.objects(names)
            if commit is None or folders[0] is None:
                raise Rejected([_unknown(fleet, revision)])
            for name, folder in zip(FLEET_FOLDERS, folders, strict=True):
                if folder:
                    _write(objects, folder[0], target / name)
    except GitFailed as failed:
        raise Rejected([_unreadable(fleet, failed)]) from failed
    return commit[0]


def missing_commits(fleet: Path, commits: Sequence[str]) -> frozenset[str]:
    """Those of the commits (full ids) that the fleet's repository does not have; all, where it has no repository."""
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            found = objects.objects([f"{commit}^{{commit}}" for commit in commits])
    except GitFailed as failed:
        if "not a git repository" in str(failed):
            return frozenset(commits)
        raise Rejected([_unreadable(fleet, failed)]) from failed
    return frozenset(commit for commit, there in zip(commits, found, strict=True) if there is None)


def _write(objects: Batch, tree: str, target: Path) -> None:
    """A tree's files, then its links, so that no file is written through one; submodules are left out."""
    (listing,) = objects.trees([tree])
    for wanted in ((FILE, _EXECUTABLE), (_LINK,)):
        chosen = {path: entry.id for path, entry in listing.items() if entry.mode in wanted}
        for path, content in zip(chosen, objects.contents(list(chosen.values())), strict=True):
            place = target / PurePosixPath(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if wanted == (_LINK,):
                place.symlink_to(content.decode("utf-8", "surrogateescape"))
            else:
                place.write_bytes(content)


def _unknown(fleet: Path, revision: str) -> Diagnostic:
    message = f"{revision!r} is not a commit that holds this fleet"
    return error("B014", message, Place(str(fleet)), hint="in a shallow clone, fetch the commit first")


def _unreadable(fleet: Path, failed: GitFailed) -> Diagnostic:
    return error("B013", f"git cannot read the fleet's repository: {failed}", Place(str(fleet)))
