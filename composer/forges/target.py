"""Which pull request of which forge, as flags and the variables of a CI system say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from composer.diagnostic import Diagnostic, Place, Rejected, error

FORGES = ("github", "gitlab", "gitea")
"""Forgejo is spoken to as Gitea is."""

COMMAND_LINE = Place("command line")

_PULL_REF = re.compile(r"refs/pull/(\d+)/")
_PROJECT = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)+", re.ASCII)
_NUMBERED = re.compile(r"[1-9]\d{0,17}")
_TOKENS: Mapping[str, tuple[str, ...]] = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab": ("GITLAB_TOKEN",),
    "gitea": ("GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN"),
}
"""Forge -> variables that may hold the token, in this order."""


@dataclass(frozen=True, slots=True)
class Target:
    """A pull request, and the token to speak with. *url* is the API's address, for GitLab the server's.

    *project* is owner/name, or GitLab's number for it.
    """

    forge: str
    url: str
    project: str
    number: int
    token: str

    def __repr__(self) -> str:
        return f"Target({self.forge}, {self.url}, {self.project}, {self.number})"

    @property
    def name(self) -> str:
        """The pull request in words: "acme/fleet#12 at https://git.example.com"."""
        return f"{self.project}{'!' if self.forge == 'gitlab' else '#'}{self.number} at {self.url}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What flags say; "" where they do not. *token_variable* names the variable that holds the token."""

    forge: str = ""
    url: str = ""
    project: str = ""
    number: str = ""
    token_variable: str = ""


_Said = dict[str, str]


def target_from(asked: Asked, variables: Mapping[str, str], event: Mapping[str, Any]) -> Target:
    """The pull request that flags name, and where they do not, the one a CI system runs for.

    *event* is what GitHub, Gitea and Forgejo write to the file at GITHUB_EVENT_PATH. Raises Rejected with everything
    that is missing or makes no sense.
    """
    told = next((_ci(variables, event) for seen, _ci in _SYSTEMS if seen(variables)), {})
    forge = asked.forge or told.get("forge", "")
    # What the CI system says is about its own forge.
    own = told if forge == told.get("forge") else {}
    said = {
        "url": asked.url or own.get("url", "") or ("https://api.github.com" if forge == "github" else ""),
        "project": asked.project or own.get("project", ""),
        "number": asked.number or own.get("number", ""),
    }
    names = (asked.token_variable,) if asked.token_variable else _TOKENS.get(forge, ())
    token = next((variables[name].strip() for name in names if variables.get(name, "").strip()), "")
    findings = [*_missing(forge, said), *_no_token(forge, names, token), *_senseless(said)]
    if findings:
        raise Rejected(findings)
    return Target(forge, _api(forge, said["url"]), said["project"], int(said["number"]), token)


def _api(forge: str, url: str) -> str:
    address = url.rstrip("/")
    return f"{address}/api/v1" if forge == "gitea" and not address.endswith("/api/v1") else address


def _missing(forge: str, said: _Said) -> Iterator[Diagnostic]:
    options = {"url": "--url", "project": "--project", "number": "--pull-request"}
    missing = [] if forge else ["--forge"]
    missing += [option for key, option in options.items() if not said[key]] if forge else []
    if missing:
        message = f"nothing says which pull request to comment: {', '.join(missing)} missing"
        hint = (
            "in a pipeline of a pull request on GitHub, GitLab, Gitea, Forgejo or Woodpecker, variables say it; "
            "a pipeline of a branch has none"
        )
        yield error("R001", message, COMMAND_LINE, hint=hint)


def _no_token(forge: str, names: tuple[str, ...], token: str) -> Iterator[Diagnostic]:
    if forge and not token:
        hint = "GitLab's CI_JOB_TOKEN may not write comments: make a project access token with the scope api"
        message = f"no token: the variable {' or '.join(names)} is not set"
        yield error("R003", message, COMMAND_LINE, hint=hint if forge == "gitlab" else "")


def _senseless(said: _Said) -> Iterator[Diagnostic]:
    if said["url"] and not _is_address(said["url"]):
        yield error("R002", f"{said['url']!r} is not the address of a forge", COMMAND_LINE, hint="https://HOST")
    if said["project"] and not (_PROJECT.fullmatch(said["project"]) or _NUMBERED.fullmatch(said["project"])):
        yield error("R002", f"{said['project']!r} is not a project", COMMAND_LINE, hint="OWNER/NAME")
    if said["number"] and not _NUMBERED.fullmatch(said["number"]):
        yield error("R002", f"{said['number']!r} is not the number of a pull request", COMMAND_LINE)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and not parts.username and not parts.query and not parts.fragment
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _actions(variables: Mapping[str, str], event: Mapping[str, Any]) -> _Said:
    """GitHub Actions, and those of Gitea and Forgejo, which take its variables over."""
    url = variables.get("GITHUB_API_URL", "")
    others = variables.get("GITEA_ACTIONS") == "true" or variables.get("FORGEJO_ACTIONS") == "true"
    by_ref = _PULL_REF.match(variables.get("GITHUB_REF", ""))
    return {
        "forge": "gitea" if others or url.rstrip("/").endswith("/api/v1") else "github",
        "url": url,
        "project": variables.get("GITHUB_REPOSITORY", ""),
        "number": by_ref[1] if by_ref else _number_of(event),
    }


def _number_of(event: Mapping[str, Any]) -> str:
    """The pull request of an event such as `pull_request_target`, `workflow_run` or a comment on one."""
    run = event.get("workflow_run")
    several = run.get("pull_requests") if isinstance(run, dict) else None
    first = several[0] if isinstance(several, list) and several else None
    for record in (event.get("pull_request"), event.get("issue"), first):
        if isinstance(record, dict) and isinstance(record.get("number"), int):
            return str(record["number"])
    return ""


def _gitlab_ci(variables: Mapping[str, str], _event: Mapping[str, Any]) -> _Said:
    # A merge request from a fork runs in the fork's project, and is a merge request of the other.
    project = variables.get("CI_MERGE_REQUEST_PROJECT_ID", "") or variables.get("CI_PROJECT_ID", "")
    number = variables.get("CI_MERGE_REQUEST_IID", "")
    return {"forge": "gitlab", "url": variables.get("CI_SERVER_URL", ""), "project": project, "number": number}


def _woodpecker(variables: Mapping[str, str], _event: Mapping[str, Any]) -> _Said:
    kind = {"forgejo": "gitea"}.get(variables.get("CI_FORGE_TYPE", ""), variables.get("CI_FORGE_TYPE", ""))
    return {
        "forge": kind if kind in FORGES else "",
        "url": "" if kind == "github" else variables.get("CI_FORGE_URL", ""),
        "project": variables.get("CI_REPO", ""),
        "number": variables.get("CI_COMMIT_PULL_REQUEST", ""),
    }


_System = Callable[[Mapping[str, str], Mapping[str, Any]], _Said]

_SYSTEMS: tuple[tuple[Callable[[Mapping[str, str]], bool], _System], ...] = (
    (lambda variables: variables.get("GITHUB_ACTIONS") == "true", _actions),
    (lambda variables: variables.get("GITLAB_CI") == "true", _gitlab_ci),
    (lambda variables: variables.get("CI") == "woodpecker", _woodpecker),
)
"""Whether a CI system is there, and what its variables say."""
