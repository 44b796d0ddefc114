"""Where packaged data lies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import composer
from composer.source.packaged import packaged


def test_a_checkout_uses_its_own_folders() -> None:
    checkout = Path(composer.__file__).parent.parent
    assert packaged("blueprints") == checkout / "blueprints"
    assert packaged("schemas") == checkout / "schemas"
    assert packaged("diagnostics.md") == checkout / "docs" / "diagnostics.md"


def test_an_installed_package_uses_what_came_with_it(tmp_path: Path) -> None:
    source = Path(composer.__file__).parent / "source" / "packaged.py"
    installed = tmp_path / "composer"
    (installed / "source").mkdir(parents=True)
    shutil.copy(source, installed / "source")
    for package in (installed, installed / "source"):
        (package / "__init__.py").touch()
    (installed / "packaged" / "schemas").mkdir(parents=True)
    (installed / "packaged" / "diagnostics.md").touch()
    (tmp_path / "schemas").mkdir()
    code = "from composer.source.packaged import packaged as p; print(p('schemas'), p('diagnostics.md'))"
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [str(installed / "packaged" / name) for name in ("schemas", "diagnostics.md")]
