"""What exactly a site was made from: as a digest for its lock file, and as names for the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from composer.model.blueprint import Blueprint
from composer.model.stack import HubLink, Wiring

FLEET_SECTIONS = ("delivery", "defaults", "deviceProfiles", "policies")
"""What a site's objects depend on in fleet.yaml; the rest (rollout waves, descriptions) is not read for a site."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """*digest* is over the data (not the bytes: a comment changes nothing); *names* are all documents it came from."""

    digest: str
    names: tuple[str, ...]
    blueprints: tuple[Blueprint, ...]

    def without_blueprints(self) -> Inputs:
        """The same without the blueprints themselves, which would be heavy to send between processes."""
        return Inputs(self.digest, self.names, ())


def inputs_of(wiring: Wiring, link: HubLink | None) -> Inputs:
    """The inputs of one wired site."""
    stack = wiring.stack
    blueprints = {c.blueprint.label: c.blueprint for c in stack.components}
    layers = [*stack.layers, *(layer for layers in stack.tenant_layers.values() for layer in layers)]
    documents = {layer.document.file: layer.document for layer in layers if layer.document is not stack.fleet.document}
    fleet = stack.fleet.document.data
    read = {
        "fleet": [fleet["metadata"]["name"], {key: fleet["spec"].get(key) for key in FLEET_SECTIONS}],
        "documents": {file: documents[file].data for file in sorted(documents)},
        "blueprints": {label: blueprints[label].digest for label in sorted(blueprints)},
        "link": [link.site, link.host, link.ca] if link else None,
    }
    files = [str(stack.spec["uplink"]["ca"])] if link else []
    hubs = [link.site] if link else []
    names = (
        *(f"document {d}" for d in sorted(documents) if d != stack.document.file),
        *(f"blueprint {b}" for b in sorted(blueprints)),
    )
    names += (*(f"file {f}" for f in files), *(f"site {h}" for h in hubs))
    return Inputs(_digest(read), names, tuple(blueprints[label] for label in sorted(blueprints)))


def _digest(value: Mapping[str, Any]) -> str:
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
