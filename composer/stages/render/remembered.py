"""Text templates are rendered again only where something they read is different from all that was seen lately."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from composer.stages.render.parts import Part, dumped, written
from composer.stages.render.program import Text
from composer.stages.render.texts import Texts

MOST = 512
"""Texts that are remembered for each blueprint."""


class RememberedText(Text):
    """The function `text`: what an earlier component or site made of the same values is used again."""

    def __init__(self, texts: Texts, context: Mapping[str, Any]) -> None:
        super().__init__(texts, context)
        self._read: dict[Part, bytes] = {}

    def __call__(self, name: str, /, **extra: Any) -> str:
        read = tuple(map(self._written, self._texts.parts_of(name)))
        memory = memory_of(self._texts)
        key = (name, read, dumped(extra) if extra else b"")
        known = memory.get(key)
        if known is None:
            known = super().__call__(name, **extra)
            if len(memory) >= MOST:
                memory.clear()
            memory[key] = known
        else:
            self._texts.sandbox.meter.text(len(known))
        return known

    def _written(self, part: Part) -> bytes:
        known = self._read.get(part)
        if known is None:
            known = self._read[part] = written(self._context, part)
        return known


@lru_cache(maxsize=1024)
def memory_of(_texts: Texts) -> dict[tuple[str, tuple[bytes, ...], bytes], str]:
    """What is remembered of the templates of one blueprint."""
    return {}
