"""What a cluster must have before a branch can be applied to it, and what is applied once so that it follows the branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Capability:
    """Something installed at the cluster: the *version* the site declares, and who *needs* which range: (range, blueprints)."""

    name: str
    version: str
    needs: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """An object that must be there already; *namespace* is "" where it is in none or where that is not said.

    *labels* are those it must have. *needed_by* names the objects of the site that mention it: Kind/name.
    """

    group: str
    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    needed_by: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return self.group, self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """What must be there: Kubernetes, *capabilities*, custom *kinds* as (apiVersion, kind), *namespaces*, *objects*."""

    kubernetes: Capability
    capabilities: tuple[Capability, ...]
    kinds: tuple[tuple[str, str], ...]
    namespaces: tuple[str, ...]
    objects: tuple[Expected, ...]


@dataclass(frozen=True)
class Bootstrap:
    """The *objects* to apply once, in this order, where *engine* runs, so that the site follows *branch* of *repository*."""

    site: str
    engine: str
    repository: str
    branch: str
    objects: tuple[dict[str, Any], ...]
    prerequisites: Prerequisites
