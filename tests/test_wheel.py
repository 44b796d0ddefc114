"""The wheel as a user gets it: built, installed into an empty environment, and used where there is no repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy of the sources, so that nothing is left behind in these."""
    folder = tmp_path_factory.mktemp("wheel")
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
    (built_wheel,) = (folder / "dist").iterdir()
    return built_wheel


def install(wheel: Path, folder: Path) -> Path:
    """The programs of an environment that holds the wheel, what it depends on, and nothing else.

    What it depends on is linked to what is installed here.
    """
    venv.create(folder, symlinks=True)
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        folder / "bin/python",
    ]
    installed = run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], folder)
    assert installed.returncode == 0, installed.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    link_dependencies(packages)
    checked = run([*pip, "check"], folder)
    assert checked.returncode == 0, checked.stdout
    return folder / "bin"


def link_dependencies(packages: Path) -> None:
    """Adds to *packages*, which holds one distribution, all that it needs, and all that these need."""
    (wanted,) = distributions(path=[str(packages)])
    waiting, known = [*needed(wanted)], set()
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        waiting += needed(distribution(name))
        files = distribution(name).files or ()
        tops = dict.fromkeys(file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__"))
        for top in tops:
            (packages / top).symlink_to(distribution(name).locate_file(top))


def needed(of: Distribution) -> Iterator[str]:
    """The names of the distributions that one requires, without its extras."""
    for text in of.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


@pytest.fixture
def environment() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "environment"


def test_the_wheel_holds_what_the_composer_needs_and_no_more(wheel: Path) -> None:
    with ZipFile(wheel) as opened:
        inside = set(opened.namelist())
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


def test_the_installed_wheel_works_where_there_is_no_repository(wheel: Path, tmp_path: Path, environment: Path) -> None:
    programs = install(wheel, environment)
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
        validated = run([*way, "validate", "rome-01"], fleet)
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
    made = run([programs / "composer", "init", "own", "--forge", "github"], tmp_path)
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    assert (tmp_path / "own/.github/workflows/check.yaml").is_file()
    assert run([programs / "composer", "new", "blueprint", "greeter"], tmp_path / "own").returncode == 0
    cases = run([programs / "composer", "test", "greeter"], tmp_path / "own")
    assert (cases.returncode, cases.stderr) == (0, "2 cases, 0 failed\n"), cases.stdout
    cases = run([programs / "composer", "test", "tenancy"], fleet)
    assert cases.returncode == 0, cases.stdout + cases.stderr
    where = run([programs / "python", "-c", "import composer; print(composer.__file__)"], fleet).stdout
    assert Path(where.strip()).is_relative_to(environment)


def test_pip_installs_the_wheel_that_a_new_fleet_keeps(wheel: Path, tmp_path: Path) -> None:
    """Only the wheel: what it depends on comes from an index."""
    made = run([sys.executable, "-m", "composer", "init", tmp_path / "fleet", "--composer", wheel], ROOT)
    assert made.returncode == 0, made.stderr
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-index", "--no-deps"]
    words = [*pip, "--dry-run", "--ignore-installed", "--requirement", "requirements.txt"]
    installed = run(words, tmp_path / "fleet")
    assert (installed.returncode, installed.stderr) == (0, "")
    assert f"Would install edge-composer-{__version__}" in installed.stdout


def contents(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of every file."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
