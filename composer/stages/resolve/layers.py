"""The layers below a site: fleet defaults and profiles, merged and gathered once for all sites that list the same profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, did_you_mean, error
from composer.merge import merge_layers
from composer.model.fleet import Fleet
from composer.model.stack import Component, Layer
from composer.source.document import Document
from composer.stages.resolve.component import Level
from composer.stages.resolve.entries import Entries, gather, sub_layer, without

GATHERED = ("components", "gateways", "tenants")
"""Sections of a site's spec whose entries are resolved one by one."""

NOT_MERGED = (*GATHERED, "defaults", "blueprints", "profiles")
"""Keys of a site layer that are no part of the merged spec."""

WHERE_NEEDED = {"relay": "relay-bento", "uplink-buffer": "buffer-bento"}
"""Components that are at a site only where there is something to do for them -> their blueprints."""

ENGINES = {"flux": "delivery-flux", "argocd": "delivery-argocd"}


@dataclass(frozen=True, eq=False)
class Lower:
    """The layers below a site. *built* holds components that no site touches, so that they are built only once."""

    layers: tuple[Layer, ...]
    levels: tuple[Level, ...]
    spec: Layer
    sections: Mapping[str, Entries]
    findings: tuple[Diagnostic, ...]
    built: dict[tuple[str, ...], tuple[Component, list[Diagnostic]]] = field(default_factory=dict)


def lower_layers(fleet: Fleet, site: Document, profiles: tuple[str, ...]) -> Lower:
    """The layers below *site*. Raises Rejected for a profile that is not there or is broken itself."""
    layers = [*_built_in(fleet), *_profiles(fleet, site, profiles)]
    levels = [Level(x.name, sub_layer(x, "blueprints") or sub_layer(x, "defaults", "blueprints")) for x in layers]
    spec, findings = merge_layers(without(layers, *NOT_MERGED))
    sections = {section: gather(layers, section, {}, findings) for section in GATHERED}
    merged = Layer("lower layers", spec, fleet.document, ("spec", "defaults"))
    return Lower(tuple(layers), tuple(levels), merged, sections, tuple(findings))


def _built_in(fleet: Fleet) -> list[Layer]:
    """What every site has without anybody writing it (base, tenants' walls, delivery), then the fleet's defaults.

    The relay is at sites alone where a tenant uses devices of another, the buffer where something goes up to a hub.
    """
    spec: Mapping[str, Any] = fleet.document.data["spec"]
    engine = (spec.get("delivery") or {}).get("engine", "flux")
    components = {"base": "base", "tenancy": "tenancy", "delivery": ENGINES[engine], **WHERE_NEEDED}
    implicit = {"components": {name: {"blueprint": blueprint} for name, blueprint in components.items()}}
    return [
        Layer("composer", implicit, fleet.document, ("spec",)),
        Layer("fleet defaults", spec.get("defaults") or {}, fleet.document, ("spec", "defaults")),
    ]


def _profiles(fleet: Fleet, site: Document, names: tuple[str, ...]) -> list[Layer]:
    found: list[Layer] = []
    findings: list[Diagnostic] = []
    for index, name in enumerate(names):
        profile = fleet.profiles.get(name)
        if profile is not None:
            found.append(Layer(f"profile {name}", profile.data["spec"], profile, ("spec",)))
        elif ("profiles", name) in fleet.broken:
            findings += fleet.broken["profiles", name]
        else:
            place = site.place(("spec", "profiles", index))
            hint = did_you_mean(name, fleet.profiles)
            findings.append(error("L010", f"there is no profile {name!r}", place, hint=hint))
    if findings:
        raise Rejected(findings)
    return found
