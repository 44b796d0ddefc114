"""Every command that the documentation shows is run, and every file it shows is used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.kit import put_program

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p.relative_to(ROOT) for p in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
ON_AN_EMPTY_FOLDER = Path("docs/tutorial.md")

_BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (sites/\S+)\n")
_MAKE = re.compile(r"make ([a-z]+)")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of the page's blocks, in order."""
    return _BLOCK.findall((ROOT / page).read_text())


def commands(text: str) -> list[str]:
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


@pytest.fixture
def composer_path(tmp_path: Path) -> dict[str, str]:
    """An environment in which `composer` is this checkout's."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    put_program(bin_folder)
    return {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_shown_works(page: Path, tmp_path: Path, composer_path: dict[str, str]) -> None:
    folder = tmp_path / "fleet"
    if page == ON_AN_EMPTY_FOLDER:
        folder.mkdir()
    else:
        shutil.copytree(ROOT / "sites", folder / "sites")
    for language, text in blocks(page):
        if language == "yaml" and page == ON_AN_EMPTY_FOLDER and (named := _FILE.match(text)):
            file = folder / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif language == "console":
            for command in commands(text):
                run(command, folder, composer_path)


def run(line: str, folder: Path, environment: dict[str, str]) -> None:
    """Runs a line as a reader would type it; a comment may say with which code it ends."""
    command, _, comment = line.partition("    #")
    make = _MAKE.match(command)
    if make:
        assert re.search(rf"^{make[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"no target {make[1]}"
        return
    wanted = int(comment.rpartition(" ")[2]) if "exits with" in comment else 0
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == wanted, f"{command}\n{done.stdout}\n{done.stderr}"


def test_the_site_in_the_readme_is_the_one_of_the_example_fleet() -> None:
    shown = next(text for language, text in blocks(Path("README.md")) if language == "yaml")
    assert shown.strip() in (ROOT / "sites/eu/it/rome-01.yaml").read_text()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", text)
    broken = [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
    assert broken == []
