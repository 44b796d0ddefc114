"""What Git alone needs for the same: one `git fast-import --depth=0` of every file of every site, one push of all branches."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from composer.pipeline.branch import files_of
from composer.pipeline.run import compose_all
from composer.stages.load import load_fleet
from composer.stages.publish import SiteFiles
from tests.bench.measure import Run, measure

_COMMIT = "commit refs/heads/%s\ncommitter bench <bench@example.com> 0 +0000\ndata 0\n"


def fast_import(fleet: Path, folder: Path) -> Run:
    """Imports the files of every site of a fleet into a new repository below *folder*."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    loaded, _ = load_fleet(fleet)
    with (folder / "stream").open("wb") as stream:
        for site in compose_all(loaded, sorted(loaded.sites), 2, files_of):
            stream.write(_commit(site))
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder / "git")], check=True)
    found = measure(["sh", "-c", "exec git --git-dir=git fast-import --quiet --depth=0 < stream"], folder)
    shutil.rmtree(folder)
    return found


def push(repository: Path, address: str) -> Run:
    """One push of all branches of *repository*."""
    words = ("push", "--quiet", address, "refs/heads/*:refs/heads/*")
    return measure(["git", f"--git-dir={repository}", *words], repository)


def forget_remotes(repository: Path) -> None:
    """Removes what *repository* knows of where a remote's branches stand, as if nothing had ever been pushed."""
    git = ["git", f"--git-dir={repository}"]
    known = subprocess.run(
        [*git, "for-each-ref", "--format=delete %(refname)", "refs/remotes"], capture_output=True, check=True
    )
    subprocess.run([*git, "update-ref", "--stdin"], input=known.stdout, check=True)


def _commit(site: SiteFiles) -> bytes:
    parts = [(_COMMIT % site.branch).encode()]
    for path, content in site.files.items():
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    return b"".join(parts)
