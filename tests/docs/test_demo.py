"""`make demo`, but for its installation: what somebody sees who has just cloned the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.cli.kit import ROOT, environment, put_program


def test_the_demo_renders_publishes_and_shows_what_a_change_would_change(tmp_path: Path) -> None:
    fleet = tmp_path / "clone"
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    put_program(bin_folder, "-m", "composer")
    shutil.copytree(ROOT / "sites", fleet / "sites")
    done = subprocess.run(
        ["sh", str(ROOT / "tests/demo.sh")],
        cwd=fleet,
        env={**environment(), "BIN": str(bin_folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    sites = sorted(file.stem for file in (ROOT / "sites").rglob("*.yaml") if "kind: Site\n" in file.read_text())
    assert len(sites) >= 6
    assert f"{len(sites)} sites: 0 errors, 0 warnings" in done.stderr
    assert f"{len(sites)} sites rendered" in done.stderr
    assert re.search(rf"^{len(sites)} sites published, 0 unchanged", done.stderr, re.MULTILINE)
    assert re.search(rf"^0 sites published, {len(sites)} unchanged", done.stderr, re.MULTILINE)
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith("site/")][: len(sites)] == [
        f"site/{site}" for site in sites
    ]
    assert "max_connections 2000" in done.stdout
    assert "max_connections 2500" in done.stdout
    assert "What to try next" in done.stdout
