"""The wheel as a user gets it: built, installed into an empty environment, and used where there is no repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest

from composer import __version__

ROOT = Path(__file__).parents[1]
IGNORED = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "out", "dist")


def run(words: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command that must not find this repository."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**variables, **plain},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def build(folder: Path) -> Path:
    """The wheel, built of a copy of the sources, so that nothing is left behind in these."""
    sources = folder / "sources"
    shutil.copytree(ROOT, sources, ignore=IGNORED)
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder / "dist",
        sources,
    ]
    built = run(words, folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (folder / "dist").iterdir()
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """The programs of an environment that holds the wheel, what it depends on, and nothing else."""
    venv.create(folder, symlinks=True)
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        folder / "bin/python",
    ]
    pinned = ROOT / "requirements-dev.lock"
    installed = run([*pip, "install", "--quiet", "--no-compile", "--constraint", pinned, wheel], folder)
    if installed.returncode:
        pytest.fail(
            f"the wheel could not be installed; this test needs a package index (network):\n{installed.stderr[-2000:]}"
        )
    return folder / "bin"


@pytest.fixture
def environment() -> Iterator[Path]:
    """A folder for some hundred megabytes, which are gone afterwards."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "environment"


def test_the_wheel_holds_what_the_composer_needs_and_no_more(tmp_path: Path) -> None:
    with ZipFile(build(tmp_path)) as wheel:
        inside = set(wheel.namelist())
    wanted = {
        "composer/packaged/diagnostics.md": ROOT / "docs/diagnostics.md",
        **{f"composer/{p.relative_to(ROOT / 'composer')}": p for p in (ROOT / "composer").rglob("*.py")},
    }
    for folder in ("blueprints", "schemas", "starter"):
        files = (p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        wanted |= {f"composer/packaged/{p.relative_to(ROOT)}": p for p in files}
    program = {name for name in inside if name.startswith("composer/")}
    assert program == wanted.keys()
    assert not any(name.endswith((".py", ".pyc")) for name in program if name.startswith("composer/packaged/"))
    others = {name.partition("/")[0] for name in inside - program}
    assert others == {f"edge_composer-{__version__}.dist-info"}


def test_the_installed_wheel_works_where_there_is_no_repository(tmp_path: Path, environment: Path) -> None:
    programs = install(build(tmp_path), environment)
    fleet = tmp_path / "fleet"
    shutil.copytree(ROOT / "sites", fleet / "sites")
    ways: list[list[str | Path]] = [
        [programs / "composer"],
        [programs / "edge-composer"],
        [programs / "python", "-m", "composer"],
    ]
    for way in ways:
        shown = run([*way, "--version"], fleet)
        assert (shown.returncode, shown.stdout, shown.stderr) == (0, f"composer {__version__}\n", "")
        validated = run([*way, "validate"], fleet)
        assert (validated.returncode, validated.stdout) == (0, ""), validated.stderr
        assert "0 errors, 0 warnings" in validated.stderr

    rendered = run([programs / "composer", "render", "-o", "installed"], fleet)
    assert rendered.returncode == 0, rendered.stderr
    checkout = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from composer.cli.main import run; run()",
    ]
    assert run([*checkout, "render", "-o", "checkout"], fleet).returncode == 0
    assert contents(fleet / "installed") == contents(fleet / "checkout") != {}

    explained = run([programs / "composer", "explain", "L001"], fleet)
    assert (explained.returncode, explained.stderr) == (0, "")
    assert "no such blueprint" in explained.stdout
    changed = run([programs / "composer", "set", "rome-01", "spec.offline=48h"], fleet)
    assert (changed.returncode, changed.stderr) == (0, "sites/eu/it/rome-01.yaml: 1 change made\n")
    cases = run([programs / "composer", "test", "tenancy"], fleet)
    assert cases.returncode == 0, cases.stdout + cases.stderr
    where = run([programs / "python", "-c", "import composer; print(composer.__file__)"], fleet).stdout
    assert Path(where.strip()).is_relative_to(environment)


def contents(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of every file."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
