"""The buffer on disk for what goes up to a hub: where it is needed, and what it takes from the broker and hands to the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from composer.model.conventions import MQTT_TLS_PORT, bridge_client, hub_prefix
from composer.model.figures import Sizing
from composer.model.stack import Component, HubLink, Stack
from composer.model.topics import bind, to_filter
from composer.model.units import size
from composer.model.uplink import filters_of

KIND = "buffer"

SAID = frozenset({"maxQueuedMessages", "maxQueuedBytes"})
"""Figures by which a document says outright that the broker is to keep what is meant for the hub."""


def buffer_of(stack: Stack) -> Component | None:
    """The component that could keep on disk what goes up; None where nothing does, or a document removes it."""
    return next((c for c in stack.components if c.role == KIND), None)


def is_needed(buffer: Component, sizing: Sizing, most: Mapping[str, float]) -> bool:
    """Whether the queue for the hub is more than the broker should keep, or than it can be told (*most*).

    It is not where a document says outright how long the broker's queue may be.
    """
    if sizing.chosen & SAID:
        return False
    amounts, above = sizing.amounts, buffer.params.get("above")
    memory = amounts["queuedMessages"] * amounts["queued"] + amounts["queuedBytes"]
    limit = amounts["queueMemoryMost"] if above is None else size(above)
    return memory > limit or any(amounts[key] > most[limit_of] for key, limit_of in QUEUES.items())


QUEUES = {"queuedMessages": "maxQueuedMessages", "queuedBytes": "maxQueuedBytes"}
"""What the broker has to hold for the hub -> the limit it is told."""


def buffer_spec(stack: Stack) -> dict[str, Any]:
    """What the buffer's templates read: the filters of each tenant, and where their messages lie at the hub."""
    found = [
        {"name": tenant, "prefix": hub_prefix(tenant, stack.site), "filters": _filters(stack, tenant)}
        for tenant in stack.tenants
    ]
    return {"tenants": [each for each in found if each["filters"]]}


def _filters(stack: Stack, tenant: str) -> list[str]:
    written = filters_of((stack.tenants[tenant].get("uplink") or {}).get("up"))
    return [to_filter(bind(text, site=stack.site)) for text in written]


def hub_context(stack: Stack, link: HubLink) -> dict[str, Any]:
    """The hub as the buffer sees it: it shows the same certificate as the bridge, under a client identifier of its own."""
    return {
        "url": f"mqtts://{link.host}:{MQTT_TLS_PORT}",
        "ca": link.ca,
        "secret": stack.spec["uplink"]["identity"]["secret"],
        "clientId": f"{bridge_client(stack.site)}.{KIND}",
    }


def volume_of(buffer: Component, sizing: Sizing, write: Callable[[float], str]) -> Any:
    """The size of the buffer's volume, as a document says it or as it was worked out."""
    said = (buffer.params.get("storage") or {}).get("size")
    return write(sizing.amounts["bufferVolume"]) if said is None else said
