"""Signing commits and checking signatures, with the key and the trust that Git's configuration around the fleet names.

Git reads the fleet's and the person's configuration, and the delivery repository's objects alone: whatever somebody
planted in that one's configuration names no key, no program and no list of signers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from composer.git.commits import CommitObject
from composer.git.importer import IDENTITY, Commit
from composer.git.process import GitFailed, in_source, run
from composer.git.repository import Repository

_AT_ONCE = 500
"""Commits that one git looks at: so few that their ids fit on a command line."""

_FIELDS = "%H%x00%G?%x00%GF%x00%GS"


class Trust(StrEnum):
    """What is known of a commit's signature. Only `GOOD` means that a key that is trusted made it for this commit."""

    UNSIGNED = "unsigned"
    GOOD = "good"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    BAD = "bad"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature: what is known of it, who made it, and the key's fingerprint, "" where Git does not tell."""

    trust: Trust
    signer: str = ""
    key: str = ""


NO_SIGNATURE = Signature(Trust.UNSIGNED)

_TRUST = {
    "G": Trust.GOOD,
    "U": Trust.UNTRUSTED,
    "X": Trust.EXPIRED,
    "Y": Trust.EXPIRED,
    "R": Trust.REVOKED,
    "B": Trust.BAD,
}
"""Git's letter -> what it says. Any other: the key is not there, or no list of signers is."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with what `user.signingKey` and `gpg.format` say in the repository around *folder*, by *jobs* processes at a time."""

    folder: Path
    jobs: int = 1

    def sign(self, repository: Repository, commits: Sequence[Commit]) -> list[str]:
        """Writes the commits with signatures, and gives their ids; their trees and parents are there. Raises GitFailed."""
        # The first one alone: whoever has to be asked for the words of a key is asked once.
        first = [self._sign(repository, commit) for commit in commits[:1]]
        with ThreadPoolExecutor(self.jobs) as pool:
            return [*first, *pool.map(lambda commit: self._sign(repository, commit), commits[1:])]

    def _sign(self, repository: Repository, commit: Commit) -> str:
        name, _, address = IDENTITY.removesuffix(">").partition(" <")
        who = {f"GIT_{role}_{what}": text for role in _ROLES for what, text in (("NAME", name), ("EMAIL", address))}
        dates = {f"GIT_{role}_DATE": f"@{commit.date}" for role in _ROLES}
        parent = ("-p", commit.parent) if commit.parent else ()
        words = ("-c", "i18n.commitEncoding=UTF-8", "commit-tree", "-S", *parent, commit.tree)
        made = run(
            _command(self.folder, repository, *words), commit.message.encode(), own=True, keep=(), **who, **dates
        )
        return made.decode().strip()


_ROLES = ("AUTHOR", "COMMITTER")


def signer_of(folder: Path, jobs: int = 1) -> Signer | None:
    """The signer that `commit.gpgSign` asks for around *folder*; None where it asks for none, or there is no repository.

    Raises GitFailed.
    """
    try:
        run(in_source(folder, "rev-parse", "--git-dir"), own=True)
    except GitFailed as failed:
        if "not a git repository" in str(failed):
            return None
        raise
    words = ("config", "--type=bool", "--default=false", "--get", "commit.gpgSign")
    return Signer(folder, jobs) if run(in_source(folder, *words), own=True) == b"true\n" else None


def signatures(
    folder: Path, repository: Repository, commits: Sequence[CommitObject], allowed: Path | None = None
) -> Mapping[str, Signature]:
    """Commit -> its signature, as Git judges it by the configuration around *folder*.

    *allowed* lists who may sign with which SSH key, instead of what `gpg.ssh.allowedSignersFile` says.
    """
    found = {commit.id: NO_SIGNATURE for commit in commits}
    signed = [commit.id for commit in commits if commit.is_signed]
    options = ("-c", f"gpg.ssh.allowedSignersFile={allowed}") if allowed else ()
    for start in range(0, len(signed), _AT_ONCE):
        found |= _checked(folder, repository, signed[start : start + _AT_ONCE], options)
    return found


def _checked(
    folder: Path, repository: Repository, commits: Sequence[str], options: Sequence[str]
) -> dict[str, Signature]:
    found = dict.fromkeys(commits, Signature(Trust.UNCHECKED))
    words = ("log", "--no-walk=unsorted", "--stdin", "--no-patch", "--no-show-signature", f"--format={_FIELDS}")
    try:
        asked = "".join(f"{commit}\n" for commit in commits).encode()
        listing = run(_command(folder, repository, *options, *words), asked, own=True)
    except GitFailed:
        return found
    for line in listing.decode("utf-8", "replace").split("\n")[:-1]:
        commit, letter, key, signer = line.split("\0", 3)
        found[commit] = Signature(_TRUST.get(letter, Trust.UNCHECKED), signer, key)
    # Of keys without a known owner Git itself decides, by gpg.minTrustLevel.
    unknown = [commit for commit in commits if found[commit].trust is Trust.UNTRUSTED]
    for commit in _accepted(folder, repository, unknown, options):
        found[commit] = Signature(Trust.GOOD, found[commit].signer, found[commit].key)
    return found


def _accepted(folder: Path, repository: Repository, commits: Sequence[str], options: Sequence[str]) -> Sequence[str]:
    """Those of the commits that `git verify-commit` accepts: asked at once, and one by one where it refuses any."""
    if not commits:
        return ()
    try:
        run(_command(folder, repository, *options, "verify-commit", *commits), own=True)
    except GitFailed:
        if len(commits) == 1:
            return ()
        return [c for commit in commits for c in _accepted(folder, repository, [commit], options)]
    return commits


def _command(folder: Path, repository: Repository, *words: str) -> list[str]:
    """A command with the configuration around *folder*, and the delivery repository's objects."""
    return ["env", f"GIT_OBJECT_DIRECTORY={repository.path / 'objects'}", *in_source(folder, *words)]
