"""Where others find the commit that a checkout stands at."""

from __future__ import annotations

from pathlib import Path

from composer.git.process import GitFailed, in_source, run


def pushed_commit(folder: Path) -> tuple[str, str] | None:
    """The address that a checkout was cloned from, and the commit it stands at, as far as that was seen there; else None.

    A folder within a checkout is none.
    """
    try:
        inside = _git(folder, "rev-parse", "--show-prefix")
        address = _git(folder, "config", "--get", "remote.origin.url")
        commit = _git(folder, "rev-parse", "--verify", "HEAD")
        seen = _git(folder, "for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes/origin")
    except GitFailed:
        return None
    return (address, commit) if seen and not inside else None


def _git(folder: Path, *words: str) -> str:
    return run(in_source(folder, *words), own=True).decode("utf-8", "surrogateescape").removesuffix("\n")
