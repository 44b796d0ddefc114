"""What changes how much is asked for, and how much may be: replicas, requests and limits, volumes, quotas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from composer.model.units import UnitError, quantity
from composer.stages.compare.change import Action, Danger, FieldChange, Identity, Risk, Steps, path_text
from composer.stages.compare.fields import inside, leaves
from composer.stages.compare.pods import items_of, pod_fields

_REPLICAS: Steps = ("spec", "replicas")

AMOUNTS: Mapping[tuple[str, str], tuple[Steps, ...]] = {
    ("apps", "Deployment"): (_REPLICAS,),
    ("apps", "ReplicaSet"): (_REPLICAS,),
    ("apps", "StatefulSet"): (_REPLICAS,),
    ("autoscaling", "HorizontalPodAutoscaler"): (("spec", "minReplicas"), ("spec", "maxReplicas")),
    ("batch", "Job"): (("spec", "parallelism"),),
    ("", "PersistentVolumeClaim"): (("spec", "resources"),),
}
"""(Group, kind) -> the fields outside of pods that say how much of a cluster an object takes."""

QUOTAS: Mapping[tuple[str, str], Steps] = {
    ("", "LimitRange"): ("spec", "limits"),
    ("", "ResourceQuota"): ("spec",),
}
"""(Group, kind) -> where it says how much may be taken."""


def sizes_touched(identity: Identity, action: Action, fields: Sequence[FieldChange]) -> Iterator[Danger]:
    """What the differences mean for capacity and quotas; of an added or removed object, all it holds is a difference."""
    kind = (identity.group, identity.kind)
    if kind in QUOTAS:
        found = leaves(inside(fields, QUOTAS[kind]))
        whole = {Action.ADDED: "limits its namespace", Action.REMOVED: "lifts the limits of its namespace"}
        yield from _told(Risk.QUOTA, action, found, "allows", whole)
    found = leaves(_asked(kind, fields))
    whole = {Action.ADDED: "asks for room of its own", Action.REMOVED: "gives its room back"}
    yield from _told(Risk.CAPACITY, action, found, "asks for", whole)


def _asked(kind: tuple[str, str], fields: Sequence[FieldChange]) -> Iterator[FieldChange]:
    """The differences in what is asked for; the first step says of what."""
    for root in AMOUNTS.get(kind, ()):
        for change in inside(fields, root):
            yield FieldChange(change.action, (root[-1], *change.steps), change.old, change.new)
    _, pods = pod_fields(kind, fields)
    yield from inside(pods, ("resources",))
    for _, changes in items_of(pods, "containers", "initContainers"):
        yield from inside(changes, ("resources",))


def _told(
    risk: Risk, action: Action, found: Iterator[FieldChange], verb: str, whole: Mapping[Action, str]
) -> Iterator[Danger]:
    if action in whole:
        if any(found):
            yield Danger(risk, whole[action])
        return
    kinds = [(_direction(change), change) for change in found]
    for direction in ("more", "less", "something else"):
        names = _names(change for kind, change in kinds if kind == direction)
        if names:
            yield Danger(risk, f"{verb} {direction}: {names}")


def _direction(change: FieldChange) -> str:
    if change.action is not Action.CHANGED:
        return "something else"
    old, new = _amount(change.old), _amount(change.new)
    if old is None or new is None:
        return "something else"
    return "more" if new > old else "less"


def _amount(value: Any) -> int | float | None:
    try:
        return quantity(value)
    except UnitError:
        return None


def _names(changes: Iterable[FieldChange]) -> str:
    """What is said of them, without the place in a list: "limits.memory, requests.memory"."""
    names = (path_text(tuple(step for step in change.steps if _is_key(step))) for change in changes)
    return ", ".join(dict.fromkeys(names))


def _is_key(step: str | int) -> bool:
    return isinstance(step, str) and not step.startswith("[")
