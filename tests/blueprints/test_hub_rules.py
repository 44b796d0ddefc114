"""A hub of ten thousand sites that have nothing in common: its rules are complete, and every ConfigMap fits."""

from __future__ import annotations

import random
from pathlib import Path

from composer.model.links import LinkSummary
from composer.model.stack import Rendered
from composer.pipeline.children import Child
from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from tests.load.fleets import write
from tests.wire.sites import files
from tests.wire.test_bridges import child

SITES = 10_000
LIMIT = 1 << 20
"""Bytes that a ConfigMap may hold."""
DELIVERY = '  delivery: {engine: flux, url: "https://git.example.com/delivery.git"}\n'
NODE = '  nodes: [{name: box, arch: amd64, cpu: "8", memory: 32Gi, storage: 256Gi}]\n'


def summary(number: int) -> LinkSummary:
    return child(
        f"site-{number:05d}",
        "acme" if number % 2 else "globex",
        up=(f"line-{number}/press/+/mean", f"line-{number}/press/+/alarm"),
        down=(f"line-{number}/cmd",),
        rate=0.01,
    )


def composed(root: Path, children: list[LinkSummary]) -> tuple[Rendered, ...]:
    """The objects of the hub of *children*, which is without findings."""
    fleet, findings = load_fleet(
        write(root, files("  tenants: {acme: {}, globex: {}}\n", DELIVERY, acme="", globex=""))
    )
    known = [Child(each.site, (each.hub,), each) for each in children]
    made = Line(fleet, lambda site: known if site == "berlin" else []).compose("berlin")
    assert [str(finding) for finding in (*findings, *made.findings)] == []
    return made.objects


def test_ten_thousand_sites_with_rows_of_their_own_are_one_complete_rule_set(tmp_path: Path) -> None:
    children = [summary(number) for number in range(SITES)]
    objects = composed(tmp_path / "one", children)
    maps = [made.object for made in objects if made.object["kind"] == "ConfigMap"]
    assert max(sum(len(text.encode()) for text in each["data"].values()) for each in maps) < LIMIT
    lists = [each for each in maps if each["metadata"]["name"].startswith("ingress-bridges-")]
    assert len(lists) > 1
    rules = [rule for each in lists for rule in each["data"]["access.acl"].split("user ")[1:]]
    assert sorted(rules) == [expected(number) for number in range(SITES)]
    [broker] = [made.object for made in objects if made.object["kind"] == "Deployment"]
    sources = str(broker["spec"]["template"]["spec"]["volumes"])
    assert [each["metadata"]["name"] for each in lists if each["metadata"]["name"] not in sources] == []
    mixed = random.Random(3).sample(children, SITES)
    assert [made.object for made in composed(tmp_path / "other", mixed)] == [made.object for made in objects]


def expected(number: int) -> str:
    """What the list says of one site behind the word `user`."""
    site, line = f"site-{number:05d}", f"line-{number}"
    below = f"t/{'acme' if number % 2 else 'globex'}/sites/{site}/{line}"
    return f"{site}\ntopic write {below}/press/+/mean\ntopic write {below}/press/+/alarm\ntopic read {below}/cmd\n"
