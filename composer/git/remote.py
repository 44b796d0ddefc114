"""A delivery repository on a server: its branches come to a mirror on this machine, and commits go from there to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from composer.git.process import GitFailed, run
from composer.git.repository import Repository

PROTOCOLS = ("file", "http", "https", "ssh")
"""What an address may begin with; `user@host:path` counts as ssh. Others, such as `ext::`, run programs."""

_NAME = "delivery"
_HEADS = "refs/heads/"
_TRACKED = f"refs/remotes/{_NAME}/"
_ALL = 0x7FFFFFFF
"""The depth that Git takes for all there is."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"[^/:]+@[^/:]+:|[^/:.]+(?:\.[^/:.]+)+:")

_MOVED = (
    *("stale info", "fetch first", "non-fast-forward", "needs force"),
    *("cannot lock ref", "incorrect old value provided", "failed to update ref", "reference already exists"),
)
"""What git says of a branch that somebody else moved: it can be tried again after rendering again."""


_DENIED = (
    *("error: 401", "error: 403", "Authentication failed", "could not read Username"),
    *("Permission denied", "access rights", "not permitted", "read-only", "read only", "service not enabled"),
)
"""What git and servers say where somebody may read and not write."""

_SILENT = "remote failed to report status"
"""What git says of a branch that the server gave no answer for."""

MOST_NAMED = 1000
"""Branches that a push names one by one. Git compares each with each, and a command line holds two megabytes."""


class Refusal(StrEnum):
    """Why a branch did not move: somebody else moved it, the push broke off before, the server does not want it, or the
    push broke off and nobody knows whether it moved.

    After all but FINAL, it can be tried again; after MOVED only once it was compared anew.
    """

    MOVED = "moved"
    BROKEN = "broken"
    FINAL = "final"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Refused:
    """A branch that the server did not move, and the reason in its words."""

    kind: Refusal
    reason: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A delivery repository elsewhere. *protocol* is one of PROTOCOLS, or what else the address begins with."""

    address: str
    protocol: str

    @property
    def is_allowed(self) -> bool:
        return self.protocol in PROTOCOLS

    def words(self, *words: str) -> list[str]:
        """Git's arguments for a command that knows the remote by a name, as no address can be an option then."""
        return [
            *("-c", f"remote.{_NAME}.url={self.address}", "-c", f"remote.{_NAME}.fetch=+{_HEADS}*:{_TRACKED}*"),
            *("-c", f"remote.{_NAME}.tagOpt=--no-tags", *words),
        ]


def remote_of(address: str) -> Remote | None:
    """The remote that *address* names, or None where it is a path on this machine."""
    if "::" in address:
        return Remote(address, f"{address.partition('::')[0]}::")
    scheme = _SCHEME.match(address)
    if scheme and address.startswith("//", scheme.end()):
        return Remote(address, scheme[1].lower())
    return Remote(address, "ssh") if _HOST.match(address) else None


def fetch(mirror: Repository, remote: Remote) -> None:
    """Brings the mirror's branches, and what is known of the remote's, to where the remote's stand. Raises GitFailed.

    Only the last commit of each branch is fetched: more is not needed to put one on top.
    """
    refs = (f"+{_HEADS}*:{_HEADS}*", f"+{_HEADS}*:{_TRACKED}*")
    words = ("--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--no-recurse-submodules")
    try:
        _run(mirror, remote, "fetch", *words, "--depth=1", "--", _NAME, *refs)
    except GitFailed:
        # Of a repository without branches git cannot fetch the last commits, and says nothing but that it failed.
        if _remote_heads(mirror, remote) != {}:
            raise
        _run(mirror, remote, "fetch", *words, "--", _NAME, *refs)


def deepen(mirror: Repository, remote: Remote, branches: Sequence[str]) -> None:
    """Fetches all commits of these branches, which come to where they stand at the remote now. Raises GitFailed."""
    refs = "".join(
        f"+{_HEADS}{branch}:{prefix}{branch}\n" for branch in branches for prefix in (_HEADS, _TRACKED)
    ).encode("utf-8", "surrogateescape")
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", f"--depth={_ALL}")
    _run(mirror, remote, "fetch", *words, "--stdin", "--", _NAME, content=refs)


def push(mirror: Repository, remote: Remote) -> Mapping[str, Refused]:
    """Pushes every branch of the mirror that moved since it was fetched; gives those that the remote did not take.

    All go over one connection, each with a lease: on the condition that the remote's branch still stands where it stood
    when it was fetched. A push that is cut off leaves every branch as it was or as it should be; where the answer for a branch
    is missing, the remote is asked where it stands.
    """
    before = _moved(mirror)
    if not before:
        return {}
    return _pushed(mirror, remote, before, *_leases(before, _refs(mirror, _TRACKED)))


def delete(mirror: Repository, remote: Remote, branches: Mapping[str, str]) -> Mapping[str, Refused]:
    """Deletes these branches (branch -> the commit it has to stand at) from the remote; gives those that it did not take."""
    leases = [f"--force-with-lease={_HEADS}{branch}:{commit}" for branch, commit in sorted(branches.items())]
    return _pushed(
        mirror, remote, dict.fromkeys(branches, ""), leases, [f":{_HEADS}{name}" for name in sorted(branches)]
    )


