"""The rendered front in a real HAProxy, before the rendered broker in a real Mosquitto."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.blueprints.broker import Broker, Objects, free_port, release_line, render_site, wait_until
from tests.blueprints.front import Front
from tests.blueprints.mqtt import NOT_AUTHORIZED, Connection, connected, tls
from tests.blueprints.pki import Authority, authority
from tests.blueprints.site import Change, unlimited, write_fleet
from tests.conftest import Needs

ACME, GLOBEX = "acme.mqtt.site.example.com", "globex.mqtt.site.example.com"
FRONT = "  components:\n    front: {blueprint: mqtt-front@1, params: {drain: 2s, helloTimeout: 1s, %s}}\n"


@dataclass(frozen=True)
class Site:
    """A broker with two tenants that look alike, and the front before it."""

    front: Front
    broker: Broker

    def device(
        self, name: str | None, *, of: str, cn: str = "press-0", source: str = "127.0.0.1", client_id: str = ""
    ) -> AbstractContextManager[Connection]:
        """A device of tenant *of* called *cn* that asks the front for *name*."""
        known = self.broker.authorities[of]
        return connected(
            self.front.port,
            name,
            known.certificate,
            known.issue(cn),
            client_id=client_id or f"{of}-{cn}",
            source=source,
        )


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> dict[str, Authority]:
    needs("openssl")
    return {name: authority(tmp_path_factory.mktemp("pki"), name) for name in ("acme", "globex", "hub")}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {"acme": free_port(), "globex": free_port()}


def rendered(
    root: Path,
    ports: Mapping[str, int],
    authorities: Mapping[str, Authority],
    *,
    release: str,
    params: str,
    tenants: Change = str,
) -> Objects:
    """The objects of the site, whose front has *params*; *tenants* changes the text of the tenants' documents."""
    write_fleet(
        root,
        ports,
        release=release,
        tenants=tenants,
        hub_ca=authorities["hub"].certificate.read_text(),
        site=lambda text: unlimited(text).replace("  components:\n", FRONT % params),
    )
    return render_site(root, "site")


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int], authorities: dict[str, Authority], needs: Needs
) -> Iterator[Site]:
    """The site at work. Its limits are too high for any test but those about them."""
    programs = needs("haproxy", "mosquitto", "mosquitto_pub", "mosquitto_sub")
    root = tmp_path_factory.mktemp("front")
    release = release_line(programs["mosquitto"])
    objects = rendered(root / "fleet", ports, authorities, release=release, params="perSource: {}")
    broker = Broker(root / "mosquitto", programs, authorities, ports)
    broker.lay_out(objects)
    front = Front(root / "haproxy", programs["haproxy"])
    front.lay_out(objects)
    with broker.running(), front.running():
        yield Site(front, broker)


def test_haproxy_takes_the_configuration_without_a_word(site: Site) -> None:
    assert site.front.check() == ""


CORNERS = [
    "replicas: 2, port: 1, maxConnections: 10, threads: 1, connectTimeout: 1m",
    "maxConnections: 1000000, threads: 64, logging: {connections: true}, connectTimeout: 1s",
    "perSource: {rate: 1, per: 1s, connections: 1, table: 1000}",
    "perSource: {rate: 1000000, per: 1h, connections: 1000000, table: 10000000}",
]


@pytest.mark.parametrize("params", CORNERS)
def test_haproxy_takes_every_corner_of_the_parameters(site: Site, tmp_path: Path, params: str) -> None:
    assert limited(site, tmp_path, params).check() == ""


def test_haproxy_takes_a_front_that_leads_nowhere(site: Site, tmp_path: Path) -> None:
    """A site whose tenants have no devices."""
    front = limited(site, tmp_path, "port: 8883", tenants=lambda text: text.split("spec:")[0] + "spec: {}\n")
    assert front.check() == ""
    assert "use_backend" not in front.configuration.read_text()


def test_a_device_reaches_the_listener_of_its_tenant_with_its_own_certificate(site: Site) -> None:
    with site.device(ACME, of="acme") as press:
        assert press.publish("press/press-0/telemetry", "own") == 0
        assert press.publish("press/press-1/telemetry", "another's") == NOT_AUTHORIZED
    assert " as acme-press-0 " in site.broker.log()


def test_messages_wait_and_arrive_through_the_front(site: Site) -> None:
    with site.device(ACME, of="acme", cn="desk") as desk, site.device(ACME, of="acme", cn="press-1") as press:
        assert press.subscribe("press/press-1/cmd") == 1
        assert desk.publish("press/press-1/cmd", "stop") == 0
        assert press.receive() == "stop"
        assert press.publish("press/press-1/telemetry", "kept", retain=True) == 0
    with site.device(ACME, of="acme", cn="desk") as desk:
        assert desk.subscribe("press/+/telemetry") == 1
        assert desk.receive() == "kept"


def test_tenants_do_not_meet_behind_the_front(site: Site) -> None:
    with site.device(ACME, of="acme", cn="desk") as ours, site.device(GLOBEX, of="globex", cn="desk") as theirs:
        ours.subscribe("press/press-2/telemetry")
        theirs.subscribe("press/press-2/telemetry")
        with site.device(GLOBEX, of="globex", cn="press-2") as press:
            press.publish("press/press-2/telemetry", "of globex")
        with site.device(ACME, of="acme", cn="press-2") as press:
            press.publish("press/press-2/telemetry", "of acme")
        assert theirs.receive() == "of globex"
        assert ours.receive() == "of acme"


