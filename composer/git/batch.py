"""Reading many objects of a repository through one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType

from composer.git.ids import FOLDER, Entry, tree_entries
from composer.git.process import GitFailed, Process

_AT_ONCE = 500
"""Names asked for before the answers are read: so few that they fit into a pipe, and neither side waits."""

_NEVER = ("", ".", "..", ".git")


class Batch:
    """Objects by id, or by any name Git understands. To be used in a `with` block.

    *command* is a `git ... cat-file --batch`.
    """

    def __init__(self, command: Sequence[str], *, own: bool = False) -> None:
        self._process = Process(command, own=own)

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, value, trace)

    def objects(self, names: Sequence[str]) -> list[tuple[str, bytes] | None]:
        """Id and content of each, or None where there is no such object. Names must not hold line breaks."""
        found: list[tuple[str, bytes] | None] = []
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            try:
                self._process.input.write("".join(f"{name}\n" for name in some).encode("utf-8", "surrogateescape"))
                self._process.input.flush()
            except BrokenPipeError:
                raise self._process.failure() from None
            found += [self._answer() for _ in some]
        return found

    def contents(self, names: Sequence[str]) -> list[bytes]:
        """The content of each. Raises GitFailed where one is missing: then the repository is broken."""
        found = self.objects(names)
        for name, answer in zip(names, found, strict=True):
            if answer is None:
                raise GitFailed(f"object {name} is missing; 'git fsck' tells more")
        return [answer[1] for answer in found if answer]

    def trees(self, ids: Sequence[str]) -> list[Mapping[str, Entry]]:
        """For each tree, path -> Entry of every file in it, at any depth."""
        listings: list[dict[str, Entry]] = [{} for _ in ids]
        level = [(listing, "", id_) for listing, id_ in zip(listings, ids, strict=True)]
        while level:
            below = []
            for (listing, prefix, _), content in zip(level, self.contents([id_ for *_, id_ in level]), strict=True):
                for name, entry in tree_entries(content):
                    if name in _NEVER or "/" in name:
                        raise GitFailed(f"a tree holds the name {name!r}; 'git fsck' tells more")
                    if entry.mode == FOLDER:
                        below.append((listing, f"{prefix}{name}/", entry.id))
                    else:
                        listing[prefix + name] = entry
            level = below
        return list(listings)

    def _answer(self) -> tuple[str, bytes] | None:
        header = self._process.output.readline()
        if not header.endswith(b"\n"):
            raise self._process.failure()
        if header.endswith((b" missing\n", b" ambiguous\n")):
            return None
        id_, _, size = header.split()
        content = self._process.output.read(int(size) + 1)
        return id_.decode(), content[:-1]
