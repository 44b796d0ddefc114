"""What is known of how far a cluster is with its site's branch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a cluster stands with a branch, the worst first."""

    UNREACHABLE = "unreachable"
    FAILED = "failed"
    MISSING = "not found"
    OLDER = "older"
    BEHIND = "behind"
    DRIFTED = "drifted"
    SUSPENDED = "suspended"
    UNPUBLISHED = "unpublished"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One of the objects that deliver a branch. *revision* is what it applied, *behind* how many commits that is below the
    branch's head (None: not known, or none)."""

    kind: str
    namespace: str
    name: str
    state: State
    revision: str = ""
    behind: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """A site: its *context*, its *branch* and the commit that stands at ("" where it has none), and all that delivers it."""

    site: str
    context: str
    branch: str
    head: str
    state: State
    message: str = ""
    delivered: tuple[Delivered, ...] = ()

    @property
    def behind(self) -> int | None:
        """The most commits that something is behind."""
        return max((each.behind for each in self.delivered if each.behind), default=None)
