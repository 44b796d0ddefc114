"""What a forge answers when it refuses, as findings that say what to do."""

from __future__ import annotations

from composer.diagnostic import Place, Rejected, error
from composer.forges.target import Target

_MOST = 300
"""Characters of what a forge says."""

_MEANINGS = {
    401: ("R005", "does not accept the token", "it may be mistyped, revoked, or have run out"),
    403: (
        "R006",
        "does not let the token comment",
        "GitHub: `permissions: pull-requests: write` (a pull request from a fork never has it); GitLab: the scope "
        "api and the role Reporter; Gitea and Forgejo: the scope write:issue",
    ),
    404: (
        "R007",
        "has no such pull request, or hides it from the token",
        "check the project, the number and the address; a token that may not read the project gets the same answer",
    ),
}
_REFUSED = ("R008", "refuses the comment", "")
_FAILED = ("R009", "failed", "nothing may have been written; run the command again")


def refused(target: Target, status: int, said: object = "") -> Rejected:
    """The finding for an answer with this HTTP status; *said* is the forge's own message."""
    code, message, hint = _MEANINGS.get(status, _FAILED if status >= 500 or status == 429 else _REFUSED)
    words = f" ({_shown(target, said)})" if said else ""
    return _finding(target, code, f"{message}: HTTP status {status}{words}", hint)


def failed(target: Target, why: object) -> Rejected:
    """The finding where there was no answer, or none that can be understood."""
    return _finding(target, _FAILED[0], f"gives no answer: {_shown(target, why)}", _FAILED[2])


def _finding(target: Target, code: str, message: str, hint: str) -> Rejected:
    return Rejected([error(code, f"the forge {message}", Place(target.name), hint=hint)])


def _shown(target: Target, said: object) -> str:
    """What somebody else said, without the token, which an error may repeat."""
    text = str(said).replace(target.token, "***")
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
