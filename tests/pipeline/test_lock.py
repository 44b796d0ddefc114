"""The digest in a site's lock file: over all that the site was made from, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from composer.pipeline.branch import files_of
from composer.pipeline.line import Line
from composer.source.reader import parse
from composer.stages.load import load_fleet
from tests.load.fleets import DESIGN, change
from tests.pipeline.fleets import SOPS, everything

LOCK = "composer.lock.yaml"
CA = (DESIGN / "sites/files/hub-eu.pem").read_text()


def digest(root: Path) -> str:
    composed = Line(load_fleet(root)[0]).compose("a")
    assert composed.ok, composed.findings
    found: str = parse(files_of(composed).files[LOCK].decode(), LOCK).data["digest"]
    return found


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    root = everything(tmp_path_factory.mktemp("locked"))
    return root, digest(root)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sites/secrets/a.yaml", SOPS, SOPS + "# one more line\n"),
        ("sites/secrets/a.yaml", "c2VjcmV0", "c2VjcmV1"),
        ("sites/files/ca.pem", CA, CA + CA),
        ("sites/fleet.yaml", "{delivery:", "{policies: {tenantLimits: {cpu: '9'}}, delivery:"),
        ("sites/profiles/low.yaml", "note@1}", "note@1, params: {text: x}}"),
        ("sites/tenants/acme.yaml", "names: b", "names: c"),
        ("sites/a.yaml", "names: a", "names: d"),
        ("blueprints/_lib/extra.yaml", "more:", "again: x\nmore:"),
    ],
)
def test_whatever_a_site_is_made_from_is_in_its_digest(
    before: tuple[Path, str], tmp_path: Path, file: str, old: str, new: str
) -> None:
    root = Path(shutil.copytree(before[0], tmp_path / "fleet"))
    change(root, file, (old, new))
    assert digest(root) != before[1]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sites/a.yaml", "spec:", "# a comment\nspec:"),
        ("sites/b.yaml", "note@1", "note@1.0.0"),
        ("sites/tenants/other.yaml", "spec:", "# nobody's\nspec:"),
        ("blueprints/spare/v1/manifests/object.yaml", "data:", "data:  # a comment"),
    ],
)
def test_nothing_else_is(before: tuple[Path, str], tmp_path: Path, file: str, old: str, new: str) -> None:
    root = Path(shutil.copytree(before[0], tmp_path / "fleet"))
    change(root, file, (old, new))
    assert digest(root) == before[1]
