"""The rendered broker in a real Mosquitto: what its configuration promises is what clients find."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from subprocess import PIPE

import pytest

from composer.model.constants import PACKAGED
from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from composer.stages.wire.budget import Overhead, wire
from tests.blueprints.broker import Broker, Objects, free_port, release_line, render_site, run, wait_until
from tests.blueprints.counter import CountingRelay
from tests.blueprints.hub import Hub
from tests.blueprints.pki import Authority, authority
from tests.blueprints.site import Change, write_fleet
from tests.conftest import Needs


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> dict[str, Authority]:
    """The certificate authorities of two tenants and of the hub."""
    needs("openssl")
    return {name: authority(tmp_path_factory.mktemp("pki"), name) for name in ("acme", "globex", "hub")}


@dataclass(frozen=True)
class Site:
    """The site in *root*, rendered once for all tests; each lays its objects out in a folder of its own."""

    root: Path
    ports: dict[str, int]
    programs: dict[str, str]
    hub_ca: str

    def objects(self, root: Path, acme: Change = str) -> Objects:
        """The site's objects, from a fleet in *root*."""
        release = release_line(self.programs["mosquitto"])
        write_fleet(root, self.ports, release=release, hub_ca=self.hub_ca, acme=acme)
        return render_site(root, "site")

    @cached_property
    def rendered(self) -> Objects:
        return self.objects(self.root)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, authorities: dict[str, Authority], needs: Needs) -> Site:
    programs = needs("mosquitto", "mosquitto_pub", "mosquitto_sub")
    ports = {"acme": free_port(), "globex": free_port()}
    hub_ca = authorities["hub"].certificate.read_text()
    return Site(tmp_path_factory.mktemp("fleet"), ports, programs, hub_ca)


@pytest.fixture
def laid_out(tmp_path: Path, site: Site, authorities: dict[str, Authority]) -> Broker:
    """The broker of a site with two tenants that look alike, ready to start."""
    broker = Broker(tmp_path / "mosquitto", site.programs, authorities, site.ports)
    broker.lay_out(site.rendered)
    return broker


