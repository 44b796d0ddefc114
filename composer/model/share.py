"""What one tenant reads of another's devices, agreed by both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from composer.model.grants import Said

RESERVED = "from"
"""First level of the topics under which a tenant finds what others share with it: from/<owner>/<topic>."""


@dataclass(frozen=True, slots=True)
class SharedTopic:
    """A topic of the owner: *topic* keeps {device} where it is of a class, *filter* is the narrowest filter of all it stands for.

    *rate* is what all devices together say they publish, in messages a second; *record* is the publisher's record.
    """

    topic: str
    filter: str
    rate: float
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """What *reader* gets of one source of *owner*: a device behind a *gateway*, or a class of devices (*gateway* is "").

    *limit* is the most messages a second that are passed on, of all topics and *devices* together; *names* is the name
    pattern of a class whose devices are known. *granted* is where the owner says so, *used* where the reader does.
    """

    owner: str
    reader: str
    gateway: str
    source: str
    topics: tuple[SharedTopic, ...]
    limit: float
    devices: int
    names: str
    granted: Said
    used: Said

    @property
    def name(self) -> str:
        """A name of its own among the shares of a site; names of documents have no underscore."""
        return "_".join((self.reader, self.owner, *filter(None, (self.gateway, self.source))))


def relayed(owner: str, topic: str) -> str:
    """Where the reader finds a topic of *owner*."""
    return f"{RESERVED}/{owner}/{topic}"
