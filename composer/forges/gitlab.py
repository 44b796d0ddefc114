"""GitLab, whose pull requests are merge requests and whose comments are notes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from gitlab import Gitlab
from gitlab.exceptions import GitlabError

from composer.forges.answers import failed, refused
from composer.forges.comment import Comment
from composer.forges.target import Target

_TIMEOUT = 30
"""Seconds."""


class GitLab:
    """A merge request on gitlab.com or another GitLab."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._gitlab = Gitlab(
            target.url, private_token=target.token, timeout=_TIMEOUT, per_page=100, keep_base_url=True
        )
        project = self._gitlab.projects.get(target.project, lazy=True)
        self._notes = project.mergerequests.get(target.number, lazy=True).notes

    def own_comments(self) -> Iterator[Comment]:
        with asking(self._target):
            own: Any = self._gitlab.http_get("/user", obey_rate_limit=False)
            for note in self._notes.list(iterator=True, sort="asc", order_by="created_at", obey_rate_limit=False):
                if not note.system and note.author["id"] == own["id"]:
                    yield Comment(note.id, note.body)

    def create(self, body: str) -> None:
        with asking(self._target):
            self._notes.create({"body": body}, obey_rate_limit=False)

    def update(self, comment: Comment, body: str) -> None:
        with asking(self._target):
            self._notes.update(comment.id, {"body": body}, obey_rate_limit=False)


@contextmanager
def asking(target: Target) -> Iterator[None]:
    """Turns what the library raises into findings."""
    try:
        yield
    except GitlabError as answer:
        if answer.response_code:
            raise refused(target, answer.response_code, answer.error_message) from answer
        raise failed(target, "its answer is not that of a forge") from answer
    except requests.RequestException as problem:
        raise failed(target, problem) from problem
    except (AttributeError, KeyError, TypeError, ValueError) as strange:
        raise failed(target, f"its answer is not that of a forge ({type(strange).__name__})") from strange
