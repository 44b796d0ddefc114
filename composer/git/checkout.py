"""The fleet as it was at other commits, in folders beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from composer.diagnostic import Rejected
from composer.git.batch import Batch
from composer.git.ids import FILE, Entry
from composer.git.process import GitFailed, in_source
from composer.git.source import FLEET_FOLDERS, unknown, unreadable

_LINK = "120000"
_EXECUTABLE = "100755"


def export(fleet: Path, revision: str, target: Path) -> str:
    """Writes the fleet as it was at *revision* into the empty folder *target*; gives the id of that commit.

    Raises Rejected where there is no such revision, or no fleet in it.
    """
    return _export(fleet, revision, target, {})[0]


class Checkout:
    """The fleet at one commit after the other, each time in a new folder below *parent*, the only one.

    From one to the next, files that are the same move along, and only the others are written.
    """

    def __init__(self, fleet: Path, parent: Path) -> None:
        self._fleet = fleet
        self._parent = parent
        self._number = 0
        self._before: Path | None = None
        self._entries: Mapping[str, Entry] = {}

    def at(self, commit: str) -> Path:
        """The folder with the fleet as it was at *commit*. Raises Rejected where it was in none there."""
        self._number += 1
        folder = self._parent / str(self._number)
        folder.mkdir()
        if self._before is not None:
            for name in FLEET_FOLDERS:
                with suppress(FileNotFoundError):
                    (self._before / name).rename(folder / name)
            shutil.rmtree(self._before)
        entries, self._before, self._entries = self._entries, None, {}
        _, self._entries = _export(self._fleet, commit, folder, entries)
        self._before = folder
        return folder


def _export(fleet: Path, revision: str, target: Path, there: Mapping[str, Entry]) -> tuple[str, Mapping[str, Entry]]:
    """Has *target*, where these files are *there*, hold the fleet at *revision*: the commit's id, and all files of it."""
    if "\n" in revision:
        raise Rejected([unknown(fleet, revision)])
    try:
        with Batch(in_source(fleet, "cat-file", "--batch"), own=True) as objects:
            names = [f"{revision}^{{commit}}", *(f"{revision}:./{folder}" for folder in FLEET_FOLDERS)]
            commit, *folders = objects.objects(names)
            if commit is None or folders[0] is None:
                raise Rejected([unknown(fleet, revision)])
            found = {name: folder[0] for name, folder in zip(FLEET_FOLDERS, folders, strict=True) if folder}
            listings = zip(found, objects.trees(list(found.values())), strict=True)
            # Submodules are left out.
            kinds = (FILE, _EXECUTABLE, _LINK)
            entries = {
                f"{folder}/{path}": entry
                for folder, listing in listings
                for path, entry in listing.items()
                if entry.mode in kinds
            }
            _remove(target, [path for path, entry in there.items() if entries.get(path) != entry])
            _write(objects, target, {path: entry for path, entry in entries.items() if there.get(path) != entry})
    except GitFailed as failed:
        raise Rejected([unreadable(fleet, failed)]) from failed
    return commit[0], entries


def _remove(target: Path, paths: list[str]) -> None:
    """Removes files and links, and folders that hold nothing then."""
    for path in paths:
        place = target / PurePosixPath(path)
        place.unlink()
        for folder in place.parents:
            if folder == target or any(folder.iterdir()):
                break
            folder.rmdir()


def _write(objects: Batch, target: Path, entries: Mapping[str, Entry]) -> None:
    """Writes files, then links, so that no file is written through one."""
    for wanted in ((FILE, _EXECUTABLE), (_LINK,)):
        chosen = {path: entry.id for path, entry in entries.items() if entry.mode in wanted}
        for path, content in zip(chosen, objects.contents(list(chosen.values())), strict=True):
            place = target / PurePosixPath(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if wanted == (_LINK,):
                place.symlink_to(content.decode("utf-8", "surrogateescape"))
            else:
                place.write_bytes(content)
