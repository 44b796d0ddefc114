"""A site's files in a folder, for `composer render`: the rules of a branch, and no link is ever followed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from errno import EEXIST, ELOOP, ENOTDIR
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.stages.publish.lockfile import LOCK, inventory

_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Written:
    """How many files of a folder were written and removed."""

    written: int
    removed: int


def write_tree(target: Path, files: Mapping[str, bytes], anchor: Path | None = None) -> Written:
    """Makes *target* hold *files*: writes what differs, removes what an earlier run wrote, leaves the rest.

    A new folder appears complete or not at all. In one that exists, nothing is touched until all new content
    is on the disk beside it. No link is followed below *anchor*, a folder somewhere above the target (by itself the one
    above its parent). Raises Rejected where a link or somebody else's file is in the way, or the disk refuses.
    """
    anchor = anchor or target.parent.parent
    try:
        anchor.mkdir(parents=True, exist_ok=True)
        with _Folder.at(anchor) as top:
            return _Writer(target, _entered(top, anchor, target.parent), files).write()
    except OSError as problem:
        raise Rejected([_refused(target, problem)]) from problem


def _entered(top: _Folder, anchor: Path, folder: Path) -> _Folder:
    """The folder below *top*, made where it is not there."""
    here, path = top, anchor
    for name in folder.relative_to(anchor).parts:
        path /= name
        try:
            here = here.enter(name, make=True)
        except OSError as problem:
            problem.filename = str(path)
            raise
    return here


class _Folder:
    """A folder entered through a descriptor, so that nothing that is swapped meanwhile leads out of it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._inner: dict[str, _Folder] = {}

    @classmethod
    def at(cls, path: Path) -> _Folder:
        """The folder at *path*, which may lead over links."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY))

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        for folder in self._inner.values():
            folder.__exit__()
        os.close(self.descriptor)

    def enter(self, path: str, *, make: bool = False) -> _Folder:
        """The folder at *path* below this one ("" is this one). Raises OSError where there is none."""
        if not path:
            return self
        name, _, rest = path.partition("/")
        if name not in self._inner:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=self.descriptor)
            self._inner[name] = _Folder(os.open(name, _ENTER, dir_fd=self.descriptor))
        return self._inner[name].enter(rest, make=make)

    def forget(self, name: str) -> None:
        """Lets go of a folder directly in this one, before it is moved or removed."""
        if name in self._inner:
            self._inner.pop(name).__exit__()

    def is_folder(self, name: str) -> bool:
        """Whether there is a folder of this name, or nothing. Raises OSError for a link or a file."""
        try:
            mode = os.lstat(name, dir_fd=self.descriptor).st_mode
        except FileNotFoundError:
            return False
        if not S_ISDIR(mode):
            raise NotADirectoryError(ENOTDIR, "a link or a file is in its place", name)
        return True

    def read(self, path: str) -> bytes | None:
        """The file's content; None where there is none."""
        folder, _, name = path.rpartition("/")
        try:
            descriptor = os.open(name, _READ, dir_fd=self.enter(folder).descriptor)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not S_ISREG(os.fstat(descriptor).st_mode):
                raise FileExistsError(EEXIST, "not a plain file", path)
            return file.read()

    def create(self, path: str, content: bytes) -> None:
        """A new file, with the folders it needs."""
        folder, _, name = path.rpartition("/")
        descriptor = os.open(name, _WRITE, 0o666, dir_fd=self.enter(folder, make=True).descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

    def remove_file(self, path: str) -> None:
        """Removes a file, and the folders that are empty then; fine where there is none, or a folder now."""
        folder, _, name = path.rpartition("/")
        with suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(name, dir_fd=self.enter(folder).descriptor)
        # Ends at the first folder that is not empty.
        with suppress(OSError):
            while folder:
                folder, _, name = folder.rpartition("/")
                above = self.enter(folder)
                above.forget(name)
                os.rmdir(name, dir_fd=above.descriptor)

    def remove_folder(self, name: str) -> None:
        """Removes a folder directly in this one with all that is in it; fine where there is none."""
        self.forget(name)
        if self.is_folder(name):
            shutil.rmtree(name, dir_fd=self.descriptor)


class _Writer:
    """One site's folder on its way from what it holds to *files*."""

    def __init__(self, target: Path, parent: _Folder, files: Mapping[str, bytes]) -> None:
        self.target = target
        self.parent = parent
        self.files = files
        self.staged = f".{target.name}.new"

    def write(self) -> Written:
        exists = self.parent.is_folder(self.target.name)
        owned = self._owned() if exists else frozenset()
        self.parent.remove_folder(self.staged)
        changed = self._changed(owned) if exists else dict(self.files)
        try:
            self._stage(changed)
            removed = self._replace(changed, owned) if exists else self._appear()
        finally:
            self.parent.remove_folder(self.staged)
        return Written(len(changed), removed)

    def _owned(self) -> frozenset[str]:
        """The files that earlier runs wrote: the last one, and one that was killed on the way."""
        if (
            LOCK in self.files
            and not self.parent.is_folder(self.staged)
            and self._lock_of(self.target.name) == self.files[LOCK]
        ):
            return frozenset(self.files)
        return self._inventory(self.target.name) | self._inventory(self.staged)

    def _inventory(self, folder: str) -> frozenset[str]:
        lock = self._lock_of(folder)
        return frozenset({**(inventory(lock) or {}), LOCK: ""} if lock else ())

    def _lock_of(self, folder: str) -> bytes | None:
        return self.parent.enter(folder).read(LOCK) if self.parent.is_folder(folder) else None

    def _changed(self, owned: frozenset[str]) -> dict[str, bytes]:
        """The files that differ from what is there. Raises Rejected where that is somebody else's."""
        folder = self.parent.enter(self.target.name)
        now = {path: self._read(folder, path) for path in self.files}
        strange = [
            path for path, content in now.items() if path not in owned and content not in (None, self.files[path])
        ]
        if strange:
            raise Rejected([_occupied(self.target, path) for path in sorted(strange)])
        return {path: content for path, content in self.files.items() if content != now[path]}

    def _read(self, folder: _Folder, path: str) -> bytes | None:
        try:
            return folder.read(path)
        except OSError as problem:
            problem.filename = path
            raise

    def _stage(self, changed: Mapping[str, bytes]) -> None:
        os.mkdir(self.staged, dir_fd=self.parent.descriptor)
        staged = self.parent.enter(self.staged)
        for path, content in changed.items():
            try:
                staged.create(path, content)
            except OSError as problem:
                problem.filename = path
                raise

    def _appear(self) -> int:
        self.parent.forget(self.staged)
        at = self.parent.descriptor
        os.rename(self.staged, self.target.name, src_dir_fd=at, dst_dir_fd=at)
        return 0

    def _replace(self, changed: Mapping[str, bytes], owned: frozenset[str]) -> int:
        """Moves staged files to their places, then removes old ones.

        The lock comes last: until then, both inventories are there to be found.
        """
        gone = sorted(owned - self.files.keys())
        for path in sorted(changed.keys() - {LOCK}):
            self._move(path)
        for path in gone:
            self.parent.enter(self.target.name).remove_file(path)
        if LOCK in changed:
            self._move(LOCK)
        return len(gone)

    def _move(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        source = self.parent.enter(self.staged).enter(folder)
        place = self.parent.enter(self.target.name).enter(folder, make=True)
        os.replace(name, name, src_dir_fd=source.descriptor, dst_dir_fd=place.descriptor)


def _occupied(target: Path, path: str) -> Diagnostic:
    message = f"{path!r} in the output folder is not the composer's, and the site needs its own there"
    return error("B032", message, Place(str(target / path)), hint="move it away, or choose another folder with -o")


def _refused(target: Path, problem: OSError) -> Diagnostic:
    """A finding for what the operating system would not do, telling links from a full disk."""
    name = str(problem.filename or "")
    inside = name and not name.startswith(("/", ".")) and name != target.name
    above = name.startswith("/") and target.is_relative_to(name)
    place = Place(str(target / name) if inside else name if above else str(target))
    if isinstance(problem, NotADirectoryError) or problem.errno == ELOOP:
        message = (
            "a folder on the way of the output, or in it, is a link or a file; the composer writes through neither"
        )
        return error("B030", message, place, hint="remove it, or choose another folder with -o")
    return error("B031", f"cannot write: {problem.strerror or problem}", place)
