"""What Argo CD says of an Application (v1alpha1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composer.clusters.told import Told, part, text


def application(object_: Mapping[str, Any]) -> Told:
    """What was applied last.

    `status.sync.revision` is what Argo CD compares the cluster with; where that is not synced, what was applied is the last
    entry of the history.
    """
    synced = text(object_, "status", "sync", "status") == "Synced"
    compared = text(object_, "status", "sync", "revision")
    revision = compared if synced else _last(object_)
    return Told(
        revision,
        failure=_failure(object_),
        suspended=not _is_automatic(object_),
        drifted=not synced and bool(compared) and revision == compared,
        note=_note(object_),
    )


def _last(object_: Mapping[str, Any]) -> str:
    history = part(object_, "status", "history")
    return text(history[-1], "revision") if isinstance(history, list) and history else ""


def _is_automatic(object_: Mapping[str, Any]) -> bool:
    automated = part(object_, "spec", "syncPolicy", "automated")
    return isinstance(automated, Mapping) and automated.get("enabled") is not False


def _failure(object_: Mapping[str, Any]) -> str:
    """Errors of comparing first, since nothing else happens then; then that of the last operation, then health."""
    conditions = part(object_, "status", "conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if text(condition, "type").endswith("Error"):
            return text(condition, "message") or text(condition, "type")
    phase = text(object_, "status", "operationState", "phase")
    if phase in ("Failed", "Error"):
        return text(object_, "status", "operationState", "message") or phase
    if text(object_, "status", "health", "status") == "Degraded":
        return ": ".join(filter(None, ("degraded", text(object_, "status", "health", "message"))))
    return ""


def _note(object_: Mapping[str, Any]) -> str:
    if text(object_, "status", "operationState", "phase") in ("Running", "Terminating"):
        return text(object_, "status", "operationState", "message") or "under way"
    health = text(object_, "status", "health", "status")
    return "" if health in ("", "Healthy", "Degraded") else f"health: {health}"
