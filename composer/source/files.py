"""Files below a root, read with care: nothing outside of it, only regular files, nothing without a size
limit.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from composer.diagnostic import Diagnostic, Place, Rejected, did_you_mean, error

DOCUMENT_LIMIT = 1 << 20
"""Bytes a document may have. People write a few kilobytes; a mebibyte is a mistake or an attack."""

_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK  # a pipe without a writer must not block


def read_bytes(root: Path, path: str, *, limit: int = DOCUMENT_LIMIT) -> bytes:
    """The content of the regular file *path* below *root*; raises Rejected for anything else.

    Symbolic links may lead anywhere inside the root. Where the file really lies is asked of the opened file,
    so that nobody can swap a link between the look and the read.
    """
    try:
        descriptor = os.open(os.path.join(root, path), _OPEN_FLAGS)  # noqa: PTH118 - a quarter of the time
    except (OSError, ValueError) as problem:
        raise Rejected([_unreadable(root, path, problem)]) from None
    try:
        _refuse_outside(root, path, descriptor)
        _refuse_irregular(path, os.fstat(descriptor), limit)
        return _read(path, descriptor, limit)
    except OSError as problem:
        raise Rejected([_unreadable(root, path, problem)]) from None
    finally:
        os.close(descriptor)


def read_text(root: Path, path: str, *, limit: int = DOCUMENT_LIMIT) -> str:
    """The text of the UTF-8 file *path* below *root*; raises Rejected as read_bytes and decode do."""
    return decode(read_bytes(root, path, limit=limit), path)


def decode(data: bytes, file: str) -> str:
    """The text of UTF-8 *data* without a byte order mark; raises Rejected at the first byte that is not
    UTF-8.
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        raise Rejected([_not_utf8(data, file, problem)]) from None


def list_files(
    root: Path, folder: str, suffix: str | tuple[str, ...], *, without: Collection[str] = ()
) -> tuple[list[str], list[Diagnostic]]:
    """The files below *folder* whose names end in *suffix*, in name order, and what was wrong on the way.

    Paths are relative to *root*, with slashes. Hidden names and the folders *without* (relative to the root
    too) are left out; a folder that is not there holds no files. A linked folder is not followed but
    reported, since what lies in it would silently be missing.
    """
    found: list[str] = []
    findings: list[Diagnostic] = []
    pending = [folder.rstrip("/")]
    while pending:
        here = pending.pop()
        try:
            entries = list(_visible(root, here, without))
        except FileNotFoundError:
            continue
        except OSError as problem:
            findings.append(_unreadable(root, here, problem))
            continue
        for path, entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            elif _is_linked_folder(entry):
                findings.append(_linked_folder(path))
            elif path.endswith(suffix):
                found.append(path)
    return sorted(found), findings


def _visible(root: Path, folder: str, without: Collection[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(root / folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not entry.name.startswith(".") and path not in without:
                yield path, entry


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # a circle of links; whoever reads it as a file is told so
        return False


def _refuse_outside(root: Path, path: str, descriptor: int) -> None:
    real = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - six times as fast as Path.readlink
    if real == f"{root}/{path}":  # no link on the way, the usual case
        return
    home = os.path.realpath(root)
    if not real.startswith(home.rstrip("/") + "/"):
        raise Rejected(
            [
                error(
                    "Y004",
                    f"{path} lies outside of the tree",
                    Place(path),
                    hint="a link or '..' leads out; only files below the fleet's own folder are read",
                )
            ]
        )


def _refuse_irregular(path: str, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise Rejected([error("Y002", f"{path} is {kind}, not a regular file", Place(path))])
    if status.st_size > limit:
        raise Rejected([_too_large(path, f"{status.st_size:,}", limit)])


def _read(path: str, descriptor: int, limit: int) -> bytes:
    data = b""
    while len(data) <= limit and (more := os.read(descriptor, limit + 1 - len(data))):
        data += more
    if len(data) > limit:  # it has grown since the look at its size
        raise Rejected([_too_large(path, f"more than {limit:,}", limit)])
    return data


def _too_large(path: str, size: str, limit: int) -> Diagnostic:
    return error("Y003", f"{path} has {size} bytes; at most {limit:,} are read", Place(path))


def _unreadable(root: Path, path: str, problem: OSError | ValueError) -> Diagnostic:
    reason = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
    inside = not path.startswith("/") and ".." not in path.split("/")
    hint = _near_miss(root / path) if inside and isinstance(problem, FileNotFoundError) else ""
    return error("Y001", f"cannot read {path}: {reason}", Place(path), hint=hint)


def _near_miss(path: Path) -> str:
    try:
        if path.is_symlink():
            return f"it is a link to {path.readlink()}, which is not there"
        return did_you_mean(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""


def _linked_folder(path: str) -> Diagnostic:
    return error(
        "Y021",
        f"{path} is a link to a folder, which is not followed",
        Place(path),
        hint="move the folder here, or link its files one by one",
    )


def _not_utf8(data: bytes, file: str, problem: UnicodeDecodeError) -> Diagnostic:
    before = data[: problem.start].decode("utf-8")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    hint = "save the file as UTF-8"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        hint = "the file looks like UTF-16; save it as UTF-8"
    return error("Y005", f"byte 0x{data[problem.start]:02x} is not UTF-8", Place(file, line, column), hint=hint)
