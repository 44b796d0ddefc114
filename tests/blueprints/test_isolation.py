"""Isolation proved on a real broker: every principal against every topic of every tenant, compared with the grant table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from composer.model.stack import Wiring
from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from tests.blueprints.broker import Broker, free_port, release_line, render_site
from tests.blueprints.crowd import LONGEST, Member
from tests.blueprints.matrix import STRANGER, Client, Matrix
from tests.blueprints.pki import Authority, authority
from tests.conftest import find_programs

FLEET = Path(__file__).parents[1] / "fleets/isolation"
TENANTS = ("acme", "acme-eu", "globex")
WIDE = ("#", "+/#", "+/+/#", "t/#", "$SYS/#", "$share/g/#", "/#")


@dataclass(frozen=True)
class Site:
    """The fleet's site, rendered, with its broker running and an authority for each tenant."""

    broker: Broker
    matrix: Matrix

    def member(self, client: Client, session: str = "", *, clean: bool = True) -> Member:
        return self.connected(client.tenant, client.name, session or f"{client.tenant}:{client.name}", clean=clean)

    def connected(
        self, tenant: str, name: str, session: str, *, of: str = "", clean: bool = True, opened: bool = True
    ) -> Member:
        """A client at the listener of *tenant*, with a certificate of tenant *of*."""
        identity = self.broker.authorities[of or tenant].issue(name)
        trusted = self.broker.authorities[tenant].certificate
        member = Member(self.broker.ports[tenant], trusted, identity, session, clean=clean)
        return member.open() if opened else member

    def client(self, tenant: str, name: str) -> Client:
        return next(c for c in self.matrix.clients if (c.tenant, c.name) == (tenant, name))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    programs = find_programs("mosquitto", "mosquitto_sub", "openssl")
    root = tmp_path_factory.mktemp("isolation")
    ports = {tenant: free_port() for tenant in TENANTS}
    shutil.copytree(FLEET, root / "fleet")
    document = root / "fleet/sites/works.yaml"
    chosen = f'version: "{release_line(programs["mosquitto"])}", ports: {ports!r}'.replace("'", "")
    document.write_text(document.read_text().replace('version: "2.0"', chosen))
    authorities = {tenant: authority(root / f"pki/{tenant}", f"tenant {tenant}") for tenant in TENANTS}
    broker = Broker(root / "mosquitto", programs, authorities, ports)
    broker.lay_out(render_site(root / "fleet", "works"))
    with broker.running():
        yield Site(broker, Matrix(wiring(root / "fleet")))


def wiring(root: Path) -> Wiring:
    return Line(load_fleet(root)[0]).wire("works")


Seen = set[tuple[str, str, str, str]]
"""Receiver's tenant and name, topic as the receiver sees it, payload."""


def seen(members: Mapping[tuple[str, str], Member], *, retained: bool | None = None) -> Seen:
    """What arrived. Mosquitto 2.0.11 leaves the mount point in front of what it delivers; other versions take it off."""
    return {
        (tenant, name, topic.removeprefix(f"t/{tenant}/"), payload)
        for (tenant, name), member in members.items()
        for topic, payload, kept in member.got
        if retained in (None, kept)
    }


def expected(matrix: Matrix, topics: list[str], sent: str) -> Seen:
    """What the grant table lets arrive, where every client publishes to every topic."""
    return {
        (reader.tenant, reader.name, topic, f"{sent} {writer.tenant} {writer.name} {topic}")
        for writer in matrix.clients
        for topic in topics
        if writer.may_publish(topic)
        for reader in matrix.clients
        if reader.tenant == writer.tenant and reader.may_read(topic)
    }


