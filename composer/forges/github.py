"""GitHub, and Gitea and Forgejo, whose API is the same as far as comments go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from github import Auth, Github, GithubException, GithubRetry
from github.GithubException import BadAttributeException, IncompletableObject

from composer.forges.answers import failed, refused
from composer.forges.comment import Comment
from composer.forges.target import Target

_TIMEOUT = 30
"""Seconds."""

_STRANGE = (BadAttributeException, IncompletableObject, AttributeError, KeyError, TypeError, ValueError)
"""What the library raises where an answer has another form than it should."""

_ACTIONS_USER = -2
"""The user that a job's own token of Gitea or Forgejo Actions writes as (`ActionsUserID` in models/user)."""


class GitHub:
    """A pull request on GitHub, or on a GitHub Enterprise Server."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._github = Github(
            base_url=target.url,
            auth=Auth.Token(target.token),
            timeout=_TIMEOUT,
            per_page=100,
            lazy=True,
            # A second try after a failure may write a second comment, so only reading is tried again.
            retry=GithubRetry(total=2, allowed_methods={"GET"}, max_rate_limit_wait=60),
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def own_comments(self) -> Iterator[Comment]:
        with asking(self._target):
            own = self._own_user()
            issue = self._github.get_repo(self._target.project).get_issue(self._target.number)
            for comment in issue.get_comments():
                if comment.user and own in (comment.user.login, comment.user.id):
                    yield Comment(comment.id, comment.body or "")

    def create(self, body: str) -> None:
        self._write("POST", f"issues/{self._target.number}/comments", body)

    def update(self, comment: Comment, body: str) -> None:
        self._write("PATCH", f"issues/comments/{comment.id}", body)

    def _write(self, verb: str, path: str, body: str) -> None:
        with asking(self._target):
            address = f"/repos/{self._target.project}/{path}"
            self._github.requester.requestJsonAndCheck(verb, address, input={"body": body})

    def _own_user(self) -> str | int:
        """The login of the token's owner. A job's token may not ask REST for it, but GraphQL."""
        _, answer = self._github.requester.graphql_query("query { viewer { login } }", {})
        return str(answer["data"]["viewer"]["login"])


class Gitea(GitHub):
    """A pull request on Gitea or Forgejo."""

    def _own_user(self) -> str | int:
        try:
            _, answer = self._github.requester.requestJsonAndCheck("GET", "/user")
        except GithubException as refusal:
            if refusal.status not in (403, 404):
                raise
            return _ACTIONS_USER
        return int(answer["id"])


@contextmanager
def asking(target: Target) -> Iterator[None]:
    """Turns what the library raises into findings."""
    try:
        yield
    except _STRANGE as strange:
        raise failed(target, f"its answer is not that of a forge ({type(strange).__name__})") from strange
    except GithubException as answer:
        raise refused(target, answer.status, _message(answer.data)) from answer
    except requests.RequestException as problem:
        raise failed(target, problem) from problem


def _message(data: Any) -> str:
    """What the forge says, with the details it adds where a value is not to its liking."""
    if not isinstance(data, dict):
        return ""
    details = data.get("errors")
    said = [data.get("message"), *(details if isinstance(details, list) else [])]
    texts = (entry.get("message") if isinstance(entry, dict) else entry for entry in said)
    return ": ".join(text for text in texts if isinstance(text, str))
