"""Every access rule in the rendered objects follows from a row, and every row is rendered."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from composer.model.stack import Wiring
from composer.model.uplink import filters_of
from composer.pipeline.isolation import isolation
from composer.pipeline.line import Composed, Line
from composer.stages.load import load_fleet
from tests.wire import rules

PROJECT = Path(__file__).parents[2]
SITES = [
    (PROJECT, "berlin-01"),
    (PROJECT, "hub-eu"),
    (PROJECT, "lyon-01"),
    (PROJECT, "park-7"),
    (PROJECT, "rome-01"),
    (PROJECT / "tests/fleets/design", "berlin-01"),
    (PROJECT / "tests/fleets/isolation", "works"),
]
EVERY = pytest.mark.parametrize("where", SITES, ids=lambda where: f"{where[0].name} {where[1]}")


@pytest.fixture(scope="module")
def composed() -> Mapping[tuple[Path, str], Composed]:
    lines = {root: Line(load_fleet(root)[0]) for root in dict.fromkeys(root for root, _ in SITES)}
    return {(root, site): lines[root].compose(site) for root, site in SITES}


def wiring_of(site: Composed) -> Wiring:
    assert site.wiring is not None
    return site.wiring


@EVERY
def test_the_access_lists_are_the_rows(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    site = composed[where]
    assert rules.broker_rules(site.objects) == rules.granted(wiring_of(site))


@EVERY
def test_the_bridge_carries_what_tenants_send_over_the_uplink(
    composed: Mapping[Any, Composed], where: tuple[Path, str]
) -> None:
    site = composed[where]
    (conf,) = [
        r.object["data"]["mosquitto.conf"] for r in site.objects if "mosquitto.conf" in (r.object.get("data") or {})
    ]
    carried = set(re.findall(r"^topic (\S+) (out|in) 1 (t/\S+/) ", conf, re.MULTILINE))
    tenants = wiring_of(site).stack.tenants if wiring_of(site).stack.spec.get("uplink") else {}
    assert carried == {
        (topic, direction, f"t/{tenant}/")
        for tenant, spec in tenants.items()
        for key, direction in (("up", "out"), ("down", "in"))
        for topic in filters_of((spec.get("uplink") or {}).get(key))
    }


@EVERY
def test_the_network_policies_are_the_flows(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    site = composed[where]
    ruled = rules.network_rules(site.objects)
    flows = rules.flowing(wiring_of(site))
    assert ruled == {component: flows[component] for component in ruled}
    workloads = {rendered.component for rendered in rules.of_kind(site.objects, "Deployment")}
    assert workloads <= ruled.keys()


@EVERY
def test_the_certificates_of_clients_are_the_principals(
    composed: Mapping[Any, Composed], where: tuple[Path, str]
) -> None:
    site = composed[where]
    assert rules.client_names(site.objects) == rules.principals(wiring_of(site))


@EVERY
def test_what_delivery_may_touch_is_the_permissions(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    site = composed[where]
    assert rules.api_rules(site.objects) == rules.permitted(wiring_of(site)) != set()


def test_what_argo_cd_may_make_is_the_permissions(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "sites", tmp_path / "sites")
    fleet = tmp_path / "sites/fleet.yaml"
    fleet.write_text(fleet.read_text().replace("engine: flux ", "engine: argocd "))
    box = tmp_path / "sites/profiles/edge-box.yaml"
    box.write_text(box.read_text().replace('flux: "2.6"', 'argocd: "3.5", argocd-impersonation: "3.5"'))
    site = Line(load_fleet(tmp_path)[0]).compose("berlin-01")
    assert rules.project_kinds(site.objects) == rules.manageable(wiring_of(site)) != set()
    assert rules.api_rules(site.objects) == rules.permitted(wiring_of(site)) != set()


@EVERY
def test_every_row_has_its_line(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    found = isolation(wiring_of(composed[where]))
    assert all(right.place.line for rights in found.rights.values() for right in rights)
    assert all(way.place.line for way in found.ways)
    assert all(each.place.line for each in found.permitted)
    assert all(each.granted.line and each.used.line for each in found.shared)


def test_rows_that_are_wider_than_their_documents_are_counted(composed: Mapping[Any, Composed]) -> None:
    """More of them is a decision, not an accident."""
    counted = {}
    for (root, name), site in composed.items():
        wiring = wiring_of(site)
        rights = sum(bool(grant.widened) for grant in wiring.grants)
        counted[root.name if root != PROJECT else "example", name] = (
            rights,
            sum(bool(flow.widened) for flows in wiring.flows.values() for flow in flows),
        )
    assert counted == {
        ("example", "berlin-01"): (0, 2),
        ("example", "hub-eu"): (0, 2),
        ("example", "lyon-01"): (0, 2),
        ("example", "park-7"): (0, 1),
        ("example", "rome-01"): (2, 2),
        ("design", "berlin-01"): (0, 1),
        ("isolation", "works"): (3, 3),
    }


def test_a_limit_that_is_enforced_names_an_object_that_is_there(composed: Mapping[Any, Composed]) -> None:
    seen = 0
    for site in composed.values():
        objects = {
            (r.object["metadata"].get("namespace", ""), r.object["kind"], r.object["metadata"]["name"])
            for r in site.objects
        }
        for limits in isolation(wiring_of(site)).limits.values():
            for limit in filter(lambda each: each.enforced, limits):
                namespace, _, _ = (
                    limit.enforced.partition(" ") if limit.enforced.startswith("tenant-") else ("edge-platform", "", "")
                )
                kind, name = re.findall(r"(\w+)/([\w-]+)", limit.enforced)[0]
                assert (namespace, kind, name) in objects, limit
                seen += 1
    assert seen > 10
