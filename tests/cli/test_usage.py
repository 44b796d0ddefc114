"""What every command has in common: help, choosing a fleet and sites, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from composer import __version__
from composer.source.packaged import packaged
from tests.cli.kit import ROOT, composer, environment, fleet, noted, notes, site, start
from tests.load.fleets import document


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sites; two have a label, one lists a tenant."""
    return fleet(
        tmp_path_factory.mktemp("three"),
        {
            "tenants/acme.yaml": document("Tenant", "acme"),
            "eu/berlin.yaml": noted("berlin", labels="{region: eu, ring: canary}"),
            "eu/lyon.yaml": site("lyon", "tenants: {acme: {}}", labels="{region: eu}"),
            "lima.yaml": noted("lima"),
        },
    )


def printed_sites(printed: str) -> list[str]:
    return re.findall(r"branch: site/(\S+)", printed)


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert composer(tmp_path, "--version").out == f"composer {__version__}\n"


def test_help_lists_commands_and_each_of_them_has_help_of_its_own(tmp_path: Path) -> None:
    listed = re.findall(r"^    (\w+)\b", composer(tmp_path, "--help").out, re.MULTILINE)
    assert {"validate", "render", "diff", "publish", "explain", "test"} <= set(listed)
    for command in listed:
        shown = composer(tmp_path, command, "--help")
        assert (shown.code, shown.err) == (0, "")
        assert shown.out.startswith(f"usage: composer {command} ")


def test_a_command_that_does_not_exist_is_a_usage_error_that_names_those_that_do(tmp_path: Path) -> None:
    ran = composer(tmp_path, "undo")
    assert (ran.code, ran.out) == (2, "")
    assert "invalid choice: 'undo'" in ran.err
    assert "publish" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("validate", "--nonsense"),
        ("validate", "--format", "xml"),
        ("render", "--jobs", "0"),
        ("render", "--jobs", "99999"),
        ("render", "--jobs", "two"),
        ("validate", "-l", "region"),
        ("explain", "lima", "ConfigMap/note", "data.text", "more"),
    ],
)
def test_wrong_arguments_are_a_usage_error(three: Path, words: tuple[str, ...]) -> None:
    ran = composer(three, *words)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


def test_a_folder_without_a_fleet_is_a_usage_error(tmp_path: Path) -> None:
    ran = composer(tmp_path, "validate")
    assert (ran.code, ran.out) == (2, "")
    assert "error[D024]" in ran.err
    assert "-C DIR" in ran.err


def test_no_page_or_hint_speaks_of_a_command_that_does_not_exist(tmp_path: Path) -> None:
    listed = re.findall(r"^    (\w+)\b", composer(tmp_path, "--help").out, re.MULTILINE)
    sources = [packaged("diagnostics.md"), *(ROOT / "composer").rglob("*.py")]
    spoken = {word for file in sources for word in re.findall(r"`composer ([a-z]+)", file.read_text())}
    assert spoken - set(listed) == set()


def test_a_fleet_elsewhere_is_named_with_its_folder(three: Path, tmp_path: Path) -> None:
    relative = os.path.relpath(three, tmp_path)
    for folder in (str(three), relative):
        ran = composer(tmp_path, "-C", folder, "validate")
        assert (ran.code, ran.err) == (0, "3 sites: 0 errors, 0 warnings\n")


