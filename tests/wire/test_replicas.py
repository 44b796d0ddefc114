"""How many pods a front has, and what is said where no number of pods helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.model.stack import Wiring
from composer.stages.wire.sizing import needs_of
from tests.wire.sites import context, files, lines, rejected, wired

DEVICES = "  devices: {d: {count: %d, subscribe: ['cmd/{device}']}}\n"
HERE = "  tenants: {acme: {}}\n"


def documents(devices: int, params: str = "", fleet: str = "") -> dict[str, str]:
    found = files(HERE, fleet, acme=DEVICES % devices)
    front = f"front: {{blueprint: mqtt-front@1, params: {{{params}}}}}"
    site = found["berlin.yaml"].replace("components: {", f"components: {{{front}, ")
    return {**found, "berlin.yaml": site}


def pods(wiring: Wiring) -> dict[str, int]:
    found: dict[str, int] = context(wiring, "front")["sizing"]
    return found


@pytest.mark.parametrize(
    ("devices", "replicas"), [(1, 1), (3200, 1), (3201, 2), (9600, 3), (9601, 4), (35_000, 12), (40_000, 15)]
)
def test_a_front_has_as_many_pods_as_hold_what_is_expected_and_a_quarter_more(
    tmp_path: Path, devices: int, replicas: int
) -> None:
    """4,000 connections a pod: 3,200 and a quarter. Above ten pods the number goes in coarse steps."""
    assert pods(wired(tmp_path, documents(devices))) == {"frontReplicas": replicas, "perFront": 4000}


def test_documents_say_how_much_a_pod_takes_and_how_many_there_are(tmp_path: Path) -> None:
    less = wired(tmp_path / "less", documents(3000, "maxConnections: 1000"))
    assert pods(less) == {"frontReplicas": 4, "perFront": 1000}
    fleet = wired(tmp_path / "fleet", documents(3000, "", "  capacity: {frontConnections: 500, frontReplicasMin: 2}\n"))
    assert pods(fleet) == {"frontReplicas": 8, "perFront": 500}
    least = wired(tmp_path / "least", documents(3, "", "  capacity: {frontReplicasMin: 2}\n"))
    assert pods(least) == {"frontReplicas": 2, "perFront": 4000}
    said = wired(tmp_path / "said", documents(3, "replicas: 5"))
    assert pods(said)["frontReplicas"] == 5


def test_the_table_has_what_the_pods_hold(tmp_path: Path) -> None:
    wiring = wired(tmp_path, documents(3201))
    assert wiring.sizing is not None
    ingress = next(c for c in wiring.stack.components if c.role == "ingress")
    found = {n.key: (n.needed, n.given, n.by) for n in needs_of(wiring.stack, wiring.sizing, ingress)}
    assert found["connections of the front"] == (3201, 8000, "2 x front")
    assert found["source ports"] == (3201, 2 * 64_512, "2 x front")


def test_w038_too_few_pods_and_pods_that_take_too_little(tmp_path: Path) -> None:
    (few,) = rejected(tmp_path / "few", documents(9000, "replicas: 2"))
    assert lines([few]) == [
        "sites/berlin.yaml:6:68 W038 2 x front take 8,000 connections, but 9,000 connections are expected"
    ]
    assert few.hint == "say at least 3, or leave replicas out"
    (small,) = rejected(tmp_path / "small", documents(9000, "maxConnections: 10"))
    assert lines([small]) == [
        "sites/berlin.yaml:6:74 W038 100 x front take 1,000 connections, but 9,000 connections are expected"
    ]
    assert "let each take more (maxConnections)" in small.hint


def test_no_number_of_pods_helps_a_broker(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refused:
        wired(tmp_path, files(HERE, acme=DEVICES % 60_000))
    (found,) = [d for d in refused.value.diagnostics if d.code == "W062"]
    assert found.hint.startswith("a broker of Mosquitto has no replicas; spread devices over more sites or hubs; ")
