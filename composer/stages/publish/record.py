"""What a branch says of itself: the composer's last commit, and what others put on top of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from composer.git.batch import Batch
from composer.git.commits import CommitObject, ancestors
from composer.git.importer import IDENTITY
from composer.git.repository import Head
from composer.stages.publish.trailers import HELD, TRAILERS, trailers_of

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, eq=False)
class Record:
    """A site's branch by its commits. *last* is the composer's last one, or None where none was found.

    *above* are the commits of others on top of it, newest first. *cut* tells that the repository does not hold the commits
    below those.
    """

    site: str
    branch: str
    head: Head
    last: CommitObject | None
    above: tuple[CommitObject, ...]
    cut: bool

    @property
    def tip(self) -> CommitObject:
        """The branch's last commit, whoever made it."""
        tip = self.above[0] if self.above else self.last
        assert tip
        return tip

    @cached_property
    def trailers(self) -> Mapping[str, str]:
        """What the composer's last commit says; nothing where there is none."""
        return trailers_of(self.last.content) if self.last else {}

    @property
    def source(self) -> str:
        """The commit of the fleet that it names, "" where it names none."""
        commit = self.trailers.get("Composer-Source", "").removesuffix("-dirty")
        return commit if _COMMIT.fullmatch(commit) else ""

    @property
    def is_dirty(self) -> bool:
        """Whether it was rendered from files that its source commit does not hold."""
        return not self.source or self.trailers["Composer-Source"].endswith("-dirty")

    @property
    def version(self) -> str:
        """The version of the composer that made it."""
        return self.trailers.get("Composer-Version", "")

    @property
    def held(self) -> str:
        """The commit that the site was rolled back to and is held at, "" where it is not held."""
        return self.trailers.get(HELD, "")


def read_record(objects: Batch, site: str, branch: str, head: Head) -> Record:
    """The record of a site's branch; its head is always read, what lies below only as far as others put something on top."""
    above: list[CommitObject] = []
    for commit in ancestors(objects, head.commit):
        if is_composers(commit, site):
            return Record(site, branch, head, commit, tuple(above), cut=False)
        above.append(commit)
    return Record(site, branch, head, None, tuple(above), cut=bool(above and above[-1].parents))


def is_composers(commit: CommitObject, site: str) -> bool:
    """Whether the composer made the commit for this site, as far as the commit itself tells."""
    trailers = trailers_of(commit.content)
    told = trailers.get("Composer-Site") == site and all(trailer in trailers for trailer in TRAILERS)
    return told and commit.author == commit.committer == IDENTITY and len(commit.parents) < 2
