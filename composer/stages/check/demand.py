"""What a pod asks for, as the scheduler counts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from composer.model.units import UnitError, milli_quantity
from composer.stages.check.objects import Pod

Requests = dict[str, int]
"""Resource -> thousandths."""

LOCAL = "ephemeral-storage"
"""Disk that a pod uses without a volume: it comes off the same disk as volumes do."""


class Defaults(NamedTuple):
    """What the LimitRange of a namespace gives to containers that do not say: resource and thousandths, sorted."""

    requests: tuple[tuple[str, int], ...] = ()
    limits: tuple[tuple[str, int], ...] = ()


def requests_of(pod: Pod, defaults: Defaults) -> Requests:
    """The pod's requests: of a container what it says, else its limit, else what the namespace gives it."""
    given = dict(defaults.requests)
    found = _together(
        pod, lambda said: {**given, **_amounts(said.get("limits", {})), **_amounts(said.get("requests", {}))}
    )
    if LOCAL in found:
        found = _sum(found, {"storage": found.pop(LOCAL)})
    return found


def limits_of(pod: Pod, defaults: Defaults) -> Requests:
    """The pod's limits: of a container what it says, else what the namespace gives it."""
    given = dict(defaults.limits)
    return _together(pod, lambda said: {**given, **_amounts(said.get("limits", {}))})


def _together(pod: Pod, asked: Callable[[Mapping[str, Any]], Requests]) -> Requests:
    """What all containers of the pod come to, or what starting takes where that is more.

    An init container that goes on running counts from its start on.
    """
    running: Requests = {}
    starting: Requests = {}
    for container in pod.containers:  # init containers stand first
        amounts = asked(container.spec.get("resources", {}))
        if container.runs_on:
            running = _sum(running, amounts)
        else:
            starting = _most(starting, _sum(running, amounts))
    return _sum(_most(running, starting), _amounts(pod.spec.get("overhead", {})))


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
