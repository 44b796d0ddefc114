"""The guide for blueprint authors says what templates get, and the composer gives what the guide says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from composer.model.stack import HubLink, Wired
from composer.stages.load import load_fleet, load_site
from composer.stages.render.filters import FILTERS, TESTS
from composer.stages.render.names import CONTEXT, FUNCTIONS
from composer.stages.resolve import Resolver
from composer.stages.wire import wire
from tests.wire import sites

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/blueprints.md").read_text(encoding="utf-8")
WORDS = frozenset(re.findall(r"`(\w+)[^`]*`", GUIDE))

FREE = frozenset(
    {"params", "images", "labels", "selector", "capabilities", "nodes", "quota", "network", "spec", "secrets", "rules"}
)
"""Parts of the context whose keys are written by people, or are Kubernetes' own."""


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> list[Wired]:
    """Every component of the example fleet, and of a site with a buffer."""
    fleet, _ = load_fleet(ROOT)
    resolver = Resolver(fleet)
    link = HubLink("hub", "mqtt.hub.example.com", "CA")
    found = []
    for site in fleet.sites:
        stack, _ = resolver.resolve(load_site(fleet, site))
        wiring, _ = wire(stack, link if "uplink" in stack.spec else None)
        found += wiring.wired
    return [*found, *_buffered(tmp_path_factory.mktemp("buffered"))]


def _buffered(root: Path) -> tuple[Wired, ...]:
    """The components of a site whose queue for the hub is on disk, which no site of the example is."""
    acme = "  devices: {press: {count: 1, publish: [{topic: a, rate: 1/s, bytes: 9}]}}\n  uplink: {up: [a]}\n"
    site = "  tenants: {acme: {}}\n"
    return sites.wired(root, sites.files(site, "  capacity: {queueMemoryMost: 0B}\n", acme=acme), sites.LINK).wired


def test_every_name_of_the_context_is_known_when_a_blueprint_is_compiled(wired: list[Wired]) -> None:
    assert {name for component in wired for name in component.context} == CONTEXT


def test_every_name_of_the_context_is_described(wired: list[Wired]) -> None:
    told = {key for component in wired for key in _keys(component.context)}
    assert sorted(told - WORDS) == []


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield key
            yield from _keys(entry) if key not in FREE else ()
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


@pytest.mark.parametrize("name", sorted({*FILTERS, *FUNCTIONS, *(test for test in TESTS if test.isidentifier())}))
def test_every_filter_test_and_function_is_described(name: str) -> None:
    synonyms = {"equalto": "eq", "greaterthan": "gt", "lessthan": "lt"}
    assert synonyms.get(name, name) in WORDS
