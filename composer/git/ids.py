"""Git's object ids, worked out without Git, so that a worker can say which tree its files make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha1
from typing import Any, NamedTuple

FILE = "100644"
FOLDER = "40000"


class Entry(NamedTuple):
    """What stands at a path: its mode as Git writes it ("100644": a plain file), and its content's id."""

    mode: str
    id: str


def object_id(kind: str, content: bytes) -> str:
    """The id Git gives an object of this kind ("blob", "tree", "commit") and content."""
    return sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def blob_id(content: bytes) -> str:
    """The id Git gives a file of this content."""
    return object_id("blob", content)


def plain_files(ids: Mapping[str, str]) -> dict[str, Entry]:
    """Path -> Entry of plain files, from path -> blob id."""
    return {path: Entry(FILE, id_) for path, id_ in ids.items()}


def tree_id(entries: Mapping[str, Entry]) -> str:
    """The id of the tree that holds exactly these entries; no path may be a folder of another."""
    root: dict[str, Any] = {}
    for path, entry in entries.items():
        *folders, name = path.split("/")
        folder = root
        for part in folders:
            folder = folder.setdefault(part, {})
        folder[name] = entry
    return _tree_id(root)


def _tree_id(folder: Mapping[str, Any]) -> str:
    rows = []
    for name, child in folder.items():
        mode, id_ = (FOLDER, _tree_id(child)) if type(child) is dict else child
        # Git sorts a folder as if its name ended in a slash.
        key = f"{name}/" if mode == FOLDER else name
        rows.append((key.encode(), b"%s %s\0%s" % (mode.encode(), name.encode(), bytes.fromhex(id_))))
    return object_id("tree", b"".join(row for _, row in sorted(rows)))


def tree_entries(content: bytes) -> Iterable[tuple[str, Entry]]:
    """Name and Entry of everything directly in a tree, from the tree object's content."""
    start, end = 0, len(content)
    while start < end:
        zero = content.index(b"\0", start)
        mode, _, name = content[start:zero].partition(b" ")
        start = zero + 21
        yield name.decode("utf-8", "surrogateescape"), Entry(mode.decode(), content[zero + 1 : start].hex())


def tree_without(content: bytes, name: str) -> bytes:
    """The content of a tree object without the file called *name*."""
    mark = b" %s\0" % name.encode()
    start, end = 0, len(content)
    while start < end:
        zero = content.index(b"\0", start)
        if content[content.index(b" ", start) : zero + 1] == mark:
            return content[:start] + content[zero + 21 :]
        start = zero + 21
    return content
