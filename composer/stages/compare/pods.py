"""Where pods are in objects, and what of them differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from composer.stages.compare.change import FieldChange, Steps
from composer.stages.compare.fields import inside

_TEMPLATE: Steps = ("spec", "template", "spec")

PODS: Mapping[tuple[str, str], Steps] = {
    ("", "Pod"): ("spec",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
    ("batch", "Job"): _TEMPLATE,
}
"""(Group, kind) -> where its pods are described."""


def pod_fields(kind: tuple[str, str], fields: Sequence[FieldChange]) -> tuple[Steps, list[FieldChange]]:
    """Where the pods of this kind are described, and what of that differs, counted from there."""
    root = PODS.get(kind)
    return (root, list(inside(fields, root))) if root else ((), [])


def items_of(fields: Sequence[FieldChange], *lists: str) -> Iterator[tuple[Steps, list[FieldChange]]]:
    """For each item of these lists that differs: where it is, and what of it differs, counted from there."""
    for name in lists:
        changes = [change for change in inside(fields, (name,)) if change.steps]
        for item in dict.fromkeys(change.steps[0] for change in changes):
            yield (name, item), list(inside(changes, (item,)))
