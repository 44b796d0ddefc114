"""What a pod asks for, as the scheduler counts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composer.model.units import UnitError, milli_quantity
from composer.stages.check.objects import Container, Pod

Requests = dict[str, int]
"""Resource -> thousandths."""

LOCAL = "ephemeral-storage"
"""Disk that a pod uses without a volume: it comes off the same disk as volumes do."""


def requests_of(pod: Pod, defaults: Mapping[str, int]) -> Requests:
    """The pod's requests: its containers together, or what starting takes where that is more.

    *defaults* are those of the namespace's LimitRange. An init container that goes on running counts from its start on.
    """
    running: Requests = {}
    starting: Requests = {}
    for container in pod.containers:  # init containers stand first
        asked = _asked(container, defaults)
        if container.runs_on:
            running = _sum(running, asked)
        else:
            starting = _most(starting, _sum(running, asked))
    found = _sum(_most(running, starting), _amounts(pod.spec.get("overhead", {})))
    if LOCAL in found:
        found = _sum(found, {"storage": found.pop(LOCAL)})
    return found


def _asked(container: Container, defaults: Mapping[str, int]) -> Requests:
    """Requests of a container: what it says, else its limit, else what the namespace gives it."""
    resources = container.spec.get("resources", {})
    return {**defaults, **_amounts(resources.get("limits", {})), **_amounts(resources.get("requests", {}))}


def _amounts(written: Mapping[str, Any]) -> Requests:
    return {resource: amount_of(amount) for resource, amount in written.items()}


def amount_of(written: str | float) -> int:
    """A quantity of an object in thousandths; 0 where it is beyond all bounds, which schemas speak of."""
    try:
        return milli_quantity(written)
    except UnitError:
        return 0


def _sum(one: Requests, other: Requests) -> Requests:
    return {**one, **{resource: one.get(resource, 0) + amount for resource, amount in other.items()}}


def _most(one: Requests, other: Requests) -> Requests:
    return {**one, **{resource: max(one.get(resource, 0), amount) for resource, amount in other.items()}}
