"""The text templates of a blueprint: its own (files/*.j2), and those of blueprints/_lib that it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from composer.diagnostic import Rejected
from composer.source.document import Document
from composer.source.files import list_files, read_text

FOLDER = "files"
_NAMED = re.compile(r"""['"]([a-z0-9][-a-z0-9.]*\.j2)['"]""")


def own_texts(root: Path, folder: str) -> dict[str, str]:
    """Path relative to the blueprint's *folder* -> text. Raises Rejected."""
    if not (root / folder / FOLDER).is_dir():
        return {}
    paths, findings = list_files(root, f"{folder}/{FOLDER}", (".j2",))
    if findings:
        raise Rejected(findings)
    return {path.removeprefix(f"{folder}/"): read_text(root, path) for path in paths}


def shared_texts(
    own: Mapping[str, str], manifests: Iterable[Document], find: Callable[[str], str | None]
) -> dict[str, str]:
    """The texts that manifests and texts name and the blueprint has not got itself, path -> text; *find* gives those there are.

    Names that nobody has are for the renderer to point at.
    """
    found: dict[str, str] = {}
    waiting = [name for text in own.values() for name in _NAMED.findall(text)]
    waiting += [name for manifest in manifests for name in _named(manifest.data)]
    while waiting:
        name = waiting.pop()
        path = f"{FOLDER}/{name}"
        text = find(name) if path not in own and path not in found else None
        if text is not None:
            found[path] = text
            waiting += _NAMED.findall(text)
    return {path: found[path] for path in sorted(found)}


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _NAMED.findall(value)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _named(inner)
