"""`composer init`: a fleet from nothing, which is in order from its first minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.source.packaged import packaged
from composer.source.reader import read_document
from tests.cli.kit import composer
from tests.publish.making import git


def files(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*")) if p.is_file()}


def test_the_new_fleet_renders_without_a_finding(tmp_path: Path) -> None:
    made = composer(tmp_path, "init", "bakery")
    assert (made.code, made.out) == (0, "")
    assert "files written to bakery" in made.err
    root = tmp_path / "bakery"
    assert read_document(root, "sites/fleet.yaml").data["metadata"]["name"] == "bakery"
    assert read_document(root, "sites/fleet.yaml").data["spec"]["delivery"]["repository"] == "out/delivery.git"
    rendered = composer(root, "render")
    assert (rendered.code, rendered.out) == (0, "")
    assert rendered.err.startswith("2 sites rendered, ")
    assert sorted(p.name for p in (root / "out/manifests").iterdir()) == ["factory-01", "hub"]
    assert "\nedge-composer[github,gitlab]" in (root / "requirements.txt").read_text()


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_what_was_asked_for_stands_in_the_documents_and_nothing_else_differs(tmp_path: Path, engine: str) -> None:
    address = "https://git.example.com/acme/delivery.git"
    words = ("--name", "acme", "--engine", engine, "--repository", address, "--forge", "gitlab")
    assert composer(tmp_path, "init", ".", *words).code == 0
    made, shipped = files(tmp_path), files(packaged("starter") / "fleet")
    assert {path for path in shipped if path not in made} == {p for p in shipped if p.startswith(".github/")}
    different = {path for path, text in made.items() if text != shipped.get(path)}
    clusters = {"sites/hub.yaml", "sites/profiles/edge-box.yaml"} if engine == "argocd" else set()
    assert different == {"sites/fleet.yaml", "requirements.txt", "schemas/documents.schema.json"} | clusters
    delivery = read_document(tmp_path, "sites/fleet.yaml").data["spec"]["delivery"]
    assert delivery == {"engine": engine, "repository": address, "url": address}
    validated = composer(tmp_path, "validate")
    assert (validated.code, validated.out, validated.err) == (0, "", "2 sites: 0 errors, 0 warnings\n")


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    ran = composer(tmp_path, "init", "full")
    assert (ran.code, ran.out) == (2, "")
    assert "error[E001]" in ran.err
    assert "it holds notes.txt" in ran.err
    assert files(tmp_path) == {"full/notes.txt": "mine"}


def test_a_fresh_clone_of_an_empty_repository_will_do(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    assert composer(tmp_path, "init", ".").code == 0
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-q", "-m", "A fleet")
    assert composer(tmp_path, "publish").code == 0
    assert git(tmp_path, "status", "--porcelain") == ""


def test_a_file_in_the_way_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = composer(tmp_path, "init", "file")
    assert (ran.code, ran.out) == (2, "")
    assert "error[E002]" in ran.err


def test_a_folder_that_may_not_be_written_is_a_finding(tmp_path: Path) -> None:
    """Below /proc nobody makes a folder, root neither."""
    ran = composer(tmp_path, "init", "/proc/new")
    assert (ran.code, ran.out) == (2, "")
    assert "error[E002]: cannot write /proc/new" in ran.err


@pytest.mark.parametrize(
    ("words", "code"), [(("--name", "Not A Name"), "D005"), (("--repository", "ext::sh -c id"), "D005")]
)
def test_a_wish_that_cannot_be_met_writes_nothing(tmp_path: Path, words: tuple[str, ...], code: str) -> None:
    ran = composer(tmp_path, "init", "new", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[{code}]" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_next_steps_begin_where_one_stands(tmp_path: Path) -> None:
    told = composer(tmp_path, "init", "my bakery").err
    assert "  cd 'my bakery'\n  git init --initial-branch main\n  composer validate\n" in told
    (tmp_path / "here").mkdir()
    told = composer(tmp_path / "here", "init", ".").err
    assert "Next:\n  git init --initial-branch main\n  composer validate\n" in told
    (tmp_path / "clone").mkdir()
    git(tmp_path / "clone", "init", "-q")
    assert "Next:\n  composer validate\n" in composer(tmp_path / "clone", "init", ".").err
