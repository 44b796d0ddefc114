"""Git notes: what is said of commits without changing them."""

from __future__ import annotations

from collections.abc import Mapping

from composer.git.ids import blob_id
from composer.git.importer import IDENTITY
from composer.git.process import run
from composer.git.repository import Repository

HYDRATOR = "refs/notes/hydrator.metadata"
"""Where GitOps Promoter looks for the commit that a hydrated commit is right for, when no new one was needed."""


def notes(repository: Repository, ref: str = HYDRATOR) -> Mapping[str, str]:
    """Commit -> the id of the note's content. Raises GitFailed."""
    with repository.reading() as objects:
        (tree,) = objects.objects([f"{ref}^{{tree}}"])
        if tree is None:
            return {}
        (listing,) = objects.trees([tree[0]])
    return {path.replace("/", ""): entry.id for path, entry in listing.items()}


def add_notes(repository: Repository, said: Mapping[str, bytes], date: str, ref: str = HYDRATOR) -> bool:
    """Has the note of each commit say this; whether any said something else. One commit, dated *date*. Raises GitFailed."""
    there = notes(repository, ref)
    new = {commit: content for commit, content in said.items() if there.get(commit) != blob_id(content)}
    if not new:
        return False
    message = b"Notes added by composer\n"
    parts = [f"commit {ref}\ncommitter {IDENTITY} {date}\ndata {len(message)}\n".encode(), message]
    parts += [f"from {ref}^0\n".encode()] if there else []
    for commit in sorted(new):
        parts.append(b"N inline %s\ndata %d\n%s\n" % (commit.encode(), len(new[commit]), new[commit]))
    words = ("fast-import", "--quiet", "--done", "--depth=0", "--date-format=raw")
    run(repository.command(*words), b"".join((*parts, b"done\n")))
    return True
