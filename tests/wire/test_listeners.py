"""Ports and listeners: a tenant's port does not depend on its neighbours."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from composer.stages.wire.listeners import FIRST_PORT, PORTS, ports
from tests.wire.sites import context, files, listener, wired

tenants = st.sets(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), max_size=12)

COLLIDING = ("t51", "t66")
"""Two names with the same hash; the test below finds out if that is no longer so."""


def test_a_port_follows_from_the_name_alone() -> None:
    assert ports(["acme", "globex"], {}) == {"acme": 28814, "globex": 23018}


@given(tenants)
def test_every_tenant_has_a_port_of_its_own_in_the_range(names: set[str]) -> None:
    found = ports(names, {})
    assert found.keys() == names
    assert len(set(found.values())) == len(names)
    assert all(FIRST_PORT <= port < FIRST_PORT + PORTS for port in found.values())


@given(tenants, st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True))
def test_a_further_tenant_moves_nobody_whose_hash_it_does_not_share(names: set[str], more: str) -> None:
    alone = {name: ports([name], {})[name] for name in {*names, more}}
    before, after = ports(names, {}), ports({*names, more}, {})
    if len(set(alone.values())) == len(alone):
        assert before == {name: after[name] for name in names}


@given(tenants)
def test_the_order_of_tenants_does_not_matter(names: set[str]) -> None:
    assert ports(sorted(names), {}) == ports(sorted(names, reverse=True), {})


def test_names_of_one_hash_get_neighbouring_ports() -> None:
    one, other = COLLIDING
    assert ports([one], {})[one] == ports([other], {})[other]
    found = ports(COLLIDING, {})
    assert found[other] == found[one] + 1


def test_a_chosen_port_is_taken_and_others_give_way_to_it() -> None:
    free = ports(["acme"], {})["acme"]
    assert ports(["acme", "globex"], {"globex": free}) == {"globex": free, "acme": free + 1}


def test_a_port_chosen_for_a_tenant_that_is_not_there_is_left_aside() -> None:
    assert ports(["acme"], {"globex": 8883}) == ports(["acme"], {})


def test_a_listener_has_what_its_tenant_needs(tmp_path: Path) -> None:
    site = "  tenants: {acme: {}, globex: {}}\n"
    documents = files(site, acme="  quota: {connections: 7}\n", globex="")
    documents["berlin.yaml"] = documents["berlin.yaml"].replace(
        "mqtt-mosquitto@1}", "mqtt-mosquitto@1, params: {ports: {acme: 8883}}}"
    )
    wiring = wired(tmp_path, documents)
    acme, globex = listener(wiring, "acme"), listener(wiring, "globex")
    assert {key: acme[key] for key in ("port", "mount", "issuer", "certificate", "secret", "maxConnections")} == {
        "port": 8883,
        "mount": "t/acme/",
        "issuer": "tenant-acme",
        "certificate": "mqtt-acme",
        "secret": "mqtt-acme",
        "maxConnections": 7,
    }
    assert (globex["port"], globex["maxConnections"]) == (23018, -1)
    assert acme["dnsNames"] == [
        "acme.mqtt.berlin.example.com",
        "mqtt.berlin.example.com",
        "mqtt.edge-platform.svc.cluster.local",
        "mqtt.edge-platform.svc",
    ]


def test_a_client_goes_where_its_tenant_s_listener_is(tmp_path: Path) -> None:
    stream = "  streams: {mean: {blueprint: stream-bento@1, from: a, to: {topic: b}}}\n"
    wiring = wired(tmp_path, files("  tenants: {acme: {}}\n", acme=stream))
    client = context(wiring, "mean")["client"]
    port = listener(wiring, "acme")["port"]
    assert client == {
        "tenant": "acme",
        "name": "mean",
        "clientId": "mean",
        "certificate": "mean-mqtt",
        "secret": "mean-mqtt",
        "issuer": "tenant-acme",
        "host": "mqtt.edge-platform.svc.cluster.local",
        "port": port,
        "url": f"mqtts://mqtt.edge-platform.svc.cluster.local:{port}",
        "publish": ["b"],
        "subscribe": ["a"],
    }
