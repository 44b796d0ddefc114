"""The answer to "where does this value come from?"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Place
from composer.model.figures import Need


@dataclass(frozen=True, slots=True)
class Said:
    """One layer's word on an input. *removed* says that the layer took the value away."""

    layer: str
    place: Place
    value: Any
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """Something an expression read: *path* as the template calls it, and what each layer said, lowest first.

    *derived* lists what the composer worked it out from, where no document says it outright. *line* is the one that read it,
    where that is in a text template. *missing* says that there was nothing to read, as templates may ask.
    """

    path: str
    value: Any
    said: tuple[Said, ...] = ()
    derived: tuple[str, ...] = ()
    line: Place | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A row of what a site needs, with how that was worked out and where what is given comes from, line by line."""

    need: Need
    needed: tuple[str, ...]
    given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One value of an object: the template line that placed it, the *expression* there ("" for a plain value), its inputs."""

    object: str
    field: str
    value: Any
    template: Place
    expression: str
    component: str
    inputs: tuple[Input, ...]
