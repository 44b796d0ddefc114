"""What a commit object says, and the commits below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from composer.git.batch import Batch


@dataclass(frozen=True, slots=True)
class CommitObject:
    """A commit as it is stored. *author* and *committer* are "name <address>", *date* is the committer's, as Git writes it."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: str
    committer: str
    date: str
    message: str
    is_signed: bool
    content: bytes = field(repr=False)


def read_commit(id_: str, content: bytes) -> CommitObject:
    """The commit of this content. Lines of the header that go on, as signatures do, are not read."""
    header, _, message = content.decode("utf-8", "replace").partition("\n\n")
    pairs = [line.partition(" ")[::2] for line in header.split("\n") if not line.startswith(" ")]
    first = dict(reversed(pairs))
    committer, date = _identity(first.get("committer", ""))
    return CommitObject(
        id_,
        first.get("tree", ""),
        tuple(value for key, value in pairs if key == "parent"),
        _identity(first.get("author", ""))[0],
        committer,
        date,
        message,
        any(key in ("gpgsig", "gpgsig-sha256") for key, _ in pairs),
        content,
    )


def ancestors(objects: Batch, tip: str) -> Iterator[CommitObject]:
    """The commit *tip* and its first parents, one after the other, as far as the repository has them."""
    waiting = tip
    while waiting:
        (found,) = objects.objects([waiting])
        if found is None:
            return
        commit = read_commit(*found)
        yield commit
        waiting = commit.parents[0] if commit.parents else ""


def _identity(line: str) -> tuple[str, str]:
    """Person and date of a line such as "Jane <jane@example.com> 1700000000 +0100"."""
    person, _, date = line.rpartition("> ")
    return (f"{person}>", date) if person else (line, "0 +0000")
