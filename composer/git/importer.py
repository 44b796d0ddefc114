"""Writing many commits through one `git fast-import`: no worktree, no index, one pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol

from composer.git.ids import object_id, tree_id
from composer.git.process import Process, run
from composer.git.repository import Repository
from composer.model.names import active_branch

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
        return object_id("commit", self.content)

    @property
    def content(self) -> bytes:
        """The object, without a signature."""
        parent = f"parent {self.parent}\n" if self.parent else ""
        signature = f"author {IDENTITY} {self.date}\ncommitter {IDENTITY} {self.date}\n"
        return f"tree {self.tree}\n{parent}{signature}\n{self.message}".encode()


ROOT = Commit("", "", tree_id({}), "0 +0000", "Nothing is promoted yet.\n")
"""Where the active branch of a new site stands, and the first commit of its proposed one: forges make no pull request between
branches that have nothing in common. Where commits are signed, this one is too; `is_root` knows it all the same."""


def is_root(content: bytes) -> bool:
    """Whether this is the content of ROOT, signed or not."""
    header, _, message = content.partition(b"\n\n")
    bare, _, _ = header.partition(b"\ngpgsig")
    return b"\n\n".join((bare, message)) == ROOT.content


class Signs(Protocol):
    """What signs commits."""

    def sign(self, repository: Repository, commits: Sequence[Commit]) -> list[str]:
        """Writes the commits with signatures, and gives their ids; their trees and parents are there. Raises GitFailed."""


class Importer:
    """Takes commits; the branches move when *finish* is called. To be used in a `with` block.

    git moves a branch only to a descendant of where it stands then, so a branch that somebody else has moved
    stays where it is, and the others are not held up. Whoever wants to know looks at the branches afterwards.

    With a *signer*, `seal` is to be called before `finish`: it writes each commit once more, signed. No branch ever stands
    at one without a signature.
    """

    def __init__(self, repository: Repository, lock: int, signer: Signs | None = None) -> None:
        self._repository = repository
        self._lock = lock
        self._signer = signer
        self._unsigned: list[Commit] = []
        self._starts: dict[str, str] = {}
        self._process = self._started()

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
        if self._signer:
            # Its trees are written; the branch goes back to where it was.
            parts.append(_reset(commit.branch, "" if self._begins(commit) else commit.parent))
            self._unsigned.append(commit)
        self._write(b"".join(parts))

    def start(self, branch: str) -> None:
        """Has a new branch stand at ROOT, once the others move. To be called before the branch that proposes it is added."""
        self._starts[branch] = ROOT.id

    def seal(self) -> Mapping[str, str]:
        """Signs all commits; gives the ids they have now, by those they would have had. Raises GitFailed; no branch has moved."""
        if self._signer is None:
            return {}
        self._end()
        root = self._signer.sign(self._repository, [ROOT])[0] if self._starts else ROOT.id
        commits = [replace(each, parent=root) if self._begins(each) else each for each in self._unsigned]
        ids = self._signer.sign(self._repository, commits)
        self._starts = dict.fromkeys(self._starts, root)
        self._pack([*([root] if self._starts else []), *ids])
        self._process = self._started()
        for commit, id_ in zip(commits, ids, strict=True):
            self._write(_reset(commit.branch, id_))
        return {commit.id: id_ for commit, id_ in zip(self._unsigned, ids, strict=True)}

    def _begins(self, commit: Commit) -> bool:
        """Whether the commit is the first one of a branch that begins with a new ROOT."""
        return active_branch(commit.branch) in self._starts

    def finish(self) -> None:
        """Writes the pack and moves the branches. Raises GitFailed where any of them could not be moved."""
        for branch, commit in self._starts.items():
            self._write(_reset(branch, commit))
        self._end()

    def _started(self) -> Process:
        words = ("fast-import", "--quiet", "--done", "--depth=0", "--date-format=raw")
        return Process(self._repository.command(*words), keep=(self._lock,))

    def _write(self, content: bytes) -> None:
        try:
            self._process.input.write(content)
        except BrokenPipeError:
            raise self._process.failure() from None

    def _end(self) -> None:
        self._write(b"done\n")
        self._process.finish()

    def _pack(self, commits: Iterable[str]) -> None:
        """Puts commits that are files of their own into one pack."""
        ids = "".join(f"{commit}\n" for commit in commits).encode()
        pack = self._repository.path / "objects/pack/pack"
        run(self._repository.command("pack-objects", "--quiet", "--depth=0", str(pack)), ids)
        run(self._repository.command("prune-packed", "--quiet"))


def write_root(repository: Repository) -> None:
    """Writes ROOT, at which no branch needs to stand. Raises GitFailed."""
    for kind, content in (("tree", b""), ("commit", ROOT.content)):
        run(repository.command("hash-object", "-w", "-t", kind, "--stdin"), content)


def _reset(branch: str, commit: str) -> bytes:
    """The branch at *commit*, or nowhere."""
    return f"reset refs/heads/{branch}\n{f'from {commit}' if commit else ''}\n".encode()


def _quoted(path: str) -> bytes:
    """The path as fast-import reads it whatever is in it: C-style quoted."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"%s"' % escaped.encode("utf-8", "surrogateescape")
