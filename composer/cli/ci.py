"""`composer ci comment`: the one comment of a pull request."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from composer.cli import exits
from composer.cli.show import say, show_findings
from composer.diagnostic import Diagnostic, Place, Rejected, error

_PASSING = "R009"
"""The code of what may go well the next time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="comment", required=True)
    comment = actions.add_parser("comment", help="write or renew the one comment of a pull request")
    comment.add_argument("--body-file", metavar="FILE", default="-", help="the comment (default: standard input)")
    comment.add_argument("--forge", choices=("github", "gitlab", "gitea", "forgejo"), help="what the forge is")
    comment.add_argument("--url", default="", help="GitHub: the API's address; others: the server's")
    comment.add_argument("--project", metavar="OWNER/NAME", default="", help="the project; for GitLab, also its number")
    comment.add_argument("--pull-request", metavar="NUMBER", default="", help="the number of the pull or merge request")
    comment.add_argument("--token-variable", metavar="NAME", default="", help="the variable that holds the token")
    comment.add_argument(
        "--marker", type=_marker, default="diff", metavar="NAME", help="tells several comments apart (default: diff)"
    )


def _marker(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise argparse.ArgumentTypeError("up to 40 small letters, digits and hyphens")
    return text


def run(arguments: argparse.Namespace) -> int:
    from composer.forges import post_comment, target_from
    from composer.forges.target import Asked

    forge = {"forgejo": "gitea"}.get(arguments.forge, arguments.forge or "")
    asked = Asked(forge, arguments.url, arguments.project, arguments.pull_request, arguments.token_variable)
    target = target_from(asked, os.environ, _event())
    body = _body(arguments.body_file, target.forge, arguments.marker)
    try:
        posted = post_comment(target, body, arguments.marker)
    except Rejected as rejected:
        show_findings(rejected.diagnostics, "full", stream=sys.stderr)
        passing = all(finding.code == _PASSING for finding in rejected.diagnostics)
        return exits.FINDINGS if passing else exits.USAGE
    say(f"comment {posted}: {target.name}")
    return exits.DONE


def _event() -> dict[str, Any]:
    """What the CI system wrote about the event it runs for; nothing where it did not, or nobody can read it."""
    path = os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _body(file: str, forge: str, marker: str) -> str:
    """The comment's text. Raises Rejected where it cannot be read, is empty, or is longer than the forge takes."""
    from composer.forges import marked
    from composer.report.comment import FLAVOURS

    place = Place("standard input" if file == "-" else file)
    try:
        body = (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as problem:
        raise Rejected([_unusable(f"it cannot be read: {problem}", place)]) from problem
    if not body.strip():
        raise Rejected([_unusable("it is empty", place)])
    flavour = FLAVOURS.get(forge, FLAVOURS["markdown"])
    size = len(marked(body, marker).encode())
    if size > flavour.most:
        raise Rejected([_unusable(f"it has {size:,} bytes, and {forge} takes {flavour.most:,}", place)])
    return body


def _unusable(why: str, place: Place) -> Diagnostic:
    hint = "composer diff --format github|gitlab|markdown makes one that fits"
    return error("R010", f"this is no comment that can be posted: {why}", place, hint=hint)
