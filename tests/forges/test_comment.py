"""The one comment of a pull request, against forges that check what they are sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.forges import Posted, Target, marked, post_comment
from tests.forges.server import ME, OTHER, TOKEN, Server, serving

KINDS = ("github", "gitea", "gitlab")


@pytest.fixture(params=KINDS)
def forge(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(request.param) as server:
        yield server


def target(server: Server, token: str = TOKEN, number: int = 12, url: str = "") -> Target:
    project = "42" if server.kind == "gitlab" else "acme/fleet"
    api = "/api/v1" if server.kind == "gitea" else ""
    return Target(server.kind, (url or server.url) + api, project, number, token)


def rejected(server: Server, **changes: str) -> Diagnostic:
    with pytest.raises(Rejected) as raised:
        post_comment(target(server, **changes), "x", "diff")  # type: ignore[arg-type]
    (found,) = raised.value.diagnostics
    assert TOKEN not in str(raised.value)
    return found


BODY = '#### 1 distinct change\n\n```diff\n- é\n+ \U0001f600 \\ " {{ x }}\n```\n'
CREATED = {
    "github": "POST /repos/acme/fleet/issues/12/comments",
    "gitea": "POST /api/v1/repos/acme/fleet/issues/12/comments",
    "gitlab": "POST /api/v4/projects/42/merge_requests/12/notes",
}
UPDATED = {
    "github": "PATCH /repos/acme/fleet/issues/comments/",
    "gitea": "PATCH /api/v1/repos/acme/fleet/issues/comments/",
    "gitlab": "PUT /api/v4/projects/42/merge_requests/12/notes/",
}


def test_the_first_comment_is_written_the_next_ones_take_its_place(forge: Server) -> None:
    forge.comments.append([5, OTHER, "looks good"])
    assert post_comment(target(forge), BODY, "diff") is Posted.CREATED
    assert forge.comments[1:] == [[1_001, ME, f"<!-- edge-composer: diff -->\n{BODY}"]]
    assert post_comment(target(forge), "other\n", "diff") is Posted.UPDATED
    assert forge.comments == [[5, OTHER, "looks good"], [1_001, ME, "<!-- edge-composer: diff -->\nother\n"]]
    assert forge.written() == [CREATED[forge.kind], f"{UPDATED[forge.kind]}1001"]


def test_the_same_comment_again_writes_nothing(forge: Server) -> None:
    forge.comments.append([5, ME, marked(BODY, "diff").replace("\n", "\r\n").rstrip()])
    assert post_comment(target(forge), BODY, "diff") is Posted.UNCHANGED
    assert forge.written() == []


def test_the_comment_is_found_on_a_later_page(forge: Server) -> None:
    forge.page = 3
    forge.comments = [[number, OTHER, f"comment {number}"] for number in range(1, 8)]
    forge.comments.append([8, ME, marked("old", "diff")])
    assert post_comment(target(forge), BODY, "diff") is Posted.UPDATED
    assert forge.written() == [f"{UPDATED[forge.kind]}8"]
    listed = [request.query for request in forge.requests if request.path.endswith(("/comments", "/notes"))]
    assert listed[0]["per_page"] == ["100"]
    assert [query.get("page", ["1"]) for query in listed] == [["1"], ["2"], ["3"]]


def test_another_marker_is_another_comment(forge: Server) -> None:
    forge.comments.append([5, ME, marked("old", "diff")])
    assert post_comment(target(forge), BODY, "capacity") is Posted.CREATED
    assert [comment[0] for comment in forge.comments] == [5, 1_001]


def test_a_comment_that_somebody_else_marked_stays_theirs(forge: Server) -> None:
    forge.comments = [[5, OTHER, marked("no changes, merge it", "diff")], [6, ME, f"> {marked('quoted', 'diff')}"]]
    assert post_comment(target(forge), BODY, "diff") is Posted.CREATED
    assert [comment[2] for comment in forge.comments[:2]] == [
        marked("no changes, merge it", "diff"),
        f"> {marked('quoted', 'diff')}",
    ]


def test_a_comment_of_an_account_that_is_gone_is_passed_over() -> None:
    with serving("github") as server:
        server.comments.append([5, ME, marked("old", "diff")])
        shown = server.shown
        server.shown = lambda comment: {**shown(comment), "user": None}  # type: ignore[method-assign]
        assert post_comment(target(server), BODY, "diff") is Posted.CREATED


def test_a_token_of_gitea_actions_that_may_not_ask_who_it_is_writes_as_the_actions_user() -> None:
    with serving("gitea") as server:
        server.fail["GET /api/v1/user"] = (403, {"message": "token does not have required scope: read:user"})
        server.comments.append([5, ME, marked("old", "diff")])
        shown = server.shown
        server.shown = lambda comment: {**shown(comment), "user": {"id": -2, "login": "gitea-actions"}}  # type: ignore[method-assign]
        assert post_comment(target(server), BODY, "diff") is Posted.UPDATED


def test_an_enterprise_server_is_asked_for_its_user_beside_its_api() -> None:
    with serving("github") as server:
        server.fail["POST /api/graphql"] = (200, {"data": {"viewer": {"login": "x"}}})
        found = rejected(server, url=f"{server.url}/api/v3")
        assert found.code == "R007"
        assert [request.path for request in server.requests] == [
            "/api/graphql",
            "/api/v3/repos/acme/fleet/issues/12/comments",
        ]


# What forges refuse


def test_a_token_that_is_not_known_is_told(forge: Server) -> None:
    found = rejected(forge, token="another")
    assert (found.code, str(found.place)) == ("R005", target(forge).name)
    assert found.message.startswith("the forge does not accept the token: HTTP status 401")


@pytest.mark.parametrize(
    ("status", "answer", "code", "message"),
    [
        (403, {"message": "Resource not accessible by integration"}, "R006", "Resource not accessible by integration"),
        (404, {"message": "Not Found"}, "R007", "Not Found"),
        (422, {"message": "Validation Failed"}, "R008", "Validation Failed"),
        (400, {"message": "note is too long"}, "R008", "note is too long"),
        (429, {"message": "slow down"}, "R009", "HTTP status 429"),
        (500, {}, "R009", "HTTP status 500"),
        (502, b"<html>Bad Gateway</html>", "R009", "HTTP status 502"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_is_told_with_what_to_do(
    kind: str, status: int, answer: object, code: str, message: str
) -> None:
    with serving(kind) as server:
        server.fail[CREATED[kind]] = (status, answer)
        found = rejected(server)
        assert (found.code, f"HTTP status {status}" in found.message, message in found.message) == (code, True, True)
        # What may have been written is not written twice.
        assert server.written() == [CREATED[kind]]


def test_a_pull_request_that_is_not_there_is_told(forge: Server) -> None:
    found = rejected(forge, number=13)  # type: ignore[arg-type]
    assert found.code == "R007"
    assert "a token that may not read the project gets the same answer" in found.hint


def test_what_a_forge_says_is_shortened_and_never_repeats_the_token(forge: Server) -> None:
    forge.fail[CREATED[forge.kind]] = (403, {"message": f"no {TOKEN} here {'x' * 5_000}"})
    message = rejected(forge).message
    assert "no *** here" in message
    assert len(message) < 500


@pytest.mark.parametrize("answer", [b"<html>please log in</html>", {"message": "x"}, [1], [{"id": 1}], None])
def test_an_answer_that_is_none_of_a_forge_is_told(forge: Server, answer: object) -> None:
    forge.fail["GET"] = (200, answer)
    forge.fail["POST /graphql"] = (200, answer)
    assert rejected(forge).code == "R009"
    assert forge.written() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_forge_that_cannot_be_reached_is_told(kind: str) -> None:
    found = rejected(Server(kind, url="http://127.0.0.1:1"))
    assert (found.code, found.message.startswith("the forge gives no answer: ")) == ("R009", True)
