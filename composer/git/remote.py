"""A delivery repository on a server: its branches come to a mirror on this machine, and commits go from there to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from composer.git.process import GitFailed, run
from composer.git.repository import Repository

PROTOCOLS = ("file", "http", "https", "ssh")
"""What an address may begin with; `user@host:path` counts as ssh. Others, such as `ext::`, run programs."""

NAME = "delivery"
HEADS = "refs/heads/"
TRACKED = f"refs/remotes/{NAME}/"
_ALL = 0x7FFFFFFF
"""The depth that Git takes for all there is."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"[^/:]+@[^/:]+:|[^/:.]+(?:\.[^/:.]+)+:")


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
            *("-c", f"remote.{NAME}.url={self.address}", "-c", f"remote.{NAME}.fetch=+{HEADS}*:{TRACKED}*"),
            *("-c", f"remote.{NAME}.tagOpt=--no-tags", *words),
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
    refs = (f"+{HEADS}*:{HEADS}*", f"+{HEADS}*:{TRACKED}*")
    words = ("--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--no-recurse-submodules")
    try:
        run_with(mirror, remote, "fetch", *words, "--depth=1", "--", NAME, *refs)
    except GitFailed:
        # Of a repository without branches git cannot fetch the last commits, and says nothing but that it failed.
        if heads_at(mirror, remote) != {}:
            raise
        run_with(mirror, remote, "fetch", *words, "--", NAME, *refs)


def deepen(mirror: Repository, remote: Remote, branches: Sequence[str]) -> None:
    """Fetches all commits of these branches, which come to where they stand at the remote now. Raises GitFailed."""
    refs = "".join(f"+{HEADS}{branch}:{prefix}{branch}\n" for branch in branches for prefix in (HEADS, TRACKED)).encode(
        "utf-8", "surrogateescape"
    )
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", f"--depth={_ALL}")
    run_with(mirror, remote, "fetch", *words, "--stdin", "--", NAME, content=refs)


def fetch_notes(mirror: Repository, remote: Remote, ref: str) -> None:
    """Brings the mirror's notes at *ref* to what the remote's are; there need be none. Raises GitFailed."""
    if not run_with(mirror, remote, "ls-remote", "--quiet", "--", NAME, ref):
        run(mirror.command("update-ref", "-d", ref))
        return
    words = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--depth=1")
    run_with(mirror, remote, "fetch", *words, "--", NAME, f"+{ref}:{ref}")


def push_notes(mirror: Repository, remote: Remote, ref: str) -> None:
    """Pushes the notes at *ref*. Raises GitFailed, also where somebody else's came in since they were fetched."""
    words = ("--quiet", "--no-follow-tags", "--no-verify", "--no-signed", "--no-recurse-submodules")
    run_with(mirror, remote, "push", *words, "--", NAME, f"{ref}:{ref}")


def refs_of(mirror: Repository, prefix: str) -> dict[str, str]:
    """Branch -> commit: the mirror's own branches (HEADS), or where those of its remote stood (TRACKED)."""
    listing = run(mirror.command("for-each-ref", "--format=%(objectname) %(refname)", prefix))
    return _parsed(listing, prefix)


def heads_at(mirror: Repository, remote: Remote) -> dict[str, str] | None:
    """Where the remote's branches stand; None where it cannot be asked."""
    with suppress(GitFailed):
        listing = run_with(mirror, remote, "ls-remote", "--quiet", "--heads", "--", NAME)
        return _parsed(listing.replace(b"\t", b" "), HEADS)
    return None


def _parsed(listing: bytes, prefix: str) -> dict[str, str]:
    lines = (line.partition(" ") for line in listing.decode("utf-8", "surrogateescape").splitlines())
    return {name.removeprefix(prefix): commit for commit, _, name in lines}


def run_with(mirror: Repository, remote: Remote, *words: str, content: bytes = b"") -> bytes:
    command = mirror.command(*remote.words(*words))
    return run(command, content, own=True, keep=mirror.kept, GIT_ALLOW_PROTOCOL=remote.protocol)
