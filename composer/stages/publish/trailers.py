"""What the composer's commits say of themselves, in the last lines of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from composer.git.repository import Head

TRAILERS = ("Composer-Site", "Composer-Version", "Composer-Source", "Composer-Tree")
"""What every commit of the composer says."""

HELD = "Composer-Held"
"""Says which earlier commit the site was rolled back to; it is held there while its branch's last commit says so."""

HUB = "Composer-Hub"
"""Says where the branches of hubs stood to which the site told something new with this commit: `hub-eu 0123abcd..., top -`."""


def hubs_text(told: Sequence[tuple[str, str]]) -> str:
    """Hubs, each with the commit its branch stood at ("" where there was none), as the trailer's value."""
    return ", ".join(f"{hub} {stood or '-'}" for hub, stood in told)


def hubs_told(trailers: Mapping[str, str]) -> dict[str, str]:
    """What `hubs_text` was made of."""
    pairs = (part.split(" ") for part in trailers.get(HUB, "").split(", ") if part.count(" ") == 1)
    return {hub: "" if stood == "-" else stood for hub, stood in pairs}


def trailers_of(commit: bytes) -> dict[str, str]:
    """The composer's trailers in a commit object."""
    message = commit.partition(b"\n\n")[2].decode("utf-8", "replace")
    last = message.strip().rpartition("\n\n")[2]
    pairs = (line.partition(": ") for line in last.splitlines())
    return {key: value.strip() for key, _, value in pairs if key in (*TRAILERS, HELD, HUB)}


def describe(head: Head, commit: bytes) -> str:
    """A commit for people: id, author and subject, in printable characters."""
    header, _, message = commit.partition(b"\n\n")
    author = next((line[7:] for line in header.splitlines() if line.startswith(b"author ")), b"").partition(b" <")[0]
    subject = message.strip().partition(b"\n")[0]
    text = f"{head.commit[:12]} by {author.decode('utf-8', 'replace')}: {subject.decode('utf-8', 'replace')}"
    return "".join(character if character.isprintable() else "?" for character in text)[:200]
