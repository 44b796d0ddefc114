"""Where `render` may write: never into what the fleet is made of, and over no link that came with the fleet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet
from composer.pipeline.delivery import MIRRORS, repositories_here

DEFAULT = "out/manifests"

INPUTS = ("sites", "blueprints", "schemas", ".git")
"""Folders of a fleet that people write, or Git."""


def check_output(fleet: Fleet, folder: Path) -> None:
    """Raises Rejected where *folder* (absolute) is, contains or lies in something that rendered files must not mix with."""
    real = os.path.realpath(folder)
    for taken, what in _taken(fleet):
        inside = _is_in(real, os.path.realpath(taken))
        around = what == "the fleet's own" and _is_in(os.path.realpath(taken), real)
        if inside or around:
            how = "lies in" if inside else "contains"
            message = f"the output folder {folder} {how} {taken}, which is {what}"
            hint = f"choose another folder with -o; by itself, render writes to {DEFAULT}"
            raise Rejected([error("X008", message, Place("command line"), hint=hint)])


def no_links_from(fleet: Fleet, folder: Path, working: Path) -> Path:
    """The part of *folder* (absolute) that may lead over links. What lies below it may not.

    Links in the fleet, and in *working* where people named a folder from there, may have come with somebody's commit;
    those above them are the machine's own.
    """
    homes = (os.path.realpath(fleet.root), os.path.realpath(working))
    above = (parent for parent in reversed(folder.parents) if any(_is_in(os.path.realpath(parent), h) for h in homes))
    return next(above, folder.parent)


def _taken(fleet: Fleet) -> Iterator[tuple[Path, str]]:
    yield from ((fleet.root / name, "the fleet's own") for name in INPUTS)
    yield from ((repository, "the delivery repository") for repository in repositories_here(fleet))
    yield fleet.root / MIRRORS, "the mirrors of delivery repositories"


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