def test_output_goes_to_the_fleet_unless_a_folder_is_named_which_is_relative_to_where_one_stands(
    three: Path, tmp_path: Path
) -> None:
    assert composer(tmp_path, "-C", str(three), "render", "lima").code == 0
    assert (three / "out/manifests/lima/kustomization.yaml").is_file()
    assert composer(tmp_path, "-C", str(three), "render", "lima", "-o", "here").code == 0
    assert (tmp_path / "here/lima/kustomization.yaml").is_file()


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ((), ["berlin", "lima", "lyon"]),
        (("lyon", "berlin", "lyon"), ["berlin", "lyon"]),
        (("-l", "region=eu"), ["berlin", "lyon"]),
        (("-l", "region=eu", "-l", "ring=canary"), ["berlin"]),
        (("--tenant", "acme"), ["lyon"]),
        (("lima", "lyon", "--tenant", "acme"), ["lyon"]),
    ],
)
def test_sites_are_chosen_by_name_label_and_tenant(three: Path, words: tuple[str, ...], chosen: list[str]) -> None:
    ran = composer(three, "render", *words, "-o", "-")
    assert (ran.code, printed_sites(ran.out)) == (0, chosen)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("-l", "region=ue"), "-l region=ue chooses none of all sites", "did you mean 'region=eu'?"),
        (("-l", "zone=x"), "-l zone=x chooses none of all sites", "labels there are: region=eu, ring=canary"),
        (("berlin", "--tenant", "acme"), "--tenant acme chooses none of the sites named", ""),
        (("lima", "-l", "ring=canary"), "-l ring=canary chooses none of the sites named", ""),
    ],
)
@pytest.mark.parametrize("command", ["validate", "render", "diff", "publish"])
def test_a_selector_that_chooses_nothing_is_a_usage_error(
    three: Path, command: str, words: tuple[str, ...], message: str, hint: str
) -> None:
    ran = composer(three, command, *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[X009]: {message}" in ran.err
    assert hint in ran.err


def test_a_fleet_without_sites_has_nothing_to_complain_about(tmp_path: Path) -> None:
    assert composer(fleet(tmp_path, {}), "validate").err == "0 sites: 0 errors, 0 warnings\n"


def test_names_of_sites_that_do_not_exist_are_all_named_with_the_nearest_one(three: Path) -> None:
    ran = composer(three, "validate", "berlin", "lion", "berlinn")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("error[X001]") == 2
    assert "there is no site 'lion'" in ran.err
    assert "did you mean 'lyon'?" in ran.err


def test_a_tenant_that_does_not_exist_is_named_with_the_nearest_one(three: Path) -> None:
    ran = composer(three, "validate", "--tenant", "acne")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no tenant 'acne'" in ran.err
    assert "did you mean 'acme'?" in ran.err


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": noted("a", "x" * 300_000)})
    done = subprocess.run(
        ["bash", "-c", '"$0" -m composer render -o - | head -n 1; echo "${PIPESTATUS[0]}"', sys.executable],
        check=True,
        cwd=root,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "---\n0\n"
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_ctrl_c_ends_the_command_with_130_and_no_traceback(tmp_path: Path) -> None:
    root = notes(tmp_path, *(f"s-{number:03}" for number in range(300)))
    process = start(root, "render", "-o", "-", PYTHONUNBUFFERED="1")
    assert process.stdout
    assert process.stdout.readline() == "---\n"
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    assert process.stderr
    said = process.stderr.read()
    assert process.wait() == 130
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "lyon", "--format", "concise", "lima"),
        ("validate", "--jobs", "1", "lyon", "--format", "concise", "lima"),
        ("render", "lyon", "-o", "-", "lima", "--format", "concise"),
        ("images", "lyon", "--format", "json", "lima"),
        ("capacity", "lyon", "--format", "json", "lima"),
        ("diff", "lyon", "--format", "json", "lima"),
    ],
    ids=" ".join,
)
def test_names_stand_before_between_and_after_options(three: Path, words: tuple[str, ...]) -> None:
    command, *others = (word for word in words if word not in ("lyon", "lima"))
    apart = composer(three, *words)
    assert apart == composer(three, command, *others, "lyon", "lima")
    assert apart.code == 0


def test_a_number_of_processes_that_cannot_be_is_told_with_those_that_can(three: Path) -> None:
    assert "argument --jobs: from 1 to 256\n" in composer(three, "validate", "--jobs", "two").err


def test_what_is_asked_about_stands_on_both_sides_of_an_option_too(three: Path) -> None:
    ran = composer(three, "explain", "lyon", "--format", "dot", "topics")
    assert (ran.code, ran.out.split()[0]) == (0, "digraph")
    ran = composer(three, "set", "lyon", "spec.offline=2h", "--dry-run", "spec.cluster.version=1.34")
    assert "+  offline: 2h" in ran.out
    assert "1.34" in ran.out
    ran = composer(three, "upgrade", "note", "--to", "1", "lima", "--dry-run", "berlin")
    assert "the chosen sites use note@1 already" in ran.err


def test_an_unknown_option_is_named_with_the_usage_of_its_command(three: Path) -> None:
    ran = composer(three, "validate", "lyon", "--colour", "lima")
    assert ran.code == 2
    assert ran.err.startswith("usage: composer validate ")
    assert ran.err.endswith("composer validate: error: unrecognized arguments: --colour\n")
    assert "(-C stands before the command)" in composer(three, "validate", "-C", "elsewhere").err


def test_what_is_said_about_a_bug_repeats_no_value_of_the_command_line(three: Path) -> None:
    code = "import composer.cli.publish as p; p.run = lambda _: 1 / 0; from composer.cli.main import run; run()"
    words = ("-C", "/secret/folder", "publish", "secret-site", "--plan", "secret.json", "--tenant=secret", "-lsecret=1")
    ran = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=three, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 70
    assert "ZeroDivisionError" in ran.stderr
    assert "composer -C publish --plan --tenant -l," in ran.stderr
    assert "secret" not in ran.stderr
