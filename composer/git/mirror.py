"""A mirror's own settings: the composer made it, so whatever else stands there is somebody else's, and goes."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from composer.git.process import in_delivery, run
from composer.git.repository import Repository

_MADE = ("repositoryformatversion", "filemode", "bare", "ignorecase", "precomposeunicode", "symlinks")
"""What `git init` writes below core, on any system. It tells how files are kept, and names no program and no address."""


def forget_settings(mirror: Repository) -> None:
    """Leaves of the mirror's configuration what Git wrote when it was made.

    To fetch and push, Git needs the person's configuration, and would read the mirror's as well: a program or an address
    planted there would be obeyed. Raises GitFailed where it cannot be read, and OSError where it cannot be written.
    """
    file = mirror.path / "config"
    words = ("config", f"--file={file}", "--no-includes", "--null", "--list")
    rows = run(in_delivery(mirror.path, *words)).decode("utf-8", "surrogateescape").split("\0")[:-1]
    pairs = dict(row.partition("\n")[::2] for row in rows)
    kept = {key: pairs[f"core.{key}"] for key in _MADE if pairs.get(f"core.{key}") in ("true", "false", "0")}
    if len(rows) == len(kept):
        return
    text = "[core]\n" + "".join(f"\t{key} = {value}\n" for key, value in kept.items())
    with NamedTemporaryFile("w", dir=mirror.path, prefix="config.", delete=False, encoding="utf-8") as new:
        new.write(text)
    Path(new.name).replace(file)
