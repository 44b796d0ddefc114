"""What makes a change worth a second look: the API server refuses it, data, namespaces or running pods go, rights move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from composer.model.units import UnitError, quantity
from composer.stages.compare.change import Action, Danger, FieldChange, Identity, Risk, Steps, below, path_text
from composer.stages.compare.fields import differences, inside
from composer.stages.compare.pods import PODS
from composer.stages.compare.rights import RIGHTS, rights_touched
from composer.stages.compare.sizes import AMOUNTS, QUOTAS, sizes_touched


@dataclass(frozen=True, slots=True)
class Fixed:
    """Fields below *root* that cannot be changed once the object exists, except those in *but*."""

    root: Steps
    but: tuple[Steps, ...] = ()

    def holds(self, steps: Steps) -> bool:
        """Whether changing this field changes something fixed."""
        return below(steps, self.root) and not any(below(steps, free) for free in self.but)


def _all_but(*free: str) -> Fixed:
    return Fixed(("spec",), tuple(("spec", *name.split(".")) for name in free))


IMMUTABLE: Mapping[tuple[str, str], tuple[Fixed, ...]] = {
    # Each from the update validation of Kubernetes 1.33: pkg/apis/<group>/validation/validation.go.
    ("apps", "DaemonSet"): (Fixed(("spec", "selector")),),
    ("apps", "Deployment"): (Fixed(("spec", "selector")),),
    ("apps", "ReplicaSet"): (Fixed(("spec", "selector")),),
    ("apps", "StatefulSet"): (
        _all_but(
            *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"),
            *("persistentVolumeClaimRetentionPolicy", "minReadySeconds"),
        ),
    ),
    ("batch", "Job"): (
        Fixed(("spec", "selector")),
        Fixed(("spec", "template")),
        Fixed(("spec", "completions")),
        Fixed(("spec", "completionMode")),
        Fixed(("spec", "podFailurePolicy")),
        Fixed(("spec", "backoffLimitPerIndex")),
        Fixed(("spec", "managedBy")),
        Fixed(("spec", "successPolicy")),
    ),
    ("", "PersistentVolumeClaim"): (_all_but("resources", "volumeAttributesClassName"),),
    ("", "PersistentVolume"): (
        _all_but(
            *("accessModes", "capacity", "claimRef", "mountOptions", "persistentVolumeReclaimPolicy"),
            *("storageClassName", "volumeAttributesClassName", "nodeAffinity"),
        ),
    ),
    ("", "ResourceQuota"): (Fixed(("spec", "scopes")),),
    ("", "Secret"): (Fixed(("type",)),),
    ("", "Service"): (Fixed(("spec", "clusterIP")), Fixed(("spec", "clusterIPs"))),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        Fixed(("spec", "group")),
        Fixed(("spec", "scope")),
        Fixed(("spec", "names", "kind")),
        Fixed(("spec", "names", "plural")),
    ),
    ("networking.k8s.io", "IngressClass"): (Fixed(("spec", "controller")),),
    ("node.k8s.io", "RuntimeClass"): (Fixed(("handler",)),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (Fixed(("roleRef",)),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (Fixed(("roleRef",)),),
    ("scheduling.k8s.io", "PriorityClass"): (Fixed(("value",)), Fixed(("preemptionPolicy",))),
    ("storage.k8s.io", "StorageClass"): (
        Fixed(("parameters",)),
        Fixed(("provisioner",)),
        Fixed(("reclaimPolicy",)),
        Fixed(("volumeBindingMode",)),
    ),
}

_FROZEN_DATA = tuple(Fixed((key,)) for key in ("binaryData", "data", "immutable", "stringData"))
"""What `immutable: true` fixes in a ConfigMap or Secret (stringData becomes data)."""

_WATCHED = frozenset({*RIGHTS, *PODS, *AMOUNTS, *QUOTAS, ("", "ConfigMap")})
"""Kinds whose coming and going moves rights, quotas or capacity."""

_RANKS = {risk: rank for rank, risk in enumerate(Risk)}
_RESTARTING = frozenset({("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet")})
_CLAIM = ("", "PersistentVolumeClaim")
_NAMESPACE = ("", "Namespace")
_TEMPLATE: Steps = ("spec", "template")
_STORAGE: Steps = ("spec", "resources", "requests", "storage")


def dangers_of(identity: Identity, old: Any, new: Any, fields: Sequence[FieldChange]) -> tuple[Danger, ...]:
    """What the change of an object means, the worst first. *old* or *new* is None where it comes or goes."""
    action = Action.ADDED if old is None else Action.REMOVED if new is None else Action.CHANGED
    kind = (identity.group, identity.kind)
    # Of an object that comes or goes, everything it holds is a difference.
    touched = (
        fields if action is Action.CHANGED else tuple(differences(old or {}, new or {})) if kind in _WATCHED else ()
    )
    found = [
        *(_removal(identity) if action is Action.REMOVED else ()),
        *(_immutable(_fixed(kind, old), fields) if action is Action.CHANGED else ()),
        *(_storage(fields) if kind == _CLAIM else ()),
        *(_restart(fields, new) if kind in _RESTARTING and action is Action.CHANGED else ()),
        *rights_touched(identity, action, touched),
        *sizes_touched(identity, action, touched),
    ]
    return tuple(sorted(found, key=lambda danger: _RANKS[danger.risk]))


def _removal(identity: Identity) -> Iterator[Danger]:
    kind = (identity.group, identity.kind)
    if kind == _NAMESPACE:
        yield Danger(Risk.NAMESPACE, "deletes the namespace and everything in it")
    elif kind == _CLAIM:
        yield Danger(Risk.DATA, "deletes the claim; with most storage classes, the data on the volume with it")
    elif identity.kind == "CustomResourceDefinition":
        yield Danger(Risk.DELETES, "deletes the kind and every object of it")
    else:
        yield Danger(Risk.DELETES, "deletes the object")


def _fixed(kind: tuple[str, str], old: Any) -> tuple[Fixed, ...]:
    freezes = kind in (("", "ConfigMap"), ("", "Secret")) and old.get("immutable") is True
    return IMMUTABLE.get(kind, ()) + (_FROZEN_DATA if freezes else ())


def _immutable(fixed: Sequence[Fixed], fields: Sequence[FieldChange]) -> Iterator[Danger]:
    for change in fields:
        if any(rule.holds(change.steps) or _above(change, rule) for rule in fixed):
            message = "cannot be changed once the object exists; it has to be deleted and made anew"
            yield Danger(Risk.IMMUTABLE, message, change.path)


def _above(change: FieldChange, rule: Fixed) -> bool:
    """Whether a field went or came with something fixed in it (the whole spec, say)."""
    return not rule.but and len(change.steps) < len(rule.root) and below(rule.root, change.steps)


def _storage(fields: Sequence[FieldChange]) -> Iterator[Danger]:
    for change in fields:
        if change.steps == _STORAGE and change.action is Action.CHANGED and _shrinks(change.old, change.new):
            yield Danger(Risk.DATA, f"a volume cannot shrink from {change.old} to {change.new}", change.path)


def _shrinks(old: Any, new: Any) -> bool:
    try:
        return quantity(new) < quantity(old)
    except UnitError:
        return False


def _restart(fields: Sequence[FieldChange], new: Any) -> Iterator[Danger]:
    if any(inside(fields, _TEMPLATE)):
        at_once = isinstance(new.get("spec"), dict) and new["spec"].get("strategy") == {"type": "Recreate"}
        message = "restarts its pods" + (", the new ones only after the old ones are gone" if at_once else "")
        yield Danger(Risk.RESTARTS, message, path_text(_TEMPLATE))
