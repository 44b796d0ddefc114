"""What must be said once all layers are put together."""

from __future__ import annotations

from typing import Any

import pytest

from composer.model.complete import COMPONENT, SITE, TENANT, lacks, point_lacks
from composer.model.patterns import matching

WHOLE_SITE: dict[str, Any] = {
    "cluster": {"version": "1.33", "domain": "a.example.com"},
    "uplink": {"site": "hub", "ca": "files/ca.pem", "identity": {"secret": "bridge"}},
    "licences": {"emqx": {"secret": "emqx"}},
}


def said(spec: dict[str, Any], rules: Any) -> list[str]:
    return [lack.message for lack in lacks(spec, rules)]


def test_a_site_that_says_everything_lacks_nothing() -> None:
    assert said(WHOLE_SITE, SITE) == []
    assert said({"cluster": WHOLE_SITE["cluster"]}, SITE) == []


@pytest.mark.parametrize(
    "route",
    [
        ("cluster",),
        ("cluster", "version"),
        ("cluster", "domain"),
        ("uplink", "site"),
        ("uplink", "ca"),
        ("uplink", "identity"),
        ("uplink", "identity", "secret"),
        ("licences", "emqx", "secret"),
    ],
)
def test_what_no_layer_says_about_a_site_is_named(route: tuple[str, ...]) -> None:
    def without(value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        rest = {key: inner for key, inner in value.items() if key != path[0]}
        return {**rest, path[0]: without(value[path[0]], path[1:])} if len(path) > 1 else rest

    path = ".".join(route)
    assert said(without(WHOLE_SITE, route), SITE) == [f"{path} is missing: no layer says it"]


@pytest.mark.parametrize(
    ("role", "spec", "expected"),
    [
        ("stream", {"from": "a", "to": {"topic": "b"}}, []),
        (
            "stream",
            {"to": {"rate": "1/s"}},
            ["from is missing: no layer says it", "to.topic is missing: no layer says it"],
        ),
        ("function", {"on": "a"}, []),
        ("function", {"on": "a", "emits": [{"topic": "b"}]}, []),
        (
            "function",
            {"emits": {"keep": "1%"}},
            ["on is missing: no layer says it", "emits.topic is missing: no layer says it"],
        ),
        ("gateway", {"bus": {"tcp": "a:1"}, "devices": {"d": {"profile": "p"}}}, []),
        ("gateway", {}, ["bus is missing: no layer says it", "devices is missing: no layer says it"]),
        ("gateway", {"bus": {"cidr": "::/0"}, "devices": {}}, ["bus needs one of tcp, serial, opcua"]),
        (
            "gateway",
            {"bus": {"tcp": "a:1", "opcua": "b"}, "devices": {}},
            ["bus has tcp and opcua, of which only one can hold"],
        ),
        ("gateway", {"bus": {"serial": {}}, "devices": {}}, ["bus.serial needs one of path, resource"]),
        ("gateway", {"bus": {"serial": {"path": "a", "resource": "b"}}, "devices": {}}, []),
        (
            "gateway",
            {"bus": {"tcp": "a:1"}, "devices": {"d": {"unit": 1}}},
            ["devices.d.profile is missing: no layer says it"],
        ),
    ],
)
def test_a_component_needs_what_it_cannot_work_without(role: str, spec: dict[str, Any], expected: list[str]) -> None:
    assert said(spec, COMPONENT[role]) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"devices": {"d": {"count": 3}}}, []),
        ({"devices": {"d": {}}}, ["devices.d needs one of names, count"]),
        (
            {"devices": {"d": {"names": "a", "count": 1}}},
            ["devices.d has names and count, of which only one can hold"],
        ),
        (
            {"secrets": {"s": {"existing": "a", "sops": "b"}}},
            ["secrets.s has existing and sops, of which only one can hold"],
        ),
        (
            {"secrets": {"s": {"externalSecret": {"store": "a"}}}},
            ["secrets.s.externalSecret.key is missing: no layer says it"],
        ),
        (
            {"deviceProfiles": {"p": {"protocol": "opcua", "points": []}}},
            ["deviceProfiles.p.publish is missing: no layer says it"],
        ),
    ],
)
def test_a_tenant_needs_what_it_cannot_work_without(spec: dict[str, Any], expected: list[str]) -> None:
    assert said(spec, TENANT) == expected


def test_points_without_a_protocol_are_left_to_the_rule_that_asks_for_one() -> None:
    assert list(point_lacks({"deviceProfiles": {"p": {"points": [{"name": "a"}]}}})) == []


def test_a_pattern_finds_values_in_mappings_and_lists() -> None:
    value = {"a": [{"b": 1}, {"b": 2}, {"c": 3}], "d": {"b": 4}}
    assert list(matching(value, ("a", "*", "b"))) == [(("a", 0, "b"), 1), (("a", 1, "b"), 2)]
    assert list(matching(value, ("*", "b"), ("x",))) == [(("x", "d", "b"), 4)]
    assert list(matching("text", ("*",))) == []
