"""The difference between an object on a branch and the one that is to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

HIDDEN = "(hidden)"
"""Stands for every value of a Secret."""

CHECKSUM = "(checksum)"
"""Stands for a checksum in an annotation, which changes whenever what it is taken of does."""


class Action(StrEnum):
    """What happens to an object or a field."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Risk(StrEnum):
    """Why a change needs a second look, the worst first."""

    NAMESPACE = "namespace"
    DATA = "data"
    IMMUTABLE = "immutable"
    DELETES = "deletes"
    GRANTS = "grants"
    RESTARTS = "restarts"
    QUOTA = "quota"
    CAPACITY = "capacity"


class Identity(NamedTuple):
    """Which object; a cluster holds one of each identity. *name* is the file's path where it is no object."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if "." in self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


def is_lock(identity: Identity) -> bool:
    """Whether it is the composer's own file on a branch, which no cluster ever sees."""
    return (identity.group, identity.kind) == ("edge-composer.io", "Lock")


Steps = tuple[str | int, ...]
"""The way to a field: keys and list indexes; a list item that has a name of its own is "[name=value]"."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place where a text differs: *lines* begin with "-", "+" or, around them, a space; *line* is the first's number."""

    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FieldChange:
    """One field that differs. *old* is None where it is added, *new* where it is removed.

    A text of several lines that became another one has *hunks* instead of both.
    """

    action: Action
    steps: Steps
    old: Any = None
    new: Any = None
    hunks: tuple[Hunk, ...] = ()

    @property
    def path(self) -> str:
        """The field as people write it: "spec.template.spec.containers[name=broker].image"."""
        return path_text(self.steps)


@dataclass(frozen=True, slots=True)
class Danger:
    """A risk, and in words what it comes to; *field* is the field it lies in, "" for the whole object."""

    risk: Risk
    message: str
    field: str = ""


@dataclass(frozen=True, eq=False)
class Change:
    """An object that differs; *path* is its file on the branch, *tenant* whose it is ("" for the platform).

    Only a changed object has *fields*.
    """

    action: Action
    identity: Identity
    path: str
    fields: tuple[FieldChange, ...] = ()
    dangers: tuple[Danger, ...] = ()
    tenant: str = ""


@dataclass(frozen=True, eq=False)
class SiteDiff:
    """What publishing a site would change. *old* and *new* are the files that differ, path -> content.

    *changes* can be empty although files differ: then it is only bookkeeping of the composer.
    """

    site: str
    branch: str
    changes: tuple[Change, ...]
    old: Mapping[str, bytes] = field(repr=False)
    new: Mapping[str, bytes] = field(repr=False)


def below(steps: Steps, root: Steps) -> bool:
    """Whether a field is the one at *root*, or lies in it."""
    return steps[: len(root)] == root


def path_text(steps: Steps) -> str:
    """The steps as people write them: keys with dots in brackets, indexes as numbers."""
    text = ""
    for step in steps:
        if isinstance(step, str) and step.startswith("["):
            text += step
        elif isinstance(step, str) and any(character in step for character in ".[]"):
            text += f".[{step}]"
        else:
            text += f".{step}"
    return text.removeprefix(".")
