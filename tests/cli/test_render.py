"""`composer render`: folders, standard output, and what becomes of a site with mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kit import composer, fleet, identity, note, noted, notes, site
from tests.load.fleets import change
from tests.pipeline.fleets import everything


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites, rendered to where they go by themselves."""
    root = notes(tmp_path_factory.mktemp("two"), "a", "b")
    ran = composer(root, "render")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("2 sites rendered, ")
    return root


def test_sites_go_to_the_output_folder_of_the_fleet(two: Path) -> None:
    assert sorted(folder.name for folder in (two / "out/manifests").iterdir()) == ["a", "b"]
    written = files_below(two / "out/manifests/a")
    assert {"kustomization.yaml", "platform/kustomization.yaml", "composer.lock.yaml"} <= written.keys()
    assert b"text: hello\n" in written["platform/edge-platform/configmap_note.yaml"]


def test_rendered_again_nothing_is_touched(two: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (two / "out/manifests").rglob("*")}
    assert composer(two, "render").err == "2 sites rendered, 0 files changed\n"
    assert {path: path.stat().st_mtime_ns for path in (two / "out/manifests").rglob("*")} == before


def test_another_folder_gets_the_same_files(two: Path, tmp_path: Path) -> None:
    assert composer(two, "render", "-o", str(tmp_path / "deep/er"), "b").code == 0
    assert [folder.name for folder in (tmp_path / "deep/er").iterdir()] == ["b"]
    assert files_below(tmp_path / "deep/er/b") == files_below(two / "out/manifests/b")


def test_a_dash_prints_every_object_of_every_site_and_writes_nothing(tmp_path: Path) -> None:
    ran = composer(notes(tmp_path, "a", "b"), "render", "-o", "-")
    assert (ran.code, ran.err) == (0, "2 sites rendered\n")
    assert not (tmp_path / "out").exists()
    assert [identity(o)[1:] for o in ran.objects].count(("ConfigMap", "edge-platform", "note")) == 2
    assert ran.out.startswith("---\napiVersion: ")


def test_encrypted_secrets_are_not_printed_and_that_is_said(tmp_path: Path) -> None:
    ran = composer(everything(tmp_path), "render", "a", "-o", "-")
    assert ran.code == 0
    assert "ENC[" not in ran.out
    assert "1 encrypted secret not printed" in ran.err


def test_a_component_that_is_gone_takes_its_files_along_and_leaves_those_of_others(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    composer(root, "render")
    rendered = root / "out/manifests/a"
    (rendered / "NOTES.md").write_text("mine")
    (root / "sites/a.yaml").write_text(site("a"))
    assert composer(root, "render").code == 0
    assert not (rendered / "platform/edge-platform/configmap_note.yaml").exists()
    assert (rendered / "NOTES.md").read_text() == "mine"


def test_a_site_with_a_mistake_fails_alone_with_3_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": noted("a"), "b.yaml": site("b", note("text: 1")), "c.yaml": noted("c")})
    ran = composer(root, "render")
    assert (ran.code, ran.out) == (3, "")
    assert "error[L122]" in ran.err
    assert ran.err.endswith("1 site failed: b\n")
    assert sorted(folder.name for folder in (root / "out/manifests").iterdir()) == ["a", "c"]


def test_a_site_that_breaks_keeps_what_was_rendered_before(tmp_path: Path) -> None:
    root = notes(tmp_path, "a", "b")
    composer(root, "render")
    before = files_below(root / "out/manifests/b")
    change(root, "sites/b.yaml", ("text:", "txet:"))
    change(root, "sites/a.yaml", ("hello", "goodbye"))
    assert composer(root, "render").code == 3
    assert files_below(root / "out/manifests/b") == before
    assert composer(root, "render", "b").code == 1


def test_findings_can_be_read_by_machines(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": site("a", note("text: 1"))})
    ran = composer(root, "render", "--format", "concise")
    assert ran.code == 1
    assert ran.err.startswith("sites/a.yaml:6:57: error[L122] ")
