"""What Flux says: of sources (GitRepository, OCIRepository, v1) and of Kustomizations (v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composer.clusters.told import Told, part, text


def source(object_: Mapping[str, Any]) -> Told:
    """What was fetched last. An OCI artifact tells the commit in an annotation that it was packed with."""
    packed = text(object_, "status", "artifact", "metadata", "org.opencontainers.image.revision")
    return _told(object_, packed or text(object_, "status", "artifact", "revision"))


def kustomization(object_: Mapping[str, Any]) -> Told:
    """What was applied last. Of an OCI artifact (from Flux 2.5 on), the commit that it was packed from."""
    origin = text(object_, "status", "lastAppliedOriginRevision")
    return _told(object_, origin or text(object_, "status", "lastAppliedRevision"))


def _told(object_: Mapping[str, Any], revision: str) -> Told:
    ready = _ready(object_)
    message = text(ready, "message") or text(ready, "reason")
    failed = text(ready, "status") == "False"
    suspended = part(object_, "spec", "suspend") is True
    return Told(
        revision,
        failure=message if failed else "",
        suspended=suspended,
        note=message if text(ready, "status") == "Unknown" else _seen(object_),
    )


def _ready(object_: Mapping[str, Any]) -> Any:
    conditions = part(object_, "status", "conditions")
    found = conditions if isinstance(conditions, list) else []
    return next((condition for condition in found if text(condition, "type") == "Ready"), None)


def _seen(object_: Mapping[str, Any]) -> str:
    """Whether its controller has looked at the object as it is now."""
    written, seen = part(object_, "metadata", "generation"), part(object_, "status", "observedGeneration")
    if seen is None or seen == -1:
        return "no controller has looked at it yet"
    return "its controller has not looked at the last change yet" if seen != written else ""
