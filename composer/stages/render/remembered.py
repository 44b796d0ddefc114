"""Text templates are rendered again only where something they read is different from all that was seen lately."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from composer.stages.render.limits import Used
from composer.stages.render.parts import dumped, written
from composer.stages.render.program import Text, variables
from composer.stages.render.texts import Texts

MOST = 512
"""Texts that are remembered for each blueprint."""

MOST_TEXT = 16 << 20
"""Characters of these texts together with bytes of what they were made of."""

Key = tuple[str, bytes, bytes]
"""A template, what it read of the context, and what it was given besides."""


class Memory:
    """What is remembered of the templates of one blueprint: each text, and what making it used up."""

    def __init__(self) -> None:
        self._texts: dict[Key, tuple[str, Used]] = {}
        self._size = 0

    def get(self, key: Key) -> tuple[str, Used] | None:
        return self._texts.get(key)

    def keep(self, key: Key, text: str, used: Used) -> None:
        """Remembers *text*, and forgets the others where they get too many or too long together."""
        size = len(text) + len(key[1]) + len(key[2])
        self._size += size
        if len(self._texts) >= MOST or self._size > MOST_TEXT:
            self._texts.clear()
            self._size = size
        self._texts[key] = text, used


class RememberedText(Text):
    """The function `text`: what an earlier component or site made of the same values is used again."""

    def __call__(self, name: str, /, **extra: Any) -> str:
        memory = memory_of(self._texts)
        key = (name, written(self._context, self._texts.parts_of(name)), dumped(extra) if extra else b"")
        meter = self._texts.sandbox.meter
        known = memory.get(key)
        if known is not None:
            text, used = known
            meter.charge(used)
            return text
        before = meter.used
        text = self._texts.render(name, {**variables(self._context, self), **extra})
        memory.keep(key, text, meter.used.minus(before))
        return text


@lru_cache(maxsize=1024)
def memory_of(_texts: Texts) -> Memory:
    """The memory of one blueprint, empty on first use."""
    return Memory()
