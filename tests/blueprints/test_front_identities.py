"""The rendered front where TLS ends, and the rendered link to the broker's pod, in a real HAProxy at both ends."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.blueprints.broker import Broker, Objects, free_port, release_line, wait_until
from tests.blueprints.front import Front, kill
from tests.blueprints.identities import Heard, Link, Receiver, proxy_header, put, put_all
from tests.blueprints.mqtt import NOT_AUTHORIZED, Connection, connect_packet, connected, packet, text, tls
from tests.blueprints.pki import Authority, authority
from tests.blueprints.test_front import ACME, GLOBEX, ended, rendered
from tests.conftest import Needs

TENANTS = ["acme", "globex"]
PARAMS = "mode: terminate, maxConnections: 200, perSource: {rate: 1000000}"


@dataclass(frozen=True)
class Site:
    """A front at which TLS of both tenants ends, and what stands for their listeners at the other end of the link."""

    objects: Objects
    front: Front
    link: Link
    receivers: dict[str, Receiver]
    authorities: dict[str, Authority]

    def device(
        self, name: str | None, *, of: str, cn: str = "press-0", source: str = "127.0.0.1"
    ) -> AbstractContextManager[Connection]:
        """A device of tenant *of* called *cn* that asks the front for *name*."""
        known = self.authorities[of]
        return connected(
            self.front.port, name, known.certificate, known.issue(cn), client_id=f"{of}-{cn}", source=source
        )

    def stream(self, name: str = ACME, *, of: str = "acme") -> AbstractContextManager[ssl.SSLSocket]:
        known = self.authorities[of]
        return tls(self.front.port, name, known.certificate, known.issue("press-0"))

    def heard(self) -> list[Heard]:
        """What has come out at either listener so far."""
        return [r.heard.get() for r in self.receivers.values() for _ in range(r.heard.qsize())]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> dict[str, Authority]:
    needs("openssl")
    return {name: authority(tmp_path_factory.mktemp("pki"), name) for name in (*TENANTS, "hub", "link")}


def laid_out(root: Path, haproxy: str, authorities: dict[str, Authority], params: str = PARAMS) -> Site:
    """The site below a short link to *root*, ready to start: the path of a socket has at most 97 characters."""
    short = Path(mkdtemp(prefix="f")) / "r"
    short.symlink_to(root)
    root = short
    ports = {tenant: free_port() for tenant in TENANTS}
    objects = rendered(root / "fleet", ports, authorities, release="2.1", params=params)
    front = Front(root / "front", haproxy)
    link = Link(root / "pod", haproxy, front.link_port)
    front.lay_out(objects)
    link.lay_out(objects)
    put_all(front, link, authorities, TENANTS)
    receivers = {tenant: Receiver(root / f"pod/run/front-{tenant}.sock") for tenant in TENANTS}
    return Site(objects, front, link, receivers, authorities)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, authorities: dict[str, Authority], needs: Needs
) -> Iterator[Site]:
    site = laid_out(tmp_path_factory.mktemp("ends"), needs("haproxy")["haproxy"], authorities)
    acme, globex = site.receivers.values()
    with acme.listening(), globex.listening(), site.link.running(), site.front.running():
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.heard()
    return running


def test_haproxy_takes_the_configuration_without_a_word(site: Site) -> None:
    assert site.front.check() == ""


@pytest.mark.parametrize(
    "params",
    [
        "mode: terminate, maxConnections: 10, threads: 1, perSource: {rate: 1, per: 1s, connections: 1, table: 1000}",
        "mode: terminate, maxConnections: 300000, threads: 64, logging: {connections: true}",
        "modes: {acme: terminate}",
        "mode: terminate, modes: {acme: passthrough}",
    ],
)
def test_haproxy_takes_every_corner_of_the_parameters(site: Site, tmp_path: Path, params: str) -> None:
    assert laid_out(tmp_path, site.front.haproxy, site.authorities, params).front.check() == ""


def test_the_broker_is_told_who_the_device_is_and_where(site: Site) -> None:
    with site.device(ACME, of="acme", cn="press-1", source="127.0.0.2"):
        heard = site.receivers["acme"].heard.get()
    assert heard == Heard("press-1", "127.0.0.2", True, connect_body("acme-press-1"))
    with site.device(GLOBEX, of="globex"):
        assert site.receivers["globex"].heard.get().name == "press-0"
    assert site.heard() == []


def connect_body(client_id: str) -> bytes:
    whole = connect_packet(client_id)
    return whole[:1] + whole[2:]


@pytest.mark.parametrize(
    ("name", "of"),
    [(GLOBEX, "acme"), (None, "acme"), ("mqtt.site.example.com", "acme"), (ACME, "globex")],
    ids=["another tenant's name", "no name", "the name of no tenant", "another tenant's certificate"],
)
def test_a_device_with_the_wrong_name_or_certificate_is_refused(site: Site, name: str | None, of: str) -> None:
    with pytest.raises(OSError), site.device(name, of=of):
        pass
    assert site.heard() == []


def test_a_client_without_a_certificate_is_refused(site: Site) -> None:
    known = site.authorities["acme"].certificate
    with pytest.raises(OSError), connected(site.front.port, ACME, known, None, client_id="nobody"):
        pass
    assert site.heard() == []


def test_a_name_with_a_control_character_is_refused(site: Site) -> None:
    with pytest.raises(OSError), site.device(ACME, of="acme", cn="press-0\x07"):
        pass
    assert site.heard() == []


GOOD = connect_packet("press-0")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="http"),
        pytest.param(bytes(range(0x80, 0xC0)), id="garbage"),
        pytest.param(packet(0x32, text("a") + b"\0\1\0x"), id="a publish comes first"),
        pytest.param(b"\x10\xff\xff\xff\xff\x01" + GOOD[2:], id="a length of five bytes"),
        pytest.param(bytes([0x10, GOOD[1] + 9]) + GOOD[2:], id="a length beyond the end"),
        pytest.param(bytes([0x10, GOOD[1] - 3]) + GOOD[2:], id="a length before the end"),
        pytest.param(GOOD.replace(b"MQTT", b"MQTX"), id="another protocol"),
        pytest.param(GOOD[:-4], id="cut short"),
        pytest.param(connect_packet(""), id="no client identifier"),
    ],
)
def test_what_is_no_valid_connect_never_reaches_the_broker(site: Site, said: bytes) -> None:
    with site.stream() as stream:
        stream.sendall(said)
        assert ended(stream)
    assert site.heard() == []


def test_a_connect_in_two_pieces_is_passed_on(site: Site) -> None:
    with site.stream() as stream:
        stream.sendall(GOOD[:9])
        stream.sendall(GOOD[9:])
        assert stream.recv(1) == b"\x20"
    assert [heard.name for heard in site.heard()] == ["press-0"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_of_one_tenant_is_not_taken_up_at_another(site: Site, version: ssl.TLSVersion) -> None:
    """Whoever resumed one would not be asked for a certificate again."""
    identity = site.authorities["acme"].issue("press-0")
    context = ssl.create_default_context(cafile=str(site.authorities["acme"].certificate))
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    context.load_cert_chain(identity / "tls.crt", identity / "tls.key")
    address = ("127.0.0.1", site.front.port)
    with socket.create_connection(address) as raw, context.wrap_socket(raw, server_hostname=ACME) as first:
        first.sendall(GOOD)
        assert first.recv(1) == b"\x20"
        session = first.session
    site.heard()
    assert not taken_up(context, session, address)
    assert site.heard() == []


def taken_up(context: ssl.SSLContext, session: ssl.SSLSession | None, address: tuple[str, int]) -> bool:
    """Whether a client gets an answer to its CONNECT at globex with this session."""
    try:
        with (
            socket.create_connection(address) as raw,
            context.wrap_socket(raw, server_hostname=GLOBEX, session=session) as stream,
        ):
            stream.sendall(GOOD)
            return not ended(stream)
    except OSError:
        return False


def test_nobody_but_the_front_comes_in_by_the_link(site: Site) -> None:
    """Neither without TLS, nor without a certificate, nor with one of a tenant's authority, whatever they say they are."""
    header = proxy_header("press-0")
    with socket.create_connection(("127.0.0.1", site.link.port)) as raw:
        raw.sendall(header + GOOD)
        assert not raw.recv(100).startswith(b"\x20")
    known = site.authorities
    for identity in (None, known["acme"].issue("press-0"), known["acme"].issue("front")):
        assert not answered(site, identity, header + GOOD)
    assert site.heard() == []


