"""The workflows of a new fleet: linted by the forges' own schemas and by a security linter, and their scripts run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from composer.source.packaged import packaged
from composer.source.reader import read_document
from tests.cli.kit import ROOT, commit, composer, environment, put_program
from tests.conftest import Needs
from tests.forges.server import TOKEN, serving
from tests.publish.making import git
from tests.publish.server import by_http

STARTER = packaged("starter") / "fleet"
GITHUB = sorted((STARTER / ".github/workflows").iterdir())
INSTALL = "pip install --requirement requirements.txt"


def lint(program: str, *words: str | Path) -> str:
    """What a linter of the development environment says; it must be content."""
    ran = subprocess.run(
        [Path(sys.executable).parent / program, *words], cwd=STARTER, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_workflows_fit_the_schema_of_github() -> None:
    assert "ok" in lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *GITHUB)


def test_the_pipeline_fits_the_schema_of_gitlab() -> None:
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    assert "ok" in lint("check-jsonschema", *schema, ".gitlab-ci.yml")


def test_a_security_linter_finds_nothing_in_the_workflows() -> None:
    words = ("--offline", "--no-config", "--persona", "pedantic", "--no-progress", "--format", "plain")
    assert "No findings" in lint("zizmor", *words, *GITHUB)


def test_the_configuration_and_the_hooks_of_pre_commit_are_valid() -> None:
    lint("pre-commit", "validate-config", ".pre-commit-config.yaml")
    lint("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.stem)
def test_no_job_may_write_more_than_it_needs_and_actions_are_pinned(file: Path) -> None:
    workflow = read_document(file.parent, file.name).data
    assert workflow["permissions"] == {}
    assert not {"pull_request_target", "workflow_run"} & set(workflow["on"])
    for job in workflow["jobs"].values():
        rights = {right for right, level in job["permissions"].items() if level != "read"}
        steps = job["steps"]
        uses = [step["uses"] for step in steps if "uses" in step]
        assert rights <= {"pull-requests"}
        fetched = [step["with"] for step in steps if "checkout" in step.get("uses", "")]
        base = "${{ github.event.pull_request.base.sha }}"
        assert not rights or [(x["ref"], x["sparse-checkout"]) for x in fetched] == [
            (base, "requirements.txt\nwheels/\n")
        ]
        assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action) for action in uses)
        assert all(each["persist-credentials"] is False for each in fetched)
        assert not any("${{" in step.get("run", "") for step in steps)


# --- the scripts, as a runner would run them --------------------------------------------------------------------------


def scripts(forge: str, job: str, file: str = "") -> list[str]:
    """The shell scripts of a job of the new fleet, but for the installation."""
    if forge == "gitlab":
        pipeline = read_document(STARTER, ".gitlab-ci.yml").data
        assert pipeline["default"]["before_script"] == [INSTALL.replace("install", "install --quiet")]
        return ["\n".join(pipeline[job]["script"])]
    steps: list[Any] = read_document(STARTER, f".github/workflows/{file or job}.yaml").data["jobs"][job]["steps"]
    found = [step["run"] for step in steps if "run" in step]
    assert found[0] == INSTALL
    return found[1:]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a runner: `composer` is this checkout's, and the home folder is new."""
    home = tmp_path_factory.mktemp("home")
    put_program(home)
    path = f"{home}{os.pathsep}{os.environ['PATH']}"
    return environment(PATH=path, HOME=str(home), GIT_CONFIG_GLOBAL=str(home / ".gitconfig"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> Iterator[tuple[Path, Path]]:
    """A new fleet's repository, where a branch is about to be merged, and the delivery repository, which asks who it is."""
    folder = tmp_path_factory.mktemp("forge")
    with by_http(folder, needs("lighttpd"), "ci:of-the-job") as server:
        root = folder / "fleet"
        addresses = ("--repository", server.address, "--url", "https://git.example.com/delivery.git")
        assert composer(folder, "init", "fleet", *addresses).code == 0
        commit(root)
        git(root, "switch", "-q", "-c", "change")
        assert composer(root, "set", "factory-01", "spec.components.ingress.params.maxConnections=77").code == 0
        commit(root)
        git(root, "switch", "-q", "main")
        git(root, "merge", "-q", "--no-ff", "-m", "merge", "change")
        yield root, server.repository


def run(script: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    shell = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(shell, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def clone(root: Path, folder: Path, *words: str) -> Path:
    """The checkout of a job."""
    checkout = folder / "checkout"
    git(folder, "clone", "-q", *words, f"file://{root}", str(checkout))
    return checkout


def line_of(checkout: Path, word: str) -> int:
    """The line of the edge site that the word stands in."""
    lines = (checkout / "sites/factory-01.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if word in line)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_check_shows_what_merging_would_change_and_the_comment_says_so(
    forge: str, fleet: tuple[Path, Path], runner: dict[str, str], tmp_path: Path
) -> None:
    root, _ = fleet
    checkout = clone(root, tmp_path, *(("--depth", "2") if forge == "github" else ()))
    summary = tmp_path / "summary.md"
    known = {"GITHUB_STEP_SUMMARY": str(summary), "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(root, "rev-parse", "HEAD^1")}
    said = ""
    for script in scripts(forge, "check"):
        ran = run(script, checkout, {**runner, **known})
        assert ran.returncode == 0, ran.stdout + ran.stderr
        said += ran.stdout + ran.stderr
    assert "2 sites: 0 errors, 0 warnings" in said
    assert "2 sites rendered" in said
    comment = (checkout / "comment.md").read_text()
    assert "max_connections 77" in comment
    if forge == "github":
        assert f"::notice file=sites/factory-01.yaml,line={line_of(checkout, 'maxConnections')}," in said
        assert summary.read_text() == comment
    else:
        (note,) = json.loads((checkout / "findings.json").read_text())
        assert note["location"]["path"] == "sites/factory-01.yaml"

    with serving(forge) as server:
        job = {
            "github": {
                "GITHUB_ACTIONS": "true",
                "GITHUB_API_URL": server.url,
                "GITHUB_REPOSITORY": "acme/fleet",
                "GITHUB_REF": "refs/pull/12/merge",
                "GITHUB_TOKEN": TOKEN,
            },
            "gitlab": {
                "GITLAB_CI": "true",
                "CI_SERVER_URL": server.url,
                "CI_PROJECT_ID": "42",
                "CI_MERGE_REQUEST_IID": "12",
                "GITLAB_TOKEN": TOKEN,
            },
        }[forge]
        nothing = dict.fromkeys(("GITHUB_ACTIONS", "GITLAB_CI", "GITHUB_EVENT_PATH", "CI_FORGE_TYPE"), "")
        (script,) = scripts(forge, "comment", "check")
        ran = run(script, checkout, {**runner, **nothing, **job})
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert [comment in body for _, _, body in server.comments] == [True]


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_mistake_fails_the_check_and_is_commented_all_the_same(
    forge: str, fleet: tuple[Path, Path], runner: dict[str, str], tmp_path: Path
) -> None:
    root, _ = fleet
    checkout = clone(root, tmp_path, *(("--depth", "2") if forge == "github" else ()))
    site = checkout / "sites/factory-01.yaml"
    site.write_text(site.read_text().replace("[edge-box]", "[edge-bx]"))
    known = {"GITHUB_STEP_SUMMARY": os.devnull, "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(root, "rev-parse", "HEAD^1")}
    first, last = (scripts(forge, "check")[index] for index in (0, -1))
    ends = [run(script, checkout, {**runner, **known}) for script in dict.fromkeys((first, last))]
    assert (ends[0].returncode, ends[-1].returncode) == (1, 1)
    assert "L010" in ends[0].stdout
    assert "L010" in (checkout / "comment.md").read_text()
    if forge == "github":
        assert f"::error file=sites/factory-01.yaml,line={line_of(checkout, 'edge-bx')}," in ends[-1].stderr
    else:
        assert "L010" in (checkout / "findings.json").read_text()


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_merge_publishes_from_a_shallow_clone_with_the_token_of_the_job_alone(
    forge: str, fleet: tuple[Path, Path], runner: dict[str, str], tmp_path: Path
) -> None:
    root, delivery = fleet
    checkout = clone(root, tmp_path, "--depth", "1")
    variables = {**runner, "DELIVERY_USER": "ci", "DELIVERY_TOKEN": "of-the-job"}
    (script,) = scripts(forge, "publish")
    ran = run(script, checkout, variables)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "of-the-job" not in ran.stdout + ran.stderr
    heads = git(delivery, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert heads == ["site/factory-01", "site/hub"]
    stranger = run(script, checkout, {**variables, "DELIVERY_TOKEN": "guessed"})
    assert stranger.returncode != 0
    assert "guessed" not in stranger.stdout + stranger.stderr


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_publishing_to_a_folder_of_the_runner_is_refused(forge: str, runner: dict[str, str], tmp_path: Path) -> None:
    assert composer(tmp_path, "init", "fleet").code == 0
    (script,) = scripts(forge, "publish")
    ran = run(script, tmp_path / "fleet", runner)
    assert ran.returncode == 1
    assert "delivery.repository is a folder of this job" in ran.stdout
    assert not (tmp_path / "fleet/out").exists()


def test_the_hook_stops_a_commit_that_is_not_in_order(runner: dict[str, str], tmp_path: Path) -> None:
    root = tmp_path / "fleet"
    assert composer(tmp_path, "init", "fleet").code == 0
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "--all")
    words = [str(Path(sys.executable).parent / "pre-commit"), "run", "--all-files"]
    good = subprocess.run(words, cwd=root, env=runner, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "composer validate" in good.stdout
    site = root / "sites/factory-01.yaml"
    site.write_text(site.read_text().replace("[edge-box]", "[edge-bx]"))
    git(root, "add", "--all")
    bad = subprocess.run(words, cwd=root, env=runner, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "error[L010]" in bad.stdout