def _pushed(
    mirror: Repository, remote: Remote, wanted: Mapping[str, str], leases: Sequence[str], refs: Sequence[str]
) -> Mapping[str, Refused]:
    """The branches that did not come to where they are wanted (branch -> commit, "" for none)."""
    words = ("--porcelain", "--no-follow-tags", "--no-verify", "--no-signed", "--no-recurse-submodules")
    try:
        answer = _run(mirror, remote, "push", *words, *leases, "--", _NAME, *refs)
        problem = ""
    except GitFailed as failed:
        answer, problem = failed.output, str(failed)
    said = dict(_answers(answer.decode("utf-8", "surrogateescape")))
    missing = wanted.keys() - said.keys() if problem else set()
    stand = _remote_heads(mirror, remote) if missing else {}
    for branch in sorted(missing):
        if stand is None or stand.get(branch, "") != wanted[branch]:
            said[branch] = Refused(_unanswered(problem, stand), problem)
    return {branch: refused for branch, refused in said.items() if refused is not None and branch in wanted}


def fetch_notes(mirror: Repository, remote: Remote, ref: str) -> None:
    """Brings the mirror's notes at *ref* to what the remote's are; there need be none. Raises GitFailed."""
    if not _run(mirror, remote, "ls-remote", "--quiet", "--", _NAME, ref):
        run(mirror.command("update-ref", "-d", ref))
        return
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--depth=1")
    _run(mirror, remote, "fetch", *words, "--", _NAME, f"+{ref}:{ref}")


def push_notes(mirror: Repository, remote: Remote, ref: str) -> None:
    """Pushes the notes at *ref*. Raises GitFailed, also where somebody else's came in since they were fetched."""
    words = ("--quiet", "--no-follow-tags", "--no-verify", "--no-signed", "--no-recurse-submodules")
    _run(mirror, remote, "push", *words, "--", _NAME, f"{ref}:{ref}")


def _unanswered(problem: str, stand: Mapping[str, str] | None) -> Refusal:
    """What kept a branch that the server said nothing of; *stand* is where its branches stand, if it says that."""
    if any(words in problem for words in _DENIED):
        return Refusal.FINAL
    return Refusal.UNKNOWN if stand is None else Refusal.BROKEN


def _leases(moved: Mapping[str, str], there: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Git's arguments for what must hold and what is pushed: each branch by name with the commit it has to stand at ("": it
    must not exist), or of very many all that moved, with what was fetched as the condition."""
    if len(moved) > MOST_NAMED:
        return ["--force-with-lease"], [f"{_HEADS}*:{_HEADS}*"]
    leases = [f"--force-with-lease={_HEADS}{branch}:{there.get(branch, '')}" for branch in sorted(moved)]
    return leases, [f"{_HEADS}{branch}:{_HEADS}{branch}" for branch in sorted(moved)]


def _moved(mirror: Repository) -> dict[str, str]:
    """Branch -> commit, for the branches that stand elsewhere than the remote's did."""
    here, there = (_refs(mirror, prefix) for prefix in (_HEADS, _TRACKED))
    return {branch: commit for branch, commit in here.items() if there.get(branch) != commit}


def _refs(mirror: Repository, prefix: str) -> dict[str, str]:
    listing = run(mirror.command("for-each-ref", "--format=%(objectname) %(refname)", prefix))
    return _parsed(listing, prefix)


def _remote_heads(mirror: Repository, remote: Remote) -> dict[str, str] | None:
    """Where the remote's branches stand; None where it cannot be asked."""
    with suppress(GitFailed):
        listing = _run(mirror, remote, "ls-remote", "--quiet", "--heads", "--", _NAME)
        return _parsed(listing.replace(b"\t", b" "), _HEADS)
    return None


def _parsed(listing: bytes, prefix: str) -> dict[str, str]:
    lines = (line.partition(" ") for line in listing.decode("utf-8", "surrogateescape").splitlines())
    return {name.removeprefix(prefix): commit for commit, _, name in lines}


def _answers(porcelain: str) -> Iterator[tuple[str, Refused | None]]:
    """Each branch that the push gave an answer for: None where it moved. Lines are `flag TAB from:to TAB summary (reason)`."""
    for line in porcelain.splitlines():
        flag, _, rest = line.partition("\t")
        refs, _, summary = rest.partition("\t")
        branch = refs.rpartition(":")[2].removeprefix(_HEADS)
        if flag == "!" and summary.endswith(f"({_SILENT})"):
            continue
        if flag == "!":
            yield branch, _refused(summary)
        elif rest:
            yield branch, None


def _refused(summary: str) -> Refused:
    reason = summary.rpartition("(")[2].removesuffix(")") if "(" in summary else summary
    moved = any(words in reason for words in _MOVED)
    return Refused(Refusal.MOVED if moved else Refusal.FINAL, reason)


def _run(mirror: Repository, remote: Remote, *words: str, content: bytes = b"") -> bytes:
    command = mirror.command(*remote.words(*words))
    return run(command, content, own=True, keep=mirror.kept, GIT_ALLOW_PROTOCOL=remote.protocol)
