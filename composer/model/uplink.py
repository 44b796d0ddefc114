"""What a tenant's documents say of an uplink: filters that go up, and filters that come down with as much as is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from composer.model.units import rate

Entry = str | Mapping[str, Any]
"""One item of `uplink.up` or `uplink.down`: a filter, or {topic, rate, bytes}."""


def filter_of(entry: Entry) -> str:
    """The topic filter of an entry, as it is written."""
    return entry if isinstance(entry, str) else str(entry["topic"])


def filters_of(entries: Iterable[Entry] | None) -> list[str]:
    """The topic filters of all entries, as they are written."""
    return [filter_of(entry) for entry in entries or ()]


def rate_of(entry: Entry) -> float:
    """Messages a second; 0 where nothing is said."""
    return rate(entry["rate"]) if has_rate(entry) else 0.0  # type: ignore[index]  # it is a mapping


def bytes_of(entry: Entry) -> int:
    """Payload of one message; 0 where nothing is said."""
    return 0 if isinstance(entry, str) else int(entry.get("bytes", 0))


def has_rate(entry: Entry) -> bool:
    """Whether an entry says how much it is."""
    return not isinstance(entry, str) and "rate" in entry
