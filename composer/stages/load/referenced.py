"""The files that documents refer to: certificates, payload schemas, encrypted secrets."""

from __future__ import annotations

from composer.model.fleet import Fleet
from composer.source.files import read_text
from composer.stages.load.listing import SITES


def read_referenced(fleet: Fleet, path: str) -> str:
    """The text of the file a document calls *path*, below sites/. Raises Rejected where it cannot be read."""
    return read_text(fleet.root, f"{SITES}/{path}")
