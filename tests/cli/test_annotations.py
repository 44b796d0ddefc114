"""Findings and causes beside the lines of a pull request, for a fleet that is a folder of its repository."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from composer.diagnostic import Rejected
from composer.git.lines import changed_lines
from tests.cli.kit import composer, fleet, noted
from tests.load.fleets import change
from tests.publish.making import git


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a fleet of three sites in its folder `edge/fleet`, committed."""
    root = tmp_path_factory.mktemp("repository")
    (root / "edge/fleet").mkdir(parents=True)
    fleet(root / "edge/fleet", {f"{name}.yaml": noted(name) for name in "abc"})
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def repository(original: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed at will."""
    return Path(shutil.copytree(original, tmp_path / "repository"))


def text_line(repository: Path, site: str) -> int:
    """The line of the site that says the note's text."""
    lines = (repository / f"edge/fleet/sites/{site}.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if "note@1" in line)


def validated(repository: Path, *words: str, code: int = 1) -> str:
    ran = composer(repository, "-C", "edge/fleet", "validate", *words)
    assert ran.code == code
    return ran.out


def test_forges_are_told_files_from_the_root_of_the_repository_on(repository: Path) -> None:
    change(repository / "edge/fleet", "sites/b.yaml", ("text:", "txet:"))
    line = text_line(repository, "b")
    assert f"::error file=edge/fleet/sites/b.yaml,line={line},col=" in validated(repository, "--format", "github")
    (quality,) = json.loads(validated(repository, "--format", "gitlab"))
    assert quality["location"] == {"path": "edge/fleet/sites/b.yaml", "lines": {"begin": line}}
    (run,) = json.loads(validated(repository, "--format", "sarif"))["runs"]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "edge/fleet/sites/b.yaml"
    # People and programs in the fleet's folder are told what lies there.
    assert validated(repository, "--format", "concise").startswith(f"sites/b.yaml:{line}:")


def test_only_findings_on_changed_lines_are_shown_and_all_of_them_count(repository: Path) -> None:
    change(repository / "edge/fleet", "sites/b.yaml", ("text:", "txet:"))
    git(repository, "commit", "-q", "-a", "-m", "an old mistake")
    change(repository / "edge/fleet", "sites/c.yaml", ("text:", "txet:"))
    (repository / "edge/fleet/sites/new.yaml").write_text(noted("new").replace("text:", "txet:"))
    ran = composer(repository, "-C", "edge/fleet", "validate", "--format", "concise", "--changed-lines", "HEAD")
    assert ran.code == 1
    assert [line.partition(":")[0] for line in ran.out.splitlines()] == ["sites/c.yaml", "sites/new.yaml"]
    assert ran.err == "4 sites: 3 errors, 0 warnings\n1 finding on lines that did not change, not shown\n"


def test_a_changed_line_says_what_it_changes(repository: Path) -> None:
    for name in "ac":
        change(repository / "edge/fleet", f"sites/{name}.yaml", ("hello", "goodbye"))
    words = ("-C", "edge/fleet", "diff", "--base", "HEAD", "--format", "github", "--annotations", "-")
    ran = composer(repository, *words)
    assert ran.code == 0
    assert ran.out.startswith("#### 1 distinct change at 2 of 3 sites\n")
    # The change is the same at both sites, and is asked for at one of them.
    start = f"::notice file=edge/fleet/sites/a.yaml,line={text_line(repository, 'a')},col="
    (line,) = ran.err.splitlines()
    assert line.startswith(start)
    assert line.endswith("::changes ConfigMap edge-platform/note at 2 sites")


def test_annotations_for_gitlab_are_a_report_in_a_file(repository: Path) -> None:
    change(repository / "edge/fleet", "sites/a.yaml", ("hello", "goodbye"))
    change(repository / "edge/fleet", "sites/b.yaml", ("text:", "txet:"))
    words = ("diff", "--base", "HEAD", "--format", "gitlab", "--annotations", "report.json")
    ran = composer(repository / "edge/fleet", *words)
    assert ran.code == 1
    found = json.loads((repository / "edge/fleet/report.json").read_text())
    assert [(entry["check_name"], entry["location"]["path"]) for entry in found] == [
        ("R011", "edge/fleet/sites/a.yaml"),
        ("L120", "edge/fleet/sites/b.yaml"),
    ]


def test_a_line_that_changes_no_object_and_a_new_document_have_no_annotation(repository: Path) -> None:
    path = repository / "edge/fleet/sites/a.yaml"
    path.write_text(f"# a comment\n{path.read_text()}")
    (repository / "edge/fleet/sites/new.yaml").write_text(noted("new"))
    words = ("diff", "--base", "HEAD", "--format", "github", "--annotations", "-")
    assert composer(repository / "edge/fleet", *words).err == ""


def test_annotations_without_a_base_are_a_usage_error(repository: Path) -> None:
    ran = composer(repository / "edge/fleet", "diff", "--annotations", "-")
    assert (ran.code, "error[X002]" in ran.err) == (2, True)


# Which lines changed


def changed(repository: Path, revision: str = "HEAD") -> dict[str, Any]:
    found = changed_lines(repository / "edge/fleet", revision)
    return {file: "new" if lines.new else [(r.start, r.stop) for r in lines.ranges] for file, lines in found.items()}


def test_lines_that_were_edited_added_and_removed_are_told_apart(repository: Path) -> None:
    path = repository / "edge/fleet/sites/a.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:1], "# one\n", "# two\n", *lines[1:3], *lines[4:], "# end"]))
    (repository / "edge/fleet/sites/c.yaml").unlink()
    (repository / "edge/fleet/sites/with space.yaml").write_text("x\n")
    (repository / "edge/fleet/sites/added.yaml").write_text("x\n")
    git(repository, "add", "edge/fleet/sites/added.yaml")
    (repository / "outside.yaml").write_text("x\n")
    end = len(lines) + 2
    assert changed(repository) == {
        "sites/a.yaml": [(2, 4), (end, end + 1)],
        "sites/added.yaml": "new",
        "sites/with space.yaml": "new",
    }


@pytest.mark.parametrize(
    "settings",
    [
        {"color.ui": "always", "color.diff": "always"},
        {"diff.noprefix": "true"},
        {"diff.mnemonicPrefix": "true", "diff.context": "20", "diff.interHunkContext": "20"},
        {"diff.external": "/planted", "diff.yaml.textconv": "/planted", "diff.relative": "false"},
        {"core.quotePath": "true", "diff.renames": "copies", "diff.submodule": "log", "diff.algorithm": "patience"},
    ],
)
def test_no_setting_of_the_repository_changes_what_is_told_or_is_run(
    repository: Path, settings: dict[str, str]
) -> None:
    planted = repository / "planted.sh"
    planted.write_text(f"#!/bin/sh\ntouch {repository}/was-run\n")
    planted.chmod(0o755)
    (repository / ".gitattributes").write_text("*.yaml diff=yaml\n")
    for key, value in settings.items():
        git(repository, "config", key, value.replace("/planted", str(planted)))
    change(repository / "edge/fleet", "sites/a.yaml", ("hello", "goodbye"))
    line = text_line(repository, "a")
    assert changed(repository) == {"sites/a.yaml": [(line, line + 1)]}
    assert not (repository / "was-run").exists()


@pytest.mark.parametrize("revision", ["nonsense", "--output=x", "HEAD~9", "HEAD:edge", ""])
def test_what_is_no_commit_is_told(repository: Path, revision: str) -> None:
    with pytest.raises(Rejected) as raised:
        changed(repository, revision)
    assert [finding.code for finding in raised.value.diagnostics] == ["B014"]
