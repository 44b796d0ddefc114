"""Delivery repositories by what a fleet says: one for all sites, and further ones for sites with certain labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Route = tuple[str | int, ...]


class Shard(NamedTuple):
    """A delivery repository as fleet.yaml writes it: where it is published to and fetched from ("" where that is not said).

    *labels* are what a site must have; *name* is "" and *labels* are empty for the repository of all others. *route* leads to
    where it is written.
    """

    name: str
    labels: Mapping[str, str]
    repository: str
    url: str
    route: Route

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a site with these labels belongs here, if no shard before took it."""
        return all(labels.get(key) == value for key, value in self.labels.items())


def shards_of(fleet: Mapping[str, Any]) -> Sequence[Shard]:
    """All shards of a Fleet's data in the order in which they are asked; the last one takes every site."""
    delivery = fleet["spec"].get("delivery") or {}
    route: Route = ("spec", "delivery")
    written = delivery.get("shards") or []
    named = [_shard(said["name"], said, (*route, "shards", index)) for index, said in enumerate(written)]
    return [*named, _shard("", delivery, route)]


def shard_for(shards: Sequence[Shard], labels: Mapping[str, str]) -> Shard:
    """The shard of a site with these labels."""
    return next(shard for shard in shards if shard.takes(labels))


def _shard(name: str, said: Mapping[str, Any], route: Route) -> Shard:
    labels = said["matchLabels"] if name else {}
    return Shard(name, labels, said.get("repository", ""), said.get("url", ""), route)
