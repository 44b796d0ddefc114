"""Text templates are rendered again only where something they read is different from all that was seen lately."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from composer.stages.render.limits import Used
from composer.stages.render.parts import Part, dumped, written
from composer.stages.render.program import Text, variables
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
        meter = self._texts.sandbox.meter
        if key in memory:
            text, used = memory[key]
            meter.charge(used)
            return text
        before = meter.used
        text = self._texts.render(name, {**variables(self._context, self), **extra})
        if len(memory) >= MOST:
            memory.clear()
        memory[key] = text, Used(meter.used.steps - before.steps, meter.used.text - before.text)
        return text

    def _written(self, part: Part) -> bytes:
        known = self._read.get(part)
        if known is None:
            known = self._read[part] = written(self._context, part)
        return known


@lru_cache(maxsize=1024)
def memory_of(_texts: Texts) -> dict[tuple[str, tuple[bytes, ...], bytes], tuple[str, Used]]:
    """What is remembered of the templates of one blueprint: each text, and what making it used up."""
    return {}
