"""Which lines of a fleet's files differ from another commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from composer.diagnostic import Place, Rejected, error
from composer.git.process import GitFailed, in_source, run
from composer.git.source import FLEET_FOLDERS

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_FORM = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=0", "--relative")
_PREFIXES = ("--src-prefix=old/", "--dst-prefix=new/")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file that differ, as ranges; all of them where the file is *new*."""

    ranges: tuple[range, ...] = ()
    new: bool = False

    def __contains__(self, line: int) -> bool:
        return self.new or any(line in lines for lines in self.ranges)


def changed_lines(fleet: Path, revision: str) -> dict[str, Lines]:
    """File, from the fleet's folder on -> its lines that *revision* does not have. Lines that only went are none.

    Raises Rejected where there is no such commit.
    """
    try:
        commit = _git(fleet, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
        text = _git(fleet, "diff", *_FORM, *_PREFIXES, commit, "--", *FLEET_FOLDERS)
        others = _git(fleet, "ls-files", "--others", "--exclude-standard", "-z", "--", *FLEET_FOLDERS)
    except GitFailed as failed:
        message = f"{revision!r} is no commit that lines can be compared with: {failed}"
        hint = "in a shallow clone, fetch the commit first"
        raise Rejected([error("B014", message, Place(str(fleet)), hint=hint)]) from failed
    untracked = {file: Lines(new=True) for file in others.split("\0") if file}
    return {**dict(_files(text)), **untracked}


def place_in_repository(folder: Path) -> str:
    """Where the folder lies in its repository: "", or a path that ends in a slash. Outside of a repository, ""."""
    try:
        return _git(folder, "rev-parse", "--show-prefix").removesuffix("\n")
    except GitFailed:
        return ""


def _git(folder: Path, *words: str) -> str:
    command = in_source(folder, "-c", "core.quotePath=false", *words)
    return run(command, own=True).decode("utf-8", "surrogateescape")


def _files(text: str) -> Iterator[tuple[str, Lines]]:
    """The files of a patch without context. Names that git has to quote are no documents' names."""
    for part in re.split(r"^diff --git ", text, flags=re.MULTILINE)[1:]:
        head, _, hunks = part.partition("\n@@ ")
        name = re.search(r"^\+\+\+ new/([^\t\n]+)", head, re.MULTILINE)
        if name:
            new = re.search(r"^--- /dev/null$", head, re.MULTILINE) is not None
            yield name[1], Lines(tuple(_ranges(f"@@ {hunks}")), new)


def _ranges(hunks: str) -> Iterator[range]:
    for line in hunks.split("\n"):
        found = _HUNK.match(line)
        start, count = (int(found[1]), int(found[2] or 1)) if found else (0, 0)
        if count:
            yield range(start, start + count)


def on_changed_lines(place: Place, changed: Mapping[str, Lines]) -> bool:
    """Whether the place lies on a line that differs; a file as a whole where any of it does."""
    lines = changed.get(place.file)
    return lines is not None and (not place.line or place.line in lines)
