"""What a server would make of an object: a server-side apply that it only tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from composer.clusters.connection import Refused
from composer.clusters.resources import Resources

_OF_THE_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")

_MARKS = {
    "labels": ("kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"),
    "annotations": ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/installation-id"),
}
"""What Flux's kustomize-controller and Argo CD add to every object that they apply, to know it by."""


class Verdict(StrEnum):
    """What became of the try: the server would take it, or refuse it, or could not try, as what it hangs on is not there yet."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNTRIED = "untried"


@dataclass(frozen=True, eq=False)
class Tried:
    """An object that was tried. *before* is what the server has now, None where it has none; *after* what it would have.

    *message* is the server's, where it did not take it, and *warnings* what it says besides.
    """

    verdict: Verdict
    before: Mapping[str, Any] | None = field(default=None, repr=False)
    after: Mapping[str, Any] | None = field(default=None, repr=False)
    message: str = ""
    warnings: tuple[str, ...] = ()


def try_object(resources: Resources, object_: Mapping[str, Any], manager: str) -> Tried:
    """Has the server try what *manager* would apply. Nothing is written. Raises Unreachable."""
    try:
        path = resources.path(object_)
        if not path:
            return Tried(Verdict.UNTRIED, message=f"the server knows no {object_['kind']} of {object_['apiVersion']}")
        before = _there(resources, path)
        after, warnings = resources.connection.apply_dry(path, _marked(object_, before or {}), manager)
    except Refused as refused:
        if refused.is_missing and refused.details.get("kind") == "namespaces":
            return Tried(Verdict.UNTRIED, message=refused.message)
        return Tried(Verdict.REFUSED, message=str(refused))
    # What is new is shown as it is written; what the server adds to it, it adds to everything.
    return Tried(Verdict.TAKEN, before and _own(before), _own(after) if before else object_, warnings=warnings)


def _there(resources: Resources, path: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = resources.connection.get(path)
    except Refused as refused:
        if refused.is_missing:
            return None
        raise
    return found


def _marked(object_: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with the marks that it bears at the server: left out of what is applied, they would go."""
    metadata = dict(object_["metadata"])
    for section, keys in _MARKS.items():
        there = (before.get("metadata") or {}).get(section) or {}
        marks = {key: there[key] for key in keys if key in there}
        if marks:
            metadata[section] = {**(metadata.get(section) or {}), **marks}
    return {**object_, "metadata": metadata}


def _own(object_: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what the server keeps in it."""
    metadata = {key: value for key, value in object_["metadata"].items() if key not in _OF_THE_SERVER}
    return {**{key: value for key, value in object_.items() if key != "status"}, "metadata": metadata}
