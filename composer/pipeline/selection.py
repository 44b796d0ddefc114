"""Sites by what their documents say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composer.diagnostic import Rejected
from composer.model.fleet import Fleet
from composer.stages.load import load_site


def has_labels(fleet: Fleet, site: str, labels: Mapping[str, str]) -> bool:
    """Whether the site has all of these labels. A site whose document is broken counts as chosen, so that it is seen."""
    data = _data(fleet, site)
    if data is None:
        return True
    own = _labels(data)
    return all(own.get(key) == value for key, value in labels.items())


def labels_of(fleet: Fleet, site: str) -> Mapping[str, str]:
    """The site's own labels; none where its document is broken."""
    data = _data(fleet, site)
    return _labels(data) if data is not None else {}


def is_readable(fleet: Fleet, site: str) -> bool:
    """Whether it is known what the site's document says."""
    return _data(fleet, site) is not None


def _labels(data: Any) -> Mapping[str, str]:
    return data["metadata"].get("labels") or {}


def lists_tenants(fleet: Fleet, site: str, tenants: frozenset[str]) -> bool:
    """Whether the site, a profile of its or the fleet's defaults list all of these tenants."""
    data = _data(fleet, site)
    if data is None:
        return True
    listed: dict[str, Any] = {}
    for layer in _layers(fleet, data):
        listed.update(layer.get("tenants") or {})
    return all(listed.get(tenant) is not None for tenant in tenants)


def may_be_hub(fleet: Fleet, site: str) -> bool:
    """Whether the site, a profile of its or the fleet's defaults say that it is a hub; a broken document counts as if."""
    data = _data(fleet, site)
    return data is None or any(layer.get("hub") for layer in _layers(fleet, data))


def _layers(fleet: Fleet, data: Any) -> list[Any]:
    """What stands in the fleet's defaults, the site's profiles and its own document, lowest first."""
    profiles = [
        fleet.profiles[name].data["spec"] for name in data["spec"].get("profiles") or () if name in fleet.profiles
    ]
    return [fleet.document.data["spec"].get("defaults") or {}, *profiles, data["spec"]]


def lists_profile(fleet: Fleet, site: str, profile: str) -> bool:
    """Whether the site lists the profile; one whose document is broken counts as if."""
    data = _data(fleet, site)
    return data is None or profile in (data["spec"].get("profiles") or ())


def _data(fleet: Fleet, site: str) -> Any:
    try:
        return load_site(fleet, site).data
    except Rejected:
        return None
