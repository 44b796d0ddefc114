"""Which pull request flags and a CI system's variables name."""

from __future__ import annotations

from typing import Any

import pytest

from composer.diagnostic import Rejected
from composer.forges import Target, target_from
from composer.forges.target import Asked

ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_REPOSITORY": "acme/fleet",
    "GITHUB_REF": "refs/pull/12/merge",
    "GITHUB_TOKEN": "t",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_SERVER_URL": "https://gitlab.example.com",
    "CI_PROJECT_ID": "99",
    "CI_MERGE_REQUEST_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_IID": "12",
    "GITLAB_TOKEN": "t",
}
GITEA = {**ACTIONS, "GITEA_ACTIONS": "true", "GITHUB_API_URL": "https://git.example.com/api/v1"}
WOODPECKER = {
    "CI": "woodpecker",
    "CI_FORGE_TYPE": "forgejo",
    "CI_FORGE_URL": "https://codeberg.org",
    "CI_REPO": "acme/fleet",
    "CI_COMMIT_PULL_REQUEST": "12",
    "FORGEJO_TOKEN": "t",
}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        (ACTIONS, Target("github", "https://api.github.com", "acme/fleet", 12, "t")),
        (GITLAB, Target("gitlab", "https://gitlab.example.com", "42", 12, "t")),
        (GITEA, Target("gitea", "https://git.example.com/api/v1", "acme/fleet", 12, "t")),
        (
            {key: value for key, value in GITEA.items() if key != "GITEA_ACTIONS"},
            Target("gitea", "https://git.example.com/api/v1", "acme/fleet", 12, "t"),
        ),
        (WOODPECKER, Target("gitea", "https://codeberg.org/api/v1", "acme/fleet", 12, "t")),
        (
            {**WOODPECKER, "CI_FORGE_TYPE": "github", "GH_TOKEN": "t"},
            Target("github", "https://api.github.com", "acme/fleet", 12, "t"),
        ),
    ],
)
def test_a_pipeline_of_a_pull_request_says_all_there_is_to_know(variables: dict[str, str], found: Target) -> None:
    assert target_from(Asked(), variables, {}) == found


@pytest.mark.parametrize(
    "event",
    [
        {"pull_request": {"number": 12}},
        {"issue": {"number": 12}},
        {"workflow_run": {"pull_requests": [{"number": 12}, {"number": 13}]}},
    ],
)
def test_the_event_says_the_number_where_the_ref_does_not(event: dict[str, Any]) -> None:
    assert target_from(Asked(), {**ACTIONS, "GITHUB_REF": "refs/heads/main"}, event).number == 12


def test_flags_go_before_variables() -> None:
    asked = Asked(project="acme/other", number="3", token_variable="MY_TOKEN", url="https://ghe.example.com/api/v3/")
    found = target_from(asked, {**ACTIONS, "MY_TOKEN": " mine\n"}, {})
    assert found == Target("github", "https://ghe.example.com/api/v3", "acme/other", 3, "mine")


def test_what_a_ci_system_says_is_not_taken_for_another_forge() -> None:
    assert codes(Asked(forge="gitlab"), {**ACTIONS, "GITLAB_TOKEN": "t"}, {}) == ["R001"]


def codes(asked: Asked, variables: dict[str, str], event: dict[str, Any]) -> list[str]:
    with pytest.raises(Rejected) as raised:
        target_from(asked, variables, event)
    return [finding.code for finding in raised.value.diagnostics]


def test_everything_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(Rejected) as raised:
        target_from(Asked(forge="gitlab"), {}, {})
    messages = [finding.message for finding in raised.value.diagnostics]
    assert messages == [
        "nothing says which pull request to comment: --url, --project, --pull-request missing",
        "no token: the variable GITLAB_TOKEN is not set",
    ]
    assert codes(Asked(), {}, {}) == ["R001"]


@pytest.mark.parametrize("ref", ["refs/heads/main", "", "refs/tags/pull/12/x"])
@pytest.mark.parametrize("event", [{}, {"pull_request": None}, {"issue": []}, {"workflow_run": {"pull_requests": [1]}}])
def test_a_pipeline_of_a_branch_has_no_pull_request(ref: str, event: dict[str, Any]) -> None:
    assert codes(Asked(), {**ACTIONS, "GITHUB_REF": ref}, event) == ["R001"]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(url="git.example.com"),
        Asked(url="file:///etc"),
        Asked(url="https://"),
        Asked(url="https://me:pw@git.example.com"),
        Asked(url="https://a/?x"),
        Asked(url="https://a\n.example.com"),
        Asked(url="https://[::1"),
        Asked(project="fleet"),
        Asked(project="../../user"),
        Asked(project="acme/fleet?x=1"),
        Asked(number="0"),
        Asked(number="12x"),
        Asked(number="-1"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: Asked) -> None:
    assert codes(asked, ACTIONS, {}) == ["R002"]


def test_the_token_is_in_no_representation() -> None:
    assert "secret" not in repr(Target("github", "https://api.github.com", "acme/fleet", 12, "secret"))
