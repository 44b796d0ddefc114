"""JSON Schemas of payloads, as far as the composer reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False, slots=True)
class Payload:
    """A payload schema that was read: *schema* is plain data, or None where *fault* says why it cannot be used."""

    schema: Any
    fault: str = ""
