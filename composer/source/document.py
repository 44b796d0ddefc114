"""One document as read: plain data, the text it came from, and where each value stands in that text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from composer.diagnostic import Place

Route = tuple[str | int, ...]
"""The way to a value: mapping keys and list indexes from the root, such as ("spec", "nodes", 0, "name")."""


@dataclass(frozen=True)
class Document:
    """A YAML document. *data* is plain (dict, list, str, int, float, bool, None); nobody may change it.

    *file* is the path relative to the fleet, with slashes; *digest* is the SHA-256 of the file's bytes, in hex.
    """

    file: str
    text: str = field(repr=False)
    data: Any = field(repr=False)
    digest: str = ""

    def place(self, route: Route = (), *, key: bool = False) -> Place:
        """Where the value at *route* (or, with *key*, its key) stands.

        Where there is no such value, the nearest enclosing one. Positions are worked out on first use.
        """
        from composer.source.reader import place_of  # noqa: PLC0415 - the reader builds documents

        return place_of(self._positions, self, route, key=key)

    @cached_property
    def _positions(self) -> Any:
        from composer.source.reader import positions  # noqa: PLC0415 - the reader builds documents

        return positions(self.text)
