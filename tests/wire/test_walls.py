"""Every access rule in the rendered objects follows from a row, and every row is rendered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from composer.model.grants import network_peer
from composer.model.names import expand_names
from composer.model.stack import Wiring
from composer.model.topics import bind
from composer.pipeline.isolation import isolation
from composer.pipeline.line import Composed, Line
from composer.stages.load import load_fleet

PROJECT = Path(__file__).parents[2]
SITES = [
    (PROJECT, "berlin-01"),
    (PROJECT, "lyon-01"),
    (PROJECT, "park-7"),
    (PROJECT, "rome-01"),
    (PROJECT / "tests/fleets/design", "berlin-01"),
    (PROJECT / "tests/fleets/isolation", "works"),
]
Rule = tuple[str, str, str, str]
"""Tenant, user or "%u", read or write, topic filter."""


@pytest.fixture(scope="module")
def composed() -> Mapping[tuple[Path, str], Composed]:
    lines = {root: Line(load_fleet(root)[0]) for root in dict.fromkeys(root for root, _ in SITES)}
    return {(root, site): lines[root].compose(site) for root, site in SITES}


def wiring_of(site: Composed) -> Wiring:
    assert site.wiring is not None
    return site.wiring


@pytest.mark.parametrize("where", SITES, ids=lambda where: f"{where[0].name} {where[1]}")
def test_the_access_lists_are_the_rows(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    site = composed[where]
    assert access_rules(site) == granted(wiring_of(site))


def access_rules(site: Composed) -> set[Rule]:
    """What the access lists of all tenants say, line by line."""
    found: set[Rule] = set()
    for rendered in site.objects:
        name = rendered.object["metadata"]["name"]
        if rendered.object["kind"] == "ConfigMap" and name.startswith("ingress-access-"):
            tenant, user = name.removeprefix("ingress-access-"), ""
            for line in rendered.object["data"]["access.acl"].splitlines():
                word, _, rest = line.partition(" ")
                assert word in ("#", "user", "topic", "pattern"), line
                if word == "user":
                    user = rest
                elif word != "#":
                    right, _, topic = rest.partition(" ")
                    mount = f"t/{tenant}/"
                    assert topic.startswith(mount)
                    found.add((tenant, "%u" if word == "pattern" else user, right, topic.removeprefix(mount)))
    return found


def granted(wiring: Wiring) -> set[Rule]:
    """What the rows say, a class of known devices one by one."""
    found: set[Rule] = set()
    for grant in wiring.grants:
        tenant, name = grant.principal.tenant, grant.principal.name
        right = "write" if grant.action == "publish" else "read"
        if grant.principal.kind == "class" and grant.widened:
            found.add((tenant, "%u", right, grant.filter.replace("{device}", "%u")))
        elif grant.principal.kind == "class":
            written = wiring.stack.tenants[tenant]["devices"][name]["names"]
            found |= {(tenant, each, right, bind(grant.filter, device=each)) for each in expand_names(written)}
        else:
            found.add((tenant, name, right, grant.filter))
    return found


@pytest.mark.parametrize("where", SITES, ids=lambda where: f"{where[0].name} {where[1]}")
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
        for topic in (spec.get("uplink") or {}).get(key) or []
    }


@pytest.mark.parametrize("where", SITES, ids=lambda where: f"{where[0].name} {where[1]}")
def test_the_network_policies_are_the_flows(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    site = composed[where]
    ruled: dict[Any, set[str]] = {}
    for rendered in site.objects:
        if rendered.object["kind"] == "NetworkPolicy":
            ruled.setdefault(rendered.component, set()).update(ways(rendered.object["spec"]))
    flows = wiring_of(site).flows
    rows = {
        component: {way(f.direction, network_peer(f.peer), f.port, f.protocol) for f in flows[component]}
        for component in ruled
    }
    assert ruled == rows
    workloads = {r.component for r in site.objects if r.object["kind"] == "Deployment"}
    assert workloads <= ruled.keys()


def ways(spec: Mapping[str, Any]) -> set[str]:
    found = set()
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction) or []:
            for port in rule["ports"]:
                found |= {way(direction, peer, port["port"], port["protocol"]) for peer in rule.get(side, [None])}
    return found


def way(direction: str, peer: Any, port: int, protocol: str) -> str:
    return f"{direction} {json.dumps(peer, sort_keys=True)} {port}/{protocol}"


@pytest.mark.parametrize("where", SITES, ids=lambda where: f"{where[0].name} {where[1]}")
def test_every_row_has_its_line(composed: Mapping[Any, Composed], where: tuple[Path, str]) -> None:
    found = isolation(wiring_of(composed[where]))
    assert all(right.place.line for rights in found.rights.values() for right in rights)
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