def test_every_principal_against_every_topic_of_every_tenant(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    matrix, topics = site.matrix, site.matrix.topics
    members = {(c.tenant, c.name): site.member(c) for c in matrix.clients}
    assert all(member.connected for member in members.values())
    filters = [*WIDE, *topics]
    for member in members.values():
        member.subscribe(filters)
    for client in matrix.clients:
        member = members[client.tenant, client.name]
        member.publish((topic, f"live {client.tenant} {client.name} {topic}") for topic in topics)
    for member in members.values():
        member.subscribe(["settled"])
    wanted = expected(matrix, topics, "live")
    assert seen(members) == wanted
    assert {tenant for tenant, *_ in wanted} == set(TENANTS)
    attempts = len(matrix.clients) * len(topics)
    for member in members.values():
        member.close()
    subscriptions = len(matrix.clients) * len(filters)
    with capsys.disabled():
        print(f"\nisolation: {len(matrix.clients)} clients of {len(TENANTS)} tenants, {len(topics)} topics")
        print(f"isolation: {attempts} publications and {subscriptions} subscriptions tried")
        print(f"isolation: {len(wanted)} deliveries allowed, all arrived, and nothing else")


def test_what_the_broker_keeps_reaches_those_alone_who_may_read_it(site: Site) -> None:
    matrix, topics = site.matrix, site.matrix.topics
    for client in matrix.clients:
        member = site.member(client)
        member.publish(((topic, f"kept {client.tenant} {client.name} {topic}") for topic in topics), retain=True)
        member.close()
    readers = {(c.tenant, c.name): site.member(c) for c in matrix.clients}
    for member in readers.values():
        member.subscribe(WIDE)
        member.subscribe(["settled"])
    got = {row[:3] for row in seen(readers, retained=True)}
    assert got == {row[:3] for row in expected(matrix, topics, "kept")}
    assert got
    for client in matrix.clients:
        readers[client.tenant, client.name].publish(((topic, "") for topic in topics), retain=True)
    for member in readers.values():
        member.close()


def test_a_will_is_published_where_its_client_may_and_nowhere_else(site: Site) -> None:
    matrix = site.matrix
    readers = {(c.tenant, c.name): site.member(c, f"reader:{c.tenant}:{c.name}") for c in matrix.clients}
    for member in readers.values():
        member.subscribe(WIDE)
    wanted: Seen = set()
    for client in matrix.clients:
        for allowed in (True, False):
            topic = next(
                (t for t in matrix.topics if client.may_publish(t) is allowed and t != "$SYS/broker/fake"), None
            )
            if topic is None:
                continue
            text = f"will {client.tenant} {client.name} {topic}"
            dying = site.connected(client.tenant, client.name, f"dying:{client.tenant}:{client.name}", opened=False)
            dying.will(topic, text).open()
            if dying.connected:
                dying.vanish()
            if allowed:
                wanted |= {
                    (r.tenant, r.name, topic, text)
                    for r in matrix.clients
                    if r.tenant == client.tenant and r.may_read(topic)
                }
    for tenant in TENANTS:
        site.connected(tenant, STRANGER, f"last:{tenant}").close()
    for _ in range(600):
        for member in readers.values():
            member.subscribe(["settled"])
        if len(seen(readers)) >= len(wanted):
            break
    assert seen(readers) == wanted
    assert wanted
    for member in readers.values():
        member.close()


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_listener_takes_the_certificates_of_its_own_tenant_alone(site: Site, tenant: str, tmp_path: Path) -> None:
    own = site.broker.authorities[tenant]
    foreign: dict[str, Authority] = {
        **{other: site.broker.authorities[other] for other in TENANTS if other != tenant},
        "an authority of the same name": authority(tmp_path / "fake", f"tenant {tenant}"),
    }
    port = site.broker.ports[tenant]
    for name in ("desk", "relay", "hall"):
        assert Member(port, own.certificate, own.issue(name), f"own {name}").open().connected
        for whose, other in foreign.items():
            assert not Member(port, own.certificate, other.issue(name), f"{whose} {name}").open().connected
    assert not Member(port, own.certificate, None, "none").open().connected
    assert not Member(port, own.certificate, own.issue("late", days=0), "late").open().connected


def test_a_stolen_client_identifier_cuts_the_other_off_and_shows_nothing_to_a_name_it_did_not_have(site: Site) -> None:
    """Client identifiers are the broker's, not the tenant's; Mosquitto has nothing against that."""
    thief = stolen(site, STRANGER)
    assert thief.got == []
    thief.close()


def test_a_stolen_session_shows_nothing_to_a_client_of_the_same_name_from_2_1_on(site: Site) -> None:
    """Mosquitto 2.0 has one access list for all listeners, which knows a name and not whose it is: see docs/isolation.md."""
    thief = stolen(site, "desk")
    thief.close()
    seen_by_the_thief = [text for _, text, _ in thief.got]
    assert seen_by_the_thief == (["secret"] if release_line(site.broker.programs["mosquitto"]) == "2.0" else [])


def stolen(site: Site, name: str) -> Member:
    """A client *name* of globex that took over the session of acme's desk, once acme has published for it."""
    session = f"stolen {name}"
    desk = site.member(site.client("acme", "desk"), session, clean=False)
    desk.subscribe(["press/+/telemetry"])
    desk.settled.clear()
    thief = site.connected("globex", name, session, clean=False)
    assert thief.connected
    assert desk.settled.wait(LONGEST)
    assert not desk.connected
    press = site.member(site.client("acme", "press-0"))
    press.publish([("press/press-0/telemetry", "secret")])
    thief.subscribe(["settled"])
    press.close()
    return thief
