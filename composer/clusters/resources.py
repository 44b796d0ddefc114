"""Where objects are found at a server: the paths of its kinds, asked for once a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from composer.clusters.connection import Connection, Refused


class Kind(NamedTuple):
    """How a kind is spelled in paths, and whether its objects lie in namespaces."""

    plural: str
    namespaced: bool


class Resources:
    """The kinds that one server knows."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, Mapping[str, Kind]] = {}

    def path(self, object_: Mapping[str, Any]) -> str:
        """The path of the object, "" where the server does not know its kind. Raises Refused and Unreachable."""
        version, metadata = object_["apiVersion"], object_["metadata"]
        kind = self._kinds(version).get(object_["kind"])
        if kind is None:
            return ""
        namespace = f"namespaces/{metadata.get('namespace') or 'default'}/" if kind.namespaced else ""
        return f"{_root(version)}/{namespace}{kind.plural}/{metadata['name']}"

    def _kinds(self, version: str) -> Mapping[str, Kind]:
        if version not in self._known:
            self._known[version] = self._listed(version)
        return self._known[version]

    def _listed(self, version: str) -> Mapping[str, Kind]:
        try:
            listed = self.connection.get(_root(version)).get("resources") or ()
        except Refused as refused:
            if refused.is_missing:
                return {}
            raise
        return {each["kind"]: Kind(each["name"], each["namespaced"]) for each in listed if "/" not in each["name"]}


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
