"""Where the data that ships with the composer lies: in the installed package, else in the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = _PACKAGE / "packaged"
_CHECKOUT = _PACKAGE.parent
_IN_CHECKOUT = {"diagnostics.md": "docs/diagnostics.md"}


@cache
def packaged(kind: Literal["blueprints", "schemas", "starter", "diagnostics.md"]) -> Path:
    """The folder of the packaged blueprints, schemas or first fleet, or the page of diagnostics."""
    installed = _INSTALLED / kind
    return installed if installed.exists() else _CHECKOUT / _IN_CHECKOUT.get(kind, kind)