def test_the_broker_takes_the_configuration_and_answers_its_probe(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        assert broker.probe() == 0
    assert broker.probe() != 0


def test_a_device_publishes_where_its_row_says_and_nowhere_else(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        press = broker.client("acme", "press-1")
        assert press.publish("press/press-1/telemetry", "own") == ""
        assert "Not authorized" in press.publish("press/press-0/telemetry", "another's")
        assert "Not authorized" in press.publish("press/press-1/cmd", "only read")
        assert "Not authorized" in broker.client("acme", "stranger").publish("press/press-1/telemetry", "no row")


def test_a_device_of_a_class_without_names_publishes_under_its_own_name_only(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        guest = broker.client("acme", "guest-77")
        assert guest.publish("guest/guest-77/value", "own") == ""
        assert "Not authorized" in guest.publish("guest/guest-78/value", "another's")


def test_a_device_reads_what_its_row_says_and_nothing_else(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        desk, press = broker.client("acme", "desk"), broker.client("acme", "press-1")
        press.subscribe("#", "press-1")
        broker.client("acme", "press-0").publish("press/press-0/telemetry", "for the desk")
        desk.publish("press/press-0/cmd", "for the other press")
        desk.publish("press/press-1/cmd", "for this press")
        assert press.receive("#", "press-1") == ["for this press"]


def test_tenants_with_devices_of_the_same_name_do_not_reach_each_other(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        ours, theirs = broker.client("acme", "desk"), broker.client("globex", "desk")
        ours.subscribe("#", "ours")
        theirs.subscribe("#", "theirs")
        theirs.subscribe("t/acme/#", "prying")
        theirs.subscribe("+/+/press/+/telemetry", "prying-too")
        broker.client("acme", "press-0").publish("press/press-0/telemetry", "of acme")
        broker.client("globex", "press-0").publish("press/press-0/telemetry", "of globex")
        assert ours.receive("#", "ours") == ["of acme"]
        assert theirs.receive("#", "theirs") == ["of globex"]
        assert "Not authorized" in broker.client("globex", "press-0").publish("t/acme/press/press-0/telemetry", "out")
        theirs.subscribe("press/press-0/telemetry", "prying")
        theirs.subscribe("press/press-0/telemetry", "prying-too")
        broker.client("globex", "press-0").publish("press/press-0/telemetry", "marker")
        assert theirs.receive("press/press-0/telemetry", "prying") == ["marker"]
        assert theirs.receive("press/press-0/telemetry", "prying-too") == ["marker"]


def test_a_listener_takes_certificates_of_its_own_tenant_only(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        assert broker.client("acme", "press-0").publish("press/press-0/telemetry", "own") == ""
        assert broker.client("acme", "press-0", of="globex").publish("press/press-0/telemetry", "foreign") != ""


def test_a_client_without_a_certificate_is_refused(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        client = broker.client("acme", "press-0")
        command = [broker.programs["mosquitto_pub"], "-h", "localhost", "-p", str(client.port)]
        message = ["-t", "press/press-0/telemetry", "-m", "x"]
        assert run(*command, "--cafile", str(client.trusted), *message).returncode != 0
        assert run(*command, *message).returncode != 0


def test_the_loopback_listener_shows_the_broker_s_figures_and_nothing_of_tenants(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        here = ["-h", "127.0.0.1", "-p", str(broker.probe_port), "-q", "1"]
        sending = [
            broker.programs["mosquitto_pub"],
            *here,
            "-V",
            "5",
            "-t",
            "t/acme/press/press-0/cmd",
            "-m",
            "x",
        ]
        assert "Not authorized" in run(*sending).stderr
        looking = [broker.programs["mosquitto_sub"], *here, "-c", "-i", "looker", "-t", "#"]
        assert run(*looking, "-E").returncode == 0
        broker.client("acme", "press-0").publish("press/press-0/telemetry", "secret")
        seen = run(*looking, "-t", "$SYS/broker/version", "-C", "1", "-W", "60").stdout
        assert seen.startswith("mosquitto version")


def test_messages_for_an_absent_client_outlast_a_restart(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        desk = broker.client("acme", "desk")
        desk.subscribe("press/+/telemetry", "desk")
        for number in range(3):
            broker.client("acme", "press-0").publish("press/press-0/telemetry", f"while away {number}")
        broker.stop()
        broker.start()
        assert desk.receive("press/+/telemetry", "desk", 3) == [f"while away {number}" for number in range(3)]


def test_a_tenant_has_no_more_connections_than_its_quota(laid_out: Broker) -> None:
    with laid_out.running() as broker:
        held = [hold(broker, "acme", f"press-{number}") for number in range(6)]
        assert broker.client("acme", "press-2").publish("press/press-2/telemetry", "third") != ""
        assert broker.client("globex", "press-2").publish("press/press-2/telemetry", "another tenant") == ""
        for process in held:
            process.kill()
            process.communicate()


def hold(broker: Broker, tenant: str, name: str) -> subprocess.Popen[str]:
    """A connected subscriber to the device's commands, until it is killed."""
    client = broker.client(tenant, name)
    session = f"{tenant}-{name}"
    process = subprocess.Popen(
        client.command("mosquitto_sub", "-i", session, "-q", "1", "-t", f"press/{name}/cmd"),
        stdout=PIPE,
        text=True,
    )
    wait_until(lambda: f"{session} 1 t/{tenant}/press/{name}/cmd" in broker.log(), process)
    return process


def watch(broker: Broker) -> subprocess.Popen[bytes]:
    """The watcher, as the pod starts it, but with the broker's process known."""
    script = (broker.root / "config/broker.sh").read_text()
    assert broker.process is not None
    watcher = broker.root / "watch.sh"
    watcher.write_text(script.replace('"$(pidof mosquitto)"', str(broker.process.pid)))
    return subprocess.Popen(["/bin/sh", str(watcher), "watch"], stdout=PIPE)


def test_a_changed_access_list_is_read_while_clients_stay_connected(
    laid_out: Broker, site: Site, tmp_path: Path
) -> None:
    with laid_out.running() as broker:
        watcher = watch(broker)
        staying = hold(broker, "acme", "press-0")
        newcomer = broker.client("acme", "press-3")
        assert "Not authorized" in newcomer.publish("press/press-3/telemetry", "new")
        more = site.objects(tmp_path / "fleet", acme=lambda text: text.replace("press-{0..2}", "press-{0..3}"))
        broker.lay_out(more)
        wait_until(lambda: newcomer.publish("press/press-3/telemetry", "new") == "", watcher)
        broker.client("acme", "desk").publish("press/press-0/cmd", "still here")
        assert staying.stdout is not None
        assert staying.stdout.readline() == "still here\n"
        assert broker.log().count(" as acme-press-0 ") == 1
        for process in (watcher, staying):
            process.kill()
            process.communicate()


def test_a_changed_authority_ends_the_broker_in_order_so_that_it_starts_again(
    laid_out: Broker, site: Site, tmp_path: Path
) -> None:
    with laid_out.running() as broker:
        watcher = watch(broker)
        assert broker.process is not None
        broker.authorities = {**broker.authorities, "acme": authority(tmp_path / "renewed", "acme renewed")}
        broker.lay_out(site.rendered)
        assert broker.process.wait() == 0
        broker.start()
        assert broker.client("acme", "press-0").publish("press/press-0/telemetry", "new authority") == ""
        watcher.kill()
        watcher.communicate()


def test_what_waits_for_the_hub_reaches_it_after_a_cut_and_a_restart(laid_out: Broker, tmp_path: Path) -> None:
    hub = Hub(laid_out, tmp_path / "hub")
    with laid_out.running() as broker:
        press = broker.client("acme", "press-0")
        for number in range(3):
            press.publish("press/press-0/telemetry", f"offline {number}")
        broker.client("acme", "guest-1").publish("guest/guest-1/value", "stays at the site")
        broker.client("globex", "press-0").publish("press/press-0/telemetry", "of globex")
        broker.stop()
        hub.start()
        broker.start()
        got = hub.receive(4)
        assert [line for line in got if line.startswith("t/acme/")] == [
            f"t/acme/sites/site/press/press-0/telemetry offline {number}" for number in range(3)
        ]
        assert "t/globex/sites/site/press/press-0/telemetry of globex" in got
        press.subscribe("press/press-0/cmd", "press")
        hub.publish("t/acme/sites/site/press/press-0/cmd", "from the hub")
        assert press.receive("press/press-0/cmd", "press") == ["from the hub"]
        hub.stop()


def test_the_budget_of_the_uplink_is_what_a_real_bridge_sends(laid_out: Broker, site: Site, tmp_path: Path) -> None:
    """Counted between two brokers, TLS included; what TCP and IP add is not seen there."""
    messages, payload = 200, "x" * 100
    hub = Hub(laid_out, tmp_path / "hub")
    relay = CountingRelay(laid_out.hub_port)
    laid_out.hub_port = relay.port
    laid_out.lay_out(site.rendered)
    hub.start()
    with laid_out.running() as broker:
        press = broker.client("acme", "press-0")
        press.publish("press/press-0/telemetry", "the bridge is there")
        hub.receive(1)
        before = relay.counts.copy()
        command = press.command("mosquitto_pub", "-q", "1", "-t", "press/press-0/telemetry", "-l")
        subprocess.run(command, input=f"{payload}\n" * messages, text=True, check=True)
        assert len(hub.receive(messages)) == messages
        sent = {way: (relay.counts[way] - before[way]) / messages for way in ("up", "down")}
    hub.stop()
    relay.close()
    topic = len("t/acme/sites/site/press/press-0/telemetry")
    counted = wire(topic, len(payload), 1, Overhead(round(PACKAGED["tlsOverhead"]), 0))
    least = wire(topic, len(payload), 1, Overhead(22, 0))  # TLS 1.3, which both ends may choose
    assert least.up - 1 <= sent["up"] <= counted.up  # Mosquitto 2.0 speaks MQTT 3.1.1, which has no properties
    assert least.down <= sent["down"] <= counted.down


def test_the_watcher_s_probe_fails_once_it_has_stopped_looking(laid_out: Broker) -> None:
    alive = ["/bin/sh", str(laid_out.root / "config/broker.sh"), "alive"]
    watched = laid_out.root / "run/watched"
    watched.touch()
    assert run(*alive).returncode == 0
    os.utime(watched, (0, 0))
    assert run(*alive).returncode != 0


def test_an_uplink_topic_with_a_blank_cannot_bridge_anything_else(
    tmp_path: Path, authorities: dict[str, Authority]
) -> None:
    evil = "secret out 1 t/globex/ t/acme/"
    write_fleet(
        tmp_path,
        {"acme": 20001, "globex": 20002},
        hub_ca=authorities["hub"].certificate.read_text(),
        acme=lambda text: text.replace("up: [press/+/telemetry]", f'up: ["{evil}", press/+/telemetry]'),
    )
    fleet, _ = load_fleet(tmp_path)
    assert {finding.code for finding in Line(fleet).compose("site").findings} == {"W007"}
