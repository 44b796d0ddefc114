"""A blueprint as loaded: its documents and texts, not yet compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from composer.source.document import Document


@dataclass(frozen=True, eq=False)
class Blueprint:
    """One version of one blueprint. Two of them are equal only when they are the same object; *digest* tells content.

    *manifests* maps a path such as "manifests/deployment.yaml" to its parsed template, *files* a path such as
    "files/mosquitto.conf.j2" to its text, *fragments* a name of blueprints/_lib (without ".yaml") to its parsed template.
    *shared* are the paths of those *files* that lie in blueprints/_lib instead.
    *bootstrap* maps paths below "bootstrap/" to templates of what is no part of a branch.
    All paths in messages are made from *folder*; *root* is the same folder on this machine. *origin* is "packaged" or "fleet".
    """

    name: str
    version: str
    folder: str
    origin: str
    digest: str
    manifest: Document = field(repr=False)
    params: Document = field(repr=False)
    manifests: Mapping[str, Document] = field(repr=False)
    files: Mapping[str, str] = field(repr=False)
    fragments: Mapping[str, Document] = field(repr=False)
    root: Path = field(repr=False, default=Path())
    bootstrap: Mapping[str, Document] = field(repr=False, default_factory=dict)
    shared: frozenset[str] = frozenset()

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        """The spec of blueprint.yaml."""
        spec: Mapping[str, Any] = self.manifest.data["spec"]
        return spec

    @property
    def major(self) -> int:
        return int(self.version.split(".", 1)[0])

    @cached_property
    def role(self) -> str:
        role: str = self.spec["role"]
        return role

    @cached_property
    def label(self) -> str:
        """How messages and lock files name it: name@version."""
        return f"{self.name}@{self.version}"

    @cached_property
    def images(self) -> Mapping[str, Mapping[str, Any]]:
        """Image name -> {reference, licence, architectures, perhaps requiresLicence}."""
        images: Mapping[str, Mapping[str, Any]] = self.spec.get("images") or {}
        return images

    def at_bootstrap(self, what: str) -> tuple[str, ...]:
        """The files of its "objects" to apply once at a cluster, or of those it "expects" there."""
        return tuple((self.spec.get("bootstrap") or {}).get(what) or ())

    @cached_property
    def references(self) -> dict[str, str]:
        """Image name -> its reference."""
        return {name: image["reference"] for name, image in self.images.items()}

    @cached_property
    def licences(self) -> tuple[str, ...]:
        """The products that any of its images needs a licence of."""
        return tuple(sorted({image["requiresLicence"] for image in self.images.values() if "requiresLicence" in image}))

    @cached_property
    def certain_licences(self) -> tuple[str, ...]:
        """Those of them that it needs whichever of its images is used."""
        return tuple(n for n in self.licences if all(i.get("requiresLicence") == n for i in self.images.values()))

    @cached_property
    def architectures(self) -> frozenset[str] | None:
        """The processor architectures that all of its images exist for; None where it has none."""
        sets = [frozenset(image["architectures"]) for image in self.images.values()]
        return frozenset.intersection(*sets) if sets else None