@pytest.mark.parametrize(
    ("name", "of"),
    [
        pytest.param(GLOBEX, "acme", id="another tenant's name"),
        pytest.param(None, "acme", id="no name"),
        pytest.param("mqtt.site.example.com", "acme", id="the name of no tenant"),
        pytest.param("acme.mqtt.site.example.com.evil.example", "acme", id="a longer name"),
        pytest.param("cme.mqtt.site.example.com", "acme", id="a shorter name"),
        pytest.param("localhost", "acme", id="any name"),
    ],
)
def test_a_device_with_the_wrong_name_is_refused(site: Site, name: str | None, of: str) -> None:
    with pytest.raises(OSError), site.device(name, of=of):
        pass


def test_a_name_is_told_whatever_its_case(site: Site) -> None:
    with site.device(ACME.upper(), of="acme") as press:
        assert press.publish("press/press-0/telemetry", "own") == 0


def test_a_client_without_a_certificate_is_refused(site: Site) -> None:
    with (
        pytest.raises(OSError),
        connected(site.front.port, ACME, site.broker.authorities["acme"].certificate, None, client_id="nobody"),
    ):
        pass


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"])
def test_what_is_no_tls_is_refused(site: Site, said: bytes) -> None:
    """Also a client that says nothing at all, once its time is over."""
    with socket.create_connection(("127.0.0.1", site.front.port), timeout=60) as client:
        client.sendall(said)
        assert ended(client)


def ended(client: socket.socket) -> bool:
    """Whether the other end closes the connection without a word."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def limited(site: Site, root: Path, params: str, tenants: Change = str) -> Front:
    """Another front with *params* before the same broker; *tenants* changes the text of the tenants' documents."""
    authorities = site.broker.authorities
    release = release_line(site.broker.programs["mosquitto"])
    objects = rendered(root / "fleet", site.broker.ports, authorities, release=release, params=params, tenants=tenants)
    front = Front(root / "haproxy", site.front.haproxy)
    front.lay_out(objects)
    assert front.check() == ""
    return front


def test_a_source_that_connects_too_often_is_refused_and_others_are_not(site: Site, tmp_path: Path) -> None:
    front = limited(site, tmp_path, "perSource: {rate: 5, per: 1h}")
    with front.running():
        behind = replace(site, front=front)
        for _ in range(5):
            with behind.device(ACME, of="acme") as press:
                assert press.publish("press/press-0/telemetry", "within the rate") == 0
        with pytest.raises(OSError), behind.device(ACME, of="acme"):
            pass
        with behind.device(ACME, of="acme", source="127.0.0.2") as press:
            assert press.publish("press/press-0/telemetry", "from elsewhere") == 0


def test_a_source_has_no_more_connections_than_it_may(site: Site, tmp_path: Path) -> None:
    front = limited(site, tmp_path, "perSource: {connections: 2}")
    with front.running(), ExitStack() as held:
        behind = replace(site, front=front)
        for number in range(2):
            held.enter_context(behind.device(ACME, of="acme", cn=f"press-{number}", client_id=f"held-{number}"))
        with pytest.raises(OSError), behind.device(ACME, of="acme", cn="press-2"):
            pass
        with behind.device(ACME, of="acme", cn="press-2", source="127.0.0.2") as press:
            assert press.publish("press/press-2/telemetry", "from elsewhere") == 0
        assert front.metric("haproxy_frontend_denied_connections_total", proxy="devices") == 1


def test_a_pod_that_ends_takes_nobody_new_and_lets_the_others_go_on_for_a_while(site: Site, tmp_path: Path) -> None:
    front = limited(site, tmp_path, "port: 443")
    with front.running():
        behind = replace(site, front=front)
        with behind.device(ACME, of="acme", client_id="staying") as press:
            assert front.process is not None
            os.kill(front.process.pid, signal.SIGUSR1)
            wait_until(lambda: not front.is_healthy(), front.process, front.log)
            with pytest.raises(OSError), behind.device(ACME, of="acme", client_id="late"):
                pass
            assert press.publish("press/press-0/telemetry", "still here") == 0
            assert front.process.wait() == 0
            assert ended(press.socket)


def test_the_front_is_up_before_its_broker_is(site: Site, tmp_path: Path) -> None:
    front = limited(site, tmp_path, "connectTimeout: 1s")
    text = front.configuration.read_text()
    front.configuration.write_text(text.replace(f":{site.broker.ports['acme']} ", f":{free_port()} "))
    with front.running():
        behind = replace(site, front=front)
        with pytest.raises(OSError), behind.device(ACME, of="acme"):
            pass
        with behind.device(GLOBEX, of="globex") as press:
            assert press.publish("press/press-0/telemetry", "not concerned") == 0


def test_tls_ends_at_the_broker(site: Site) -> None:
    """What the front shows is the certificate of the tenant's listener, with whatever the client trusts."""
    for tenant, name in (("acme", ACME), ("globex", GLOBEX)):
        known = site.broker.authorities[tenant]
        with tls(site.front.port, name, known.certificate, known.issue("press-0")) as stream:
            subject = stream.getpeercert()
            assert subject is not None
            assert (("commonName", f"server-{tenant}"),) in subject["subject"]