def answered(site: Site, identity: Path | None, said: bytes) -> bool:
    """Whether a client with this certificate gets an answer by the link."""
    try:
        with tls(
            site.link.port, "acme.mqtt.edge-platform.svc", site.authorities["link"].certificate, identity
        ) as stream:
            stream.sendall(said)
            return not ended(stream)
    except OSError:
        return False


@contextmanager
def watching(front: Front) -> Iterator[subprocess.Popen[bytes]]:
    """The container `reload` of the front's pod, which looks more often."""
    script = front.root / "certificates.sh"
    script.write_text(script.read_text().replace("sleep 30", "sleep 0.2"))
    command = ["/bin/bash", str(script), "watch", *(str(front.root / f"tls/{tenant}") for tenant in TENANTS)]
    watcher = subprocess.Popen(command, start_new_session=True)
    try:
        wait_until((front.root / "run/looked").exists, watcher)
        yield watcher
    finally:
        kill(watcher)


def test_a_renewed_certificate_is_shown_and_nobody_is_cut_off(tmp_path: Path, running: Site) -> None:
    site = laid_out(tmp_path, running.front.haproxy, running.authorities)
    with ExitStack() as stack:
        for context in (site.receivers["acme"].listening(), site.link.running(), site.front.running()):
            stack.enter_context(context)
        staying = stack.enter_context(site.device(ACME, of="acme"))
        watcher = stack.enter_context(watching(site.front))
        assert shown(site) == "server-acme"
        for name in ("renewed", "renewed again"):
            put(site.authorities["acme"].issue(name), site.front.root / "tls/acme")
            wait_until(lambda name=name: shown(site) == name, watcher)
        assert staying.publish("press/press-0/telemetry", "still here") == 0


