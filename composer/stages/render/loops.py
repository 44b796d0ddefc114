"""What a `$for` runs over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import pass_environment
from jinja2.runtime import Undefined

from composer.stages.render.refusal import Refused, kind_of
from composer.stages.render.sandbox import Sandbox
from composer.stages.render.values import nothing


@pass_environment
def items_of(sandbox: Sandbox, value: Any) -> Sequence[Any]:
    """The items of the list *value*, counted."""
    if isinstance(value, list | tuple | range):
        sandbox.meter.steps(len(value))
        return value
    if isinstance(value, Undefined | None):
        raise nothing(value)
    hint = "for the entries of a mapping write each: x|items, as: [key, value]" if isinstance(value, dict) else ""
    raise Refused("T011", f"`$for` runs over a list, found {kind_of(value)}", hint)


@pass_environment
def pairs_of(sandbox: Sandbox, value: Any) -> Sequence[Any]:
    """The same where each item is a pair."""
    pairs = items_of(sandbox, value)
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Refused("T011", f"`as` names two parts, but an item is {kind_of(pair)}", "take each: x|items")
    return pairs
