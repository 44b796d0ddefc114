"""The delivery repository: opening it, making it, and where its branches stand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.git.ids import object_id, tree_without
from composer.git.process import GitFailed, in_delivery, run
from composer.model.names import active_branch

METADATA = "hydrator.metadata"
"""The file on a proposed branch that tells GitOps Promoter which commit it was rendered from. It is no part of a site's files:
where they stay the same, it does too."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare delivery repository on this machine; *path* is absolute.

    *kept* is the descriptor of a lock that commands which talk to a server hold on to, however the composer ends.
    """

    path: Path
    kept: tuple[int, ...] = field(default=(), compare=False)

    @property
    def place(self) -> Place:
        return Place(str(self.path))

    def command(self, *words: str) -> list[str]:
        return in_delivery(self.path, *words)

    def reading(self) -> Batch:
        """Its objects, for a `with` block."""
        return Batch(self.command("cat-file", "--batch"))


class Head(NamedTuple):
    """Where a branch stands: the id of its last commit, and of the tree in it (of a proposed branch, without METADATA)."""

    commit: str
    tree: str


def open_repository(path: Path) -> Repository:
    """The delivery repository at *path*. Raises Rejected where there is none that can be used."""
    repository = Repository(path.resolve())
    try:
        answer = run(repository.command("rev-parse", "--is-bare-repository", "--show-object-format"))
    except GitFailed as failed:
        raise Rejected([_unusable(repository, str(failed))]) from failed
    bare, form = answer.decode().split()
    if bare != "true":
        raise Rejected([_unusable(repository, "it has a working copy; a delivery repository is bare")])
    if form != "sha1":
        raise Rejected([_unusable(repository, f"its object ids are {form}, and the composer works with sha1")])
    return repository


def create_repository(path: Path) -> Repository:
    """The delivery repository at *path*, made where there is nothing yet (or an empty folder)."""
    path = path.resolve()
    if path.is_dir() and any(path.iterdir()):
        return open_repository(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    except (OSError, GitFailed) as problem:
        raise Rejected([_unusable(Repository(path), str(problem))]) from problem
    return open_repository(path)


def _make(path: Path) -> None:
    """Made beside its place and then moved there, so that half a repository is never found."""
    staged = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        run(in_delivery(staged, "init", "--quiet", "--bare", "--template=", "--initial-branch=main"))
        staged.chmod(0o777 & ~_umask())
        staged.rename(path)
    except OSError:
        # Somebody else may have made it in the meantime; whether it can be used is seen when it is opened.
        if not path.is_dir():
            raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _umask() -> int:
    """The mask for new files; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def heads(repository: Repository, *patterns: str) -> Mapping[str, Head]:
    """Branch -> Head, for the branches below each pattern ("site/" for all sites; none for every branch)."""
    references = [f"refs/heads/{pattern}" for pattern in patterns or ("",)]
    form = "--format=%(objectname) %(tree) %(refname)"
    found = {}
    for line in (
        run(repository.command("for-each-ref", form, *references)).decode("utf-8", "surrogateescape").splitlines()
    ):
        commit, tree, name = line.split(" ", 2)
        found[name.removeprefix("refs/heads/")] = Head(commit, tree)
    return found | _hydrated(repository, {name: head for name, head in found.items() if active_branch(name)})


def _hydrated(repository: Repository, proposed: Mapping[str, Head]) -> dict[str, Head]:
    """The heads of proposed branches, each with the tree as it would be without METADATA: that stands for the files alone."""
    if not proposed:
        return {}
    with repository.reading() as objects:
        roots = objects.contents([head.tree for head in proposed.values()])
    trees = (object_id("tree", tree_without(root, METADATA)) for root in roots)
    return {name: Head(head.commit, tree) for (name, head), tree in zip(proposed.items(), trees, strict=True)}


def remove_branch(repository: Repository, branch: str, commit: str) -> None:
    """Removes a branch that stands at *commit*. Raises GitFailed, also where it stands elsewhere."""
    run(repository.command("update-ref", "-d", f"refs/heads/{branch}", commit))


def pack_branches(repository: Repository, lock: int) -> None:
    """Has all branches stand in one file, which git reads faster than one for each. A repository that does not want it is as
    good without; *lock* is held for as long as it takes.
    """
    with suppress(GitFailed):
        run(repository.command("pack-refs", "--all"), keep=(lock,))


def damage(repository: Repository) -> str:
    """What `git fsck` finds wrong with the repository, "" where it is sound."""
    try:
        run(repository.command("fsck", "--full", "--strict", "--no-dangling", "--no-progress"))
    except GitFailed as failed:
        return str(failed)
    return ""


def _unusable(repository: Repository, why: str) -> Diagnostic:
    message = f"the delivery repository cannot be used: {why}"
    return error("B010", message, repository.place, hint="delivery.repository in fleet.yaml says where it is")
