"""What exactly a site was made from: as a digest for its lock file, and as names for the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from composer.model.blueprint import Blueprint
from composer.model.links import links_digest
from composer.model.shards import shard_for, shards_of
from composer.model.stack import HubLink, Stack, Wiring
from composer.stages.load import referenced_files
from composer.stages.wire import schema_paths

FLEET_SECTIONS = ("capacity", "delivery", "defaults", "deviceProfiles", "policies")
"""What a site's objects depend on in fleet.yaml; the rest (rollout waves, descriptions) is not read for a site."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """*digest* is over the data (a comment changes nothing) and the bytes of what is copied; *own* is that of the site's bytes.

    *names* are everything else it came from, each as its kind and its name: "document sites/tenants/acme.yaml"; *children*
    is the digest of what a hub knows of its sites, or "".
    """

    digest: str
    own: str
    names: tuple[str, ...]
    blueprints: tuple[Blueprint, ...]
    children: str = ""


def inputs_of(wiring: Wiring, link: HubLink | None, copies: Mapping[str, bytes]) -> Inputs:
    """The inputs of one wired site; *copies* are the files that go to its branch as they are."""
    stack = wiring.stack
    blueprints = {c.blueprint.label: c.blueprint for c in stack.components}
    layers = [*stack.layers, *(layer for layers in stack.tenant_layers.values() for layer in layers)]
    documents = {layer.document.file: layer.document for layer in layers if layer.document is not stack.fleet.document}
    fleet = stack.fleet.document.data
    read = {
        "fleet": [
            fleet["metadata"]["name"],
            {**{key: fleet["spec"].get(key) for key in FLEET_SECTIONS}, **_delivery(stack)},
        ],
        "documents": {file: documents[file].data for file in sorted(documents)},
        "blueprints": {label: blueprints[label].digest for label in sorted(blueprints)},
        "link": [link.site, link.host, link.ca] if link else None,
        "copies": {path: sha256(copies[path]).hexdigest() for path in sorted(copies)},
        **({"children": links_digest(wiring.children)} if wiring.children else {}),
    }
    names = (
        *(f"document {d}" for d in sorted(documents) if d != stack.document.file),
        *(f"blueprint {b}" for b in sorted(blueprints)),
        *(f"file {f}" for f in _files(wiring)),
        *(f"tenant {t}" for t in _owners(stack)),
        *([f"hub {link.site}"] if link else ()),
    )
    chosen = tuple(blueprints[label] for label in sorted(blueprints))
    return Inputs(_digest(read), stack.document.digest, names, chosen, links_digest(wiring.children))


def _delivery(stack: Stack) -> dict[str, Any]:
    """What the site has of the fleet's delivery: not where others go, and not how the repository's address is spelled."""
    written = stack.fleet.document.data["spec"].get("delivery")
    if not written:
        return {}
    shard = shard_for(shards_of(stack.fleet.document.data), stack.labels)
    own = {key: value for key, value in written.items() if key not in ("repository", "url", "shards", "removal")}
    return {"delivery": {**own, "from": shard.url or shard.repository}}


def _files(wiring: Wiring) -> list[str]:
    """The files below sites/ that are read for the site, or that its own document says are there."""
    stack = wiring.stack
    read = [ca_of(stack)] if stack.spec.get("uplink") else []
    read += [path for tenant in stack.tenants for path in encrypted_secrets(stack, tenant).values()]
    return sorted({*read, *schema_paths(wiring.traffic), *referenced_files(stack.document)})


def _owners(stack: Stack) -> list[str]:
    """The tenants whose devices others use; they must exist, but need not be at the site."""
    uses = (use for spec in stack.tenants.values() for use in spec.get("uses") or ())
    return sorted({use["tenant"] for use in uses})


def ca_of(stack: Stack) -> str:
    """The file of the CA that the site trusts at its hub."""
    return str(stack.spec["uplink"]["ca"]).replace("{site}", stack.site)


def encrypted_secrets(stack: Stack, tenant: str) -> dict[str, str]:
    """Name of a tenant's secret -> its encrypted file."""
    secrets = stack.tenants[tenant].get("secrets") or {}
    return {
        name: said["sops"].replace("{site}", stack.site) for name, said in sorted(secrets.items()) if "sops" in said
    }


def _digest(value: Mapping[str, Any]) -> str:
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
