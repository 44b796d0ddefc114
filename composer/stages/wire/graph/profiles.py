"""The device profile behind a gateway's row, and where it was written: the tenant's own before the fleet's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composer.diagnostic import Place
from composer.model.stack import Stack
from composer.model.traffic import Publication
from composer.source.document import Route
from composer.stages.wire.places import tenant_place


def profile_record(stack: Stack, publication: Publication) -> Mapping[str, Any]:
    """The publisher's record that a row of a gateway's device comes from."""
    record, _, _ = _find(stack, publication)
    return record


def profile_place(stack: Stack, publication: Publication, key: str) -> Place:
    """Where that record says *key*."""
    _, route, own = _find(stack, publication)
    if own:
        return tenant_place(stack, publication.principal.tenant, (*route, key))
    return stack.fleet.document.place(("spec", *route, key))


def _find(stack: Stack, publication: Publication) -> tuple[Mapping[str, Any], Route, bool]:
    """The record, its route in a spec, and whether that is the tenant's."""
    component = publication.said.component
    assert component is not None, "rows of gateways are said by gateways"
    device = str(publication.said.route[1])
    name = component.spec["devices"][device]["profile"]
    own = (stack.tenants[publication.principal.tenant].get("deviceProfiles") or {}).get(name)
    profile = own or stack.fleet.document.data["spec"]["deviceProfiles"][name]
    topics = [said["topic"].replace("{site}", stack.site).replace("{device}", device) for said in profile["publish"]]
    index = topics.index(publication.topic)
    return profile["publish"][index], ("deviceProfiles", name, "publish", index), own is not None
