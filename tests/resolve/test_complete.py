"""A site of which no layer says what somebody must say is refused with findings, and never breaks the composer."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.stages.load import load_fleet, load_site
from composer.stages.resolve import Resolver
from tests.load.fleets import document, site, write

CLUSTER = 'cluster: {version: "1.33", domain: a.example.com, capabilities: {cert-manager: "1.18", flux: "2.6"}}'


def refused(root: Path, name: str) -> list[str]:
    """The codes, files and messages with which a site is refused."""
    fleet, _ = load_fleet(root)
    with pytest.raises(Rejected) as rejected:
        Resolver(fleet).resolve(load_site(fleet, name))
    return [f"{d.code} {d.place.file} {d.message}" for d in rejected.value.diagnostics]


def test_a_site_without_a_domain_is_told_so(tmp_path: Path) -> None:
    spec = '{cluster: {version: "1.33", capabilities: {cert-manager: "1.18", flux: "2.6"}}}'
    assert refused(write(tmp_path, {"a.yaml": site("a", spec)}), "a") == [
        "L013 sites/a.yaml cluster.domain is missing: no layer says it"
    ]


def test_the_place_is_the_nearest_thing_a_layer_says(tmp_path: Path) -> None:
    files = {
        "profiles/p.yaml": document("Profile", "p", f"{{{CLUSTER}, uplink: {{ca: files/a.pem}}}}"),
        "tenants/t.yaml": document("Tenant", "t", "{streams: {s: {blueprint: stream-bento, from: a}}}"),
        "a.yaml": site("a", "{profiles: [p], uplink: {site: b}, tenants: {t: {devices: {d: {subscribe: [a]}}}}}"),
        "files/a.pem": "",
    }
    assert sorted(refused(write(tmp_path, files), "a")) == [
        "L013 sites/a.yaml tenant t: devices.d needs one of names, count",
        "L013 sites/a.yaml uplink.identity is missing: no layer says it",
        "L013 sites/tenants/t.yaml s: to is missing: no layer says it",
    ]


def test_a_hub_without_a_domain_stops_the_sites_that_need_to_know_it(tmp_path: Path) -> None:
    fleet, _ = load_fleet(write(tmp_path, {"hub.yaml": site("hub", '{cluster: {version: "1.33"}}')}))
    with pytest.raises(Rejected, match=r"sites/hub.yaml:4:\d+: L013 cluster.domain is missing"):
        Resolver(fleet).spec(load_site(fleet, "hub"))
