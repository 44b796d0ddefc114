"""`composer ci comment`, as a pipeline runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kit import Ran, commit, composer, environment, notes
from tests.forges.server import TOKEN, serving
from tests.load.fleets import change

QUIET = dict.fromkeys(("GITHUB_ACTIONS", "GITLAB_CI", "CI_FORGE_TYPE", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN"), "")


def comment(root: Path, *words: str, **variables: str) -> Ran:
    ran = composer(root, "ci", "comment", *words, **{**QUIET, "CI": "", **variables})
    assert TOKEN not in ran.out + ran.err
    return ran


def test_a_job_of_github_writes_the_comment_and_then_renews_it(tmp_path: Path) -> None:
    (tmp_path / "body.md").write_text("#### No changes\n", encoding="utf-8")
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 12}}))
    with serving("github") as server:
        job = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": server.url,
            "GITHUB_REPOSITORY": "acme/fleet",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_TOKEN": TOKEN,
        }
        ran = comment(tmp_path, "--body-file", "body.md", **job)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err == f"comment created: acme/fleet#12 at {server.url}\n"
        (tmp_path / "body.md").write_text("#### 1 change\n", encoding="utf-8")
        assert comment(tmp_path, "--body-file", "body.md", **job).err.startswith("comment updated: ")
        assert [body for _, _, body in server.comments] == ["<!-- edge-composer: diff -->\n#### 1 change\n"]


def test_what_diff_says_goes_to_the_forge_through_a_pipe(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    commit(root)
    change(root, "sites/a.yaml", ("hello", "@everyone ``` é"))
    python = f"{sys.executable} -m composer"
    with serving("gitlab") as server:
        words = f"--forge gitlab --url {server.url} --project 42 --pull-request 12"
        line = f"{python} diff --base HEAD --format gitlab | {python} ci comment {words}"
        variables = environment(**{**QUIET, "GITLAB_TOKEN": TOKEN})
        ran = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=root, env=variables, capture_output=True, check=False
        )
        assert (ran.returncode, ran.stderr.decode()) == (0, f"comment created: 42!12 at {server.url}\n")
        ((_, _, body),) = server.comments
        assert body.startswith("<!-- edge-composer: diff -->\n#### 1 distinct change at 1 of 1 site\n")
        assert '````diff\n@@ data.text @@\n- hello\n+ "@everyone ``` é"\n````\n' in body


def test_flags_say_everything_and_a_refusal_ends_with_two(tmp_path: Path) -> None:
    (tmp_path / "body.md").write_text("x", encoding="utf-8")
    with serving("gitea") as server:
        words = ("--forge", "forgejo", "--url", server.url, "--project", "acme/fleet", "--pull-request", "13")
        ran = comment(tmp_path, *words, "--body-file", "body.md", "--token-variable", "MY_TOKEN", MY_TOKEN=TOKEN)
        assert (ran.code, ran.out) == (2, "")
        assert "error[R007]: the forge has no such pull request, or hides it from the token: HTTP status 404" in ran.err


def test_a_failure_that_may_pass_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "body.md").write_text("x", encoding="utf-8")
    with serving("gitlab") as server:
        server.fail["GET"] = (503, {"message": "maintenance"})
        job = {"GITLAB_CI": "true", "CI_SERVER_URL": server.url, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "12"}
        ran = comment(tmp_path, "--body-file", "body.md", **job, GITLAB_TOKEN=TOKEN)
        assert ran.code == 1
        assert "error[R009]: the forge failed: HTTP status 503" in ran.err


def test_without_the_forges_library_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "body.md").write_text("x", encoding="utf-8")
    (tmp_path / "gitlab").mkdir()
    (tmp_path / "gitlab/__init__.py").write_text("raise ModuleNotFoundError(name='gitlab')\n")
    words = ("--forge", "gitlab", "--url", "http://127.0.0.1:1", "--project", "42", "--pull-request", "12")
    ran = comment(tmp_path, *words, "--body-file", "body.md", GITLAB_TOKEN=TOKEN, PYTHONPATH=_before(tmp_path))
    assert ran.code == 2
    assert "error[R004]" in ran.err
    assert "hint: pip install 'edge-composer[gitlab]'" in ran.err


def _before(folder: Path) -> str:
    return f"{folder}:{Path(__file__).parents[2]}"


TARGET = ("--forge", "github", "--project", "acme/fleet", "--pull-request", "12", "--url", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "it cannot be read"),
        (b" \n", "it is empty"),
        (b"\xff", "it cannot be read"),
        (b"x" * 65_536, "it has 65,565 bytes, and github takes 65,536"),
    ],
)
def test_a_body_that_cannot_be_posted_is_refused_before_anything_is_asked(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    if content is not None:
        (tmp_path / "body.md").write_bytes(content)
    ran = comment(tmp_path, *TARGET, "--body-file", "body.md", GITHUB_TOKEN=TOKEN)
    assert ran.code == 2
    assert f"error[R010]: this is no comment that can be posted: {why}" in ran.err


def test_a_pipeline_of_a_branch_says_what_is_missing(tmp_path: Path) -> None:
    ran = comment(tmp_path, GITHUB_ACTIONS="true", GITHUB_REPOSITORY="a/b", GITHUB_REF="refs/heads/main")
    assert ran.code == 2
    assert "error[R001]: nothing says which pull request to comment: --pull-request missing" in ran.err
    assert "error[R003]: no token: the variable GITHUB_TOKEN or GH_TOKEN is not set" in ran.err


def test_a_marker_with_more_than_a_name_is_refused(tmp_path: Path) -> None:
    ran = comment(tmp_path, *TARGET, "--marker", "x --> <b>")
    assert (ran.code, "up to 40 small letters" in ran.err) == (2, True)