def shown(site: Site) -> str:
    """The common name of the certificate that acme's devices see."""
    with site.stream() as stream:
        certificate = stream.getpeercert()
    assert certificate
    return dict(pair for (pair,) in certificate["subject"])["commonName"]


def test_a_new_authority_is_trusted_in_place_of_the_old_one(tmp_path: Path, running: Site) -> None:
    site = laid_out(tmp_path, running.front.haproxy, running.authorities)
    new = authority(tmp_path / "new", "acme renewed")
    with ExitStack() as stack:
        for context in (site.receivers["acme"].listening(), site.link.running(), site.front.running()):
            stack.enter_context(context)
        watcher = stack.enter_context(watching(site.front))
        wait_until(lambda: accepted(site.front, site.authorities["acme"]), watcher)
        assert not accepted(site.front, new)
        staying = stack.enter_context(site.device(ACME, of="acme"))
        put(new.issue("server-acme"), site.front.root / "tls/acme")
        wait_until(lambda: accepted(site.front, new), watcher)
        assert staying.publish("press/press-0/telemetry", "for the time of the drain") == 0
        wait_until(lambda: not accepted(site.front, site.authorities["acme"]), watcher)


def test_a_pod_that_ends_takes_nobody_new_and_is_gone_after_the_drain(tmp_path: Path, running: Site) -> None:
    site = laid_out(tmp_path, running.front.haproxy, running.authorities)
    with ExitStack() as stack:
        for context in (site.receivers["acme"].listening(), site.link.running(), site.front.running()):
            stack.enter_context(context)
        staying = stack.enter_context(site.device(ACME, of="acme"))
        assert site.front.process is not None
        os.kill(site.front.process.pid, signal.SIGUSR1)
        wait_until(lambda: not site.front.is_healthy(), site.front.process, site.front.log)
        assert not accepted(site.front, site.authorities["acme"])
        assert staying.publish("press/press-0/telemetry", "still here") == 0
        site.front.process.wait()


def accepted(front: Front, known: Authority) -> bool:
    """Whether the front shows a certificate of this authority, and takes one."""
    try:
        with connected(front.port, ACME, known.certificate, known.issue("press-0"), client_id="asking"):
            return True
    except OSError:
        return False


def test_mosquitto_2_1_lets_the_device_do_what_its_rows_say(
    tmp_path: Path, authorities: dict[str, Authority], needs: Needs
) -> None:
    """Only where Mosquitto 2.1 is installed: 2.0 does not know the PROXY protocol."""
    programs = needs("haproxy", "mosquitto", "mosquitto_pub", "mosquitto_sub")
    if release_line(programs["mosquitto"]) == "2.0":
        pytest.skip("Mosquitto 2.0 does not know the PROXY protocol")
    site = laid_out(tmp_path, programs["haproxy"], authorities)
    broker = Broker(site.link.root, programs, authorities, {})
    broker.lay_out(site.objects)
    with broker.running(), site.link.running(), site.front.running():
        with site.device(ACME, of="acme", source="127.0.0.2") as press, site.device(GLOBEX, of="globex") as other:
            assert press.publish("press/press-0/telemetry", "own") in (0x00, 0x10)
            assert press.publish("press/press-1/telemetry", "another's") == NOT_AUTHORIZED
            assert other.publish("press/press-0/telemetry", "own") in (0x00, 0x10)
        assert "New client connected from 127.0.0.2" in broker.log()
        with pytest.raises(OSError), site.device(GLOBEX, of="acme"):
            pass
        forged = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\x7f\0\0\1" * 2 + b"\0\1\0\1" + GOOD
        with socket.socket(socket.AF_UNIX) as inside:
            inside.connect(str(site.link.root / "run/front-acme.sock"))
            inside.sendall(forged)
            assert ended(inside)
