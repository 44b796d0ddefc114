"""Both ends of a link in two real brokers: a rendered hub and a rendered site, and what becomes of messages when it is cut."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.blueprints.broker import Broker, Client, free_port, release_line, render_site
from tests.blueprints.cable import Cable
from tests.blueprints.pki import Authority, authority
from tests.blueprints.site import SITE, unlimited, write_fleet
from tests.conftest import Needs

HUB = """
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata: {name: hub, labels: {kind: hub}}
spec:
  hub: true
  cluster:
    version: "1.33"
    domain: hub.example.com
    capabilities: {cert-manager: "1.18", flux: "2.6"}
    nodes: [{name: box, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}]
  components:
    ingress: {blueprint: mqtt-mosquitto@1, params: {version: "%(release)s", ports: {acme: %(acme)d, globex: %(globex)d}}}
  tenants:
    acme:
      devices:
        board:
          at: {matchLabels: {kind: hub}}
          names: board
          publish:
            - {topic: sites/site/press/press-0/cmd, rate: 1/d, bytes: 9, qos: 1}
            - {topic: sites/other/press/press-0/cmd, rate: 1/d, bytes: 9, qos: 1}
          subscribe: ["sites/+/press/+/telemetry"]
    globex: {}
"""
SAVED = 1
"""Seconds between two saves of the site's broker. It counts whole seconds, so that two may pass."""


@dataclass
class LinkedBroker(Broker):
    """A broker that is one end of a link: the site's bridge shows a certificate of the hub's authority with its own name."""

    site: str = ""
    bridges_port: int = field(default_factory=free_port)

    def _secret(self, name: str) -> dict[str, str]:
        if name != "bridge":
            return super()._secret(name)
        return {path.name: path.read_text() for path in self.authorities[name].issue(self.site).iterdir()}

    def _moved(self, text: str) -> str:
        return super()._moved(text).replace("listener 8883\n", f"listener {self.bridges_port}\n")


