"""What can be shared at a site: devices behind gateways and classes of devices, with their topics and who may read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from composer.merge import origin
from composer.model.grants import Said
from composer.model.names import expand_names
from composer.model.share import SharedTopic
from composer.model.stack import Component, Stack
from composer.model.topics import bind, covers, to_filter
from composer.model.units import rate
from composer.stages.wire.grants import classes_here
from composer.stages.wire.specs import QOS, at_site

Key = tuple[str, str, str]
"""Owner, gateway ("" for a class), and device or class."""


@dataclass(frozen=True, slots=True)
class Source:
    """A device or class at the site. *topics* are pairs of the name by which documents share a topic, and the topic."""

    key: Key
    topics: Sequence[tuple[str, SharedTopic]]
    readers: Mapping[str, Mapping[str, Any]]
    devices: int
    names: str
    said: Said

    @property
    def label(self) -> str:
        owner, gateway, name = self.key
        return f"{name} behind {gateway} of tenant {owner}" if gateway else f"device class {name} of tenant {owner}"

    def reader_said(self, reader: str, *inside: str | int) -> Said:
        """Where the owner says what *reader* may read."""
        return Said(self.said.tenant, (*self.said.route, "readers", reader, *inside), self.said.component)

    def named(self, wanted: str) -> list[SharedTopic]:
        """The topics that an entry of `topics` means: by its short name, by a filter of these, or as it is written."""
        return [topic for short, topic in self.topics if wanted == topic.topic or covers(wanted, short)]


@lru_cache(maxsize=4096)
def short_name(topic: str) -> str:
    """What documents call a device's topic: what stands behind the level with {device}, or else the whole of it."""
    levels = topic.split("/")
    own = next((index for index, level in enumerate(levels) if "{device}" in level), -1)
    return "/".join(levels[own + 1 :]) or topic


def sources(stack: Stack, specs: Mapping[Component, Mapping[str, Any]]) -> Iterator[Source]:
    """Every source at the site that may be shared, in the order of components and tenants."""
    for component, spec in specs.items():
        if component.role == "gateway":
            for device in spec["devices"]:
                yield _device(component, device)
    for tenant in stack.tenants:
        for name in classes_here(stack, tenant):
            yield _class(stack, tenant, name)


def _device(component: Component, device: Mapping[str, Any]) -> Source:
    written = [said["topic"] for said in device["profile"].get("publish") or []]
    topics = [
        (short_name(text), SharedTopic(record["topic"], to_filter(record["topic"]), _rate(record), record))
        for text, record in zip(written, device["publish"], strict=True)
    ]
    key = (device["tenant"], component.name, device["name"])
    said = Said(device["tenant"], ("devices", device["name"]), component)
    return Source(key, topics, device.get("readers") or {}, 1, "", said)


def _class(stack: Stack, tenant: str, name: str) -> Source:
    written = stack.tenants[tenant]["devices"][name]
    names = written.get("names", "")
    count = len(expand_names(names)) if names else int(written["count"])
    topics = []
    for said in written.get("publish") or []:
        topic = bind(said["topic"], site=stack.site)
        record = {"qos": QOS, "retain": False, **said, "schema": at_site(said.get("schema", ""), stack)}
        topics.append((short_name(said["topic"]), SharedTopic(topic, to_filter(topic), count * _rate(said), record)))
    said_at = Said(tenant, ("devices", name))
    return Source((tenant, "", name), topics, written.get("readers") or {}, count, names, said_at)


def _rate(record: Mapping[str, Any]) -> float:
    return rate(record["rate"]) if "rate" in record else 0


def is_of_site(stack: Stack, said: Said) -> bool:
    """Whether the site's own document says it, so that it has to hold here; other documents speak for many sites."""
    layers = said.component.layers if said.component else stack.tenant_layers[said.tenant]
    found = origin(layers, said.route)
    return found is not None and found.layer.document is stack.document
