"""The one comment of a pull request that the composer keeps up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Protocol

from composer.diagnostic import Rejected, error
from composer.forges.target import COMMAND_LINE, Target


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that is there already."""

    id: int
    body: str


class Forge(Protocol):
    """A pull request, through the library of its forge. Everything raises Rejected where the forge refuses."""

    def own_comments(self) -> Iterator[Comment]:
        """What the token's owner has written there, the oldest first."""

    def create(self, body: str) -> None:
        """Writes another comment."""

    def update(self, comment: Comment, body: str) -> None:
        """Writes a comment anew."""


class Posted(StrEnum):
    """What happened to the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def marked(body: str, marker: str) -> str:
    """The body behind a line that nobody sees, by which it is found again."""
    return f"{_line(marker)}\n{body}"


def post_comment(target: Target, body: str, marker: str) -> Posted:
    """Makes *body* the comment with this marker: there is one such comment, however often this is done.

    Only comments of the token's owner count: what others mark so stays theirs, since they could change it later.
    Raises Rejected where the forge cannot be reached, or refuses.
    """
    forge = connect(target)
    text = marked(body, marker)
    there = next((comment for comment in forge.own_comments() if comment.body.startswith(_line(marker))), None)
    if there is None:
        forge.create(text)
        return Posted.CREATED
    if _plain(there.body) == _plain(text):
        return Posted.UNCHANGED
    forge.update(there, text)
    return Posted.UPDATED


def _line(marker: str) -> str:
    return f"<!-- edge-composer: {marker} -->"


def _plain(body: str) -> str:
    """A body as all forges keep it: some turn line ends, some take white space off the end."""
    return body.replace("\r\n", "\n").rstrip()


_MODULES: Mapping[str, tuple[str, str]] = {
    "github": ("composer.forges.github", "GitHub"),
    "gitea": ("composer.forges.github", "Gitea"),
    "gitlab": ("composer.forges.gitlab", "GitLab"),
}


def connect(target: Target) -> Forge:
    """The pull request. Raises Rejected where the forge's library is not installed."""
    module, name = _MODULES[target.forge]
    try:
        make: Callable[[Target], Forge] = getattr(import_module(module), name)
    except ModuleNotFoundError as missing:
        message = f"the library to speak to {name} with is not installed (no module {missing.name})"
        hint = f"pip install 'edge-composer[{target.forge}]'"
        raise Rejected([error("R004", message, COMMAND_LINE, hint=hint)]) from missing
    return make(target)
