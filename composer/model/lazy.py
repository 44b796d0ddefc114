"""A mapping whose values are made when somebody first asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from composer.diagnostic import Diagnostic, Rejected

Key = TypeVar("Key")
Value = TypeVar("Value")


class Lazy(Mapping[Key, Value]):
    """*make*(key) for each of *keys*, made once. Where making raises Rejected, so does each asking."""

    def __init__(self, keys: Iterable[Key], make: Callable[[Key], Value]) -> None:
        self._keys = dict.fromkeys(keys)
        self._make = make
        self._made: dict[Key, Value] = {}
        self._refused: dict[Key, tuple[Diagnostic, ...]] = {}

    def __getitem__(self, key: Key) -> Value:
        if key not in self._made:
            self._made[key] = self._first(key)
        return self._made[key]

    def _first(self, key: Key) -> Value:
        if key not in self._keys:
            raise KeyError(key)
        if key in self._refused:
            raise Rejected(self._refused[key])
        try:
            return self._make(key)
        except Rejected as rejected:
            self._refused[key] = rejected.diagnostics
            raise

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