@dataclass(frozen=True)
class Pair:
    """A hub and a site, both running, and the cable between them."""

    hub: LinkedBroker
    site: LinkedBroker
    cable: Cable

    def bridge(self, name: str, *, of: str = "bridge") -> Client:
        """A client at the hub's listener for bridges, with a certificate *name* of the authority *of*."""
        authorities = self.hub.authorities
        identity = authorities[of].issue(name)
        return Client(self.hub.programs, self.hub.bridges_port, authorities["bridge"].certificate, identity)

    def send(self, texts: list[str]) -> None:
        """A press publishes; the broker of the site has taken every message once this is over."""
        press = self.site.client("acme", "press-0")
        assert [press.publish("press/press-0/telemetry", text) for text in texts] == [""] * len(texts)

    def received(self, until: str) -> list[str]:
        """What has come to the board at the hub, up to and with the text *until*."""
        board = self.hub.client("acme", "board")
        session = ["-c", "-i", "board", "-q", "1", "-t", "sites/site/press/+/telemetry", "-W", "60"]
        process = subprocess.Popen(board.command("mosquitto_sub", *session), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        found: list[str] = []
        for line in process.stdout:
            found.append(line.rstrip("\n"))
            if found[-1] == until:
                break
        process.kill()
        process.communicate()
        assert found[-1:] == [until], self.site.log()
        return found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> Iterator[Pair]:
    needs("openssl")
    programs = needs("mosquitto", "mosquitto_pub", "mosquitto_sub")
    release = release_line(programs["mosquitto"])
    folder = tmp_path_factory.mktemp("links")
    made = {n: authority(folder / n, n) for n in ("acme", "globex", "hub-acme", "hub-globex", "bridge")}
    at_site = {name: made[name] for name in ("acme", "globex", "bridge")}
    at_hub = {
        "acme": made["hub-acme"],
        "globex": made["hub-globex"],
        "bridge": made["bridge"],
        "site-bridges-mqtt": made["bridge"],
    }
    ports, hub_ports = ({"acme": free_port(), "globex": free_port()} for _ in range(2))
    write(folder / "fleet", release, ports, hub_ports, made["bridge"])
    hub = LinkedBroker(folder / "hub", programs, at_hub, hub_ports)
    site = LinkedBroker(folder / "site", programs, at_site, ports, site="site")
    for broker, name in ((hub, "hub"), (site, "site")):
        broker.lay_out(render_site(folder / "fleet", name))
    cable = Cable(site.hub_port, hub.bridges_port)
    with hub.running():
        hub.client("acme", "board").subscribe("sites/site/press/+/telemetry", "board")
        with site.running():
            yield Pair(hub, site, cable)
            cable.cut()


def write(root: Path, release: str, ports: dict[str, int], hub_ports: dict[str, int], bridges: Authority) -> None:
    """The fleet: a hub, its site, and another site of it where globex is not."""

    def linked(text: str) -> str:
        saved = text.replace("reload: {interval: 1s}", f"autosaveInterval: {SAVED}s")
        return unlimited(saved).replace("identity: {secret: hub}", "identity: {secret: bridge}")

    write_fleet(root, ports, release=release, hub_ca=bridges.certificate.read_text(), site=linked)
    (root / "sites/hub.yaml").write_text(HUB % {**hub_ports, "release": release})
    other = linked(SITE % {**ports, "release": release}).replace("name: site}", "name: other}")
    other = other.replace("domain: site.", "domain: other.").replace(", globex: {}", "")
    (root / "sites/other.yaml").write_text(re.sub(r", globex: \d+", "", other))


def test_messages_go_up_and_down_end_to_end(pair: Pair) -> None:
    press, board = pair.site.client("acme", "press-0"), pair.hub.client("acme", "board")
    press.subscribe("press/press-0/cmd", "press")
    pair.send(["up"])
    assert pair.received("up") == ["up"]
    assert board.publish("sites/site/press/press-0/cmd", "down") == ""
    assert press.receive("press/press-0/cmd", "press") == ["down"]


def test_a_bridge_does_what_its_site_s_rows_say_and_nothing_else(pair: Pair) -> None:
    other, topic = pair.bridge("other"), "press/press-9/telemetry"
    assert other.publish(f"t/acme/sites/other/{topic}", "its own") == ""
    refused = [
        f"t/acme/sites/site/{topic}",
        f"t/globex/sites/other/{topic}",
        "t/acme/sites/other/press/press-9/cmd",
        "t/acme/sites/other/else",
        f"t/acme/{topic}",
        f"sites/other/{topic}",
        "$SYS/broker/uptime",
    ]
    assert [text for text in refused if "Not authorized" not in other.publish(text, "x")] == []
    assert "Not authorized" in pair.bridge("stranger").publish(f"t/acme/sites/stranger/{topic}", "x")
    other.subscribe("#", "prying")
    board = pair.hub.client("acme", "board")
    pair.send(["not for other"])
    assert board.publish("sites/site/press/press-0/cmd", "for site") == ""
    assert board.publish("sites/other/press/press-0/cmd", "for other") == ""
    assert other.receive("#", "prying") == ["for other"]
    assert pair.received("not for other")


def test_the_hub_s_listeners_take_certificates_of_their_own_authority_only(pair: Pair) -> None:
    topic = "t/acme/sites/site/press/press-0/telemetry"
    for foreign in ("acme", "globex"):
        assert pair.bridge("site", of=foreign).publish(topic, "wrong authority") != ""
    identity = pair.hub.authorities["bridge"].issue("site")
    hub_acme = pair.hub.authorities["acme"].certificate
    at_tenant = Client(pair.hub.programs, pair.hub.ports["acme"], hub_acme, identity)
    assert at_tenant.publish("sites/site/press/press-0/telemetry", "a bridge at a tenant's listener") != ""


def report(what: str, sent: list[str], got: list[str]) -> set[str]:
    """Prints how it went; what is missing."""
    known = [text for text in got if text in set(sent)]
    missing = set(sent) - set(known)
    print(f"{what}: {len(sent)} sent, {len(missing)} missing, {len(known) - len(set(known))} duplicates")
    return missing


def test_everything_arrives_after_the_link_was_cut(pair: Pair) -> None:
    pair.cable.cut()
    sent = [f"cut {number}" for number in range(10)]
    pair.send(sent)
    pair.cable.mend()
    pair.send(["mended"])
    assert report("link cut", sent, pair.received("mended")) == set()


def test_everything_arrives_after_an_orderly_restart_of_either_end_while_devices_publish(pair: Pair) -> None:
    sent = [f"restart {number}" for number in range(12)]
    pair.hub.stop()
    pair.send(sent[:5])
    pair.site.stop()
    pair.site.start()
    pair.send(sent[5:10])
    pair.hub.start()
    pair.send([*sent[10:], "restarted"])
    assert report("both restarted", sent, pair.received("restarted")) == set()


def test_after_a_kill_no_more_is_missing_than_came_since_the_last_save(pair: Pair) -> None:
    pair.cable.cut()
    times: dict[str, float] = {}
    begin = time.monotonic()
    while time.monotonic() < begin + 2 * SAVED + 2:
        text = f"killed {len(times)}"
        times[text] = time.monotonic()
        pair.send([text])
    assert pair.site.process is not None
    killed = time.monotonic()
    pair.site.process.kill()
    pair.site.process.wait()
    pair.site.start()
    pair.cable.mend()
    pair.send(["after"])
    missing = report("killed", list(times), pair.received("after"))
    saved = killed - (SAVED + 1)
    assert [text for text in missing if times[text] < saved - 0.2] == []
    assert len(missing) < len(times)
