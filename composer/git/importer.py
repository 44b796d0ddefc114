"""Writing many commits through one `git fast-import`: no worktree, no index, one pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType

from composer.git.ids import object_id
from composer.git.process import Process
from composer.git.repository import Repository

IDENTITY = "composer <composer@edge-composer.io>"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit to be: *tree* is what its files come to, *parent* is "" for the first of a branch.

    *date* is as Git writes it: "1700000000 +0100".
    """

    branch: str
    parent: str
    tree: str
    date: str
    message: str

    @property
    def id(self) -> str:
        """The id Git will give it."""
        parent = f"parent {self.parent}\n" if self.parent else ""
        signature = f"author {IDENTITY} {self.date}\ncommitter {IDENTITY} {self.date}\n"
        return object_id("commit", f"tree {self.tree}\n{parent}{signature}\n{self.message}".encode())


class Importer:
    """Takes commits; the branches move when *finish* is called. To be used in a `with` block.

    git moves a branch only to a descendant of where it stands then, so a branch that somebody else has moved
    stays where it is, and the others are not held up. Whoever wants to know looks at the branches afterwards.
    """

    def __init__(self, repository: Repository, lock: int) -> None:
        words = ("fast-import", "--quiet", "--done", "--depth=0", "--date-format=raw")
        self._process = Process(repository.command(*words), keep=(lock,))

    def __enter__(self) -> Importer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, value, trace)

    def add(self, commit: Commit, written: Mapping[str, bytes], removed: Iterable[str]) -> None:
        """One commit: its parent's tree, with these files written and those removed. Raises GitFailed."""
        message = commit.message.encode()
        parts = [
            f"commit refs/heads/{commit.branch}\n"
            f"author {IDENTITY} {commit.date}\ncommitter {IDENTITY} {commit.date}\n"
            f"data {len(message)}\n".encode(),
            message,
            f"\nfrom {commit.parent}\n".encode() if commit.parent else b"\n",
        ]
        parts += [b"D %s\n" % _quoted(path) for path in removed]
        for path, content in written.items():
            parts += (b"M 100644 inline %s\ndata %d\n" % (_quoted(path), len(content)), content, b"\n")
        try:
            self._process.input.write(b"".join(parts))
        except BrokenPipeError:
            raise self._process.failure() from None

    def finish(self) -> None:
        """Writes the pack and moves the branches. Raises GitFailed where any of them could not be moved."""
        try:
            self._process.input.write(b"done\n")
        except BrokenPipeError:
            raise self._process.failure() from None
        self._process.finish()


def _quoted(path: str) -> bytes:
    """The path as fast-import reads it whatever is in it: C-style quoted."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"%s"' % escaped.encode("utf-8", "surrogateescape")
