"""The buffer on disk: its statements in a real SQLite, and the whole of it in a real Bento between two real brokers."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.blueprints.broker import Objects, free_port, release_line, render_site, run, wait_until
from tests.blueprints.cable import Cable
from tests.blueprints.pki import authority
from tests.blueprints.test_links import LinkedBroker, Pair, report, write
from tests.conftest import Needs
from tests.load.test_secrets import CERTIFICATE

OURS = "uplink-buffer"
TENANTS = ("acme", "globex")


def write_fleet(root: Path, release: str, ports: dict[str, int], hub_ports: dict[str, int], bridges: Any) -> None:
    """The fleet of the tests of links, with a buffer at each site."""
    write(root, release, ports, hub_ports, bridges)
    for name in ("site", "other"):
        file = root / f"sites/{name}.yaml"
        buffer = f"  components:\n    {OURS}: {{params: {{above: 0B, interval: 20ms}}}}\n"
        file.write_text(file.read_text().replace("  components:\n", buffer))


@dataclass
class Buffer:
    """The rendered buffer of the site of *pair*, run by Bento as its pod would be."""

    root: Path
    bento: str
    pair: Pair
    objects: Objects
    process: subprocess.Popen[bytes] | None = None

    def lay_out(self) -> None:
        files = {**self._data(OURS, "config"), **self._data(f"{OURS}-streams", "streams")}
        for path, text in files.items():
            self._write(path, self._moved(text))
        for tenant in TENANTS:
            self._certificates(f"tls/{tenant}", self.pair.site.authorities[tenant].issue(OURS))
        self._certificates("hub", self.pair.site.authorities["bridge"].issue("site"))
        for folder in ("run/buffer", "var/lib/buffer"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def _data(self, name: str, folder: str) -> dict[str, str]:
        return {f"{folder}/{file}": text for file, text in self.objects["ConfigMap", name]["data"].items()}

    def _certificates(self, folder: str, identity: Path) -> None:
        for file in identity.iterdir():
            self._write(f"{folder}/{file.name}", file.read_text())

    def _write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def _moved(self, text: str) -> str:
        """The text for this machine: another folder, ports that are free, a broker on loopback."""
        for folder in ("/tls/", "/hub/", "/config/", "/streams/", "/run/buffer", "/var/lib/buffer"):
            text = text.replace(folder, f"{self.root}{folder}")
        text = text.replace("/bento ", f"{self.bento} ").replace("0.0.0.0:4195", f"127.0.0.1:{free_port()}")
        text = text.replace("mqtts://mqtt.edge-platform.svc.cluster.local:", "mqtts://localhost:")
        return text.replace("mqtts://mqtt.hub.example.com:8883", f"mqtts://localhost:{self.pair.cable.near}")

    def start(self) -> None:
        with (self.root / "log").open("ab") as log:
            command = ["/bin/sh", str(self.root / "config/buffer.sh"), "run"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until((self.root / "var/lib/buffer/queue.db").exists, self.process, self.log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return (self.root / "log").read_text()

    def waiting(self) -> int:
        """Messages on disk that the hub has not acknowledged."""
        with sqlite3.connect(self.root / "var/lib/buffer/queue.db", timeout=30) as queue:
            found: int = queue.execute("SELECT count(*) FROM queue").fetchone()[0]
        return found


@pytest.fixture(scope="module")
def buffer(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> Iterator[Buffer]:
    """Both brokers and the buffer, running. Bento is in no Debian package: put it in the path to have these tests run."""
    bento = shutil.which("bento")
    if bento is None or "sqlite" not in run(bento, "list", "buffers").stdout:
        pytest.skip("SKIPPED: no Bento with SQLite in the path")
    needs("openssl")
    programs = needs("mosquitto", "mosquitto_pub", "mosquitto_sub")
    if "version 2.0.11" in run(programs["mosquitto"], "-h").stdout:
        pytest.skip("SKIPPED: Mosquitto 2.0.11 leaves its mount point on what it delivers; 2.0.12 and later do not")
    folder = tmp_path_factory.mktemp("buffer")
    made = {n: authority(folder / n, n) for n in ("acme", "globex", "hub-acme", "hub-globex", "bridge")}
    at_site = {name: made[name] for name in ("acme", "globex", "bridge")}
    at_hub = {"acme": made["hub-acme"], "globex": made["hub-globex"], "site-bridges-mqtt": made["bridge"]}
    ports, hub_ports = ({"acme": free_port(), "globex": free_port()} for _ in range(2))
    write_fleet(folder / "fleet", release_line(programs["mosquitto"]), ports, hub_ports, made["bridge"])
    hub = LinkedBroker(folder / "hub", programs, {**at_hub, "bridge": made["bridge"]}, hub_ports)
    site = LinkedBroker(folder / "site", programs, at_site, ports, site="site")
    hub.lay_out(render_site(folder / "fleet", "hub"))
    objects = render_site(folder / "fleet", "site")
    site.lay_out(objects)
    with _running(hub, site) as pair:
        made_buffer = Buffer(folder / "buffered", bento, pair, objects)
        made_buffer.lay_out()
        made_buffer.start()
        yield made_buffer
        made_buffer.kill()


@contextmanager
def _running(hub: LinkedBroker, site: LinkedBroker) -> Iterator[Pair]:
    cable = Cable(site.hub_port, hub.bridges_port)
    with hub.running():
        hub.client("acme", "board").subscribe("sites/site/press/+/telemetry", "board")
        with site.running():
            yield Pair(hub, site, cable)
            cable.cut()


def test_what_is_published_while_the_link_is_cut_and_the_buffer_killed_arrives(buffer: Buffer) -> None:
    buffer.pair.cable.cut()
    sent = [f"cut {number}" for number in range(30)]
    buffer.pair.send(sent[:10])
    wait_until(lambda: buffer.waiting() == 10, _alive(buffer), buffer.log)
    buffer.kill()
    buffer.pair.send(sent[10:20])
    buffer.start()
    buffer.pair.send(sent[20:])
    wait_until(lambda: buffer.waiting() == 30, _alive(buffer), buffer.log)
    buffer.pair.cable.mend()
    buffer.pair.send(["mended"])
    assert report("link cut, buffer killed", sent, buffer.pair.received("mended")) == set()
    wait_until(lambda: buffer.waiting() == 0, _alive(buffer), buffer.log)


def test_what_comes_down_comes_over_the_broker_s_own_bridge(buffer: Buffer) -> None:
    press, board = buffer.pair.site.client("acme", "press-0"), buffer.pair.hub.client("acme", "board")
    press.subscribe("press/press-0/cmd", "press")
    assert board.publish("sites/site/press/press-0/cmd", "down") == ""
    assert press.receive("press/press-0/cmd", "press") == ["down"]


def _alive(buffer: Buffer) -> subprocess.Popen[bytes]:
    assert buffer.process is not None
    return buffer.process


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The rendered streams, keep and send."""
    folder = tmp_path_factory.mktemp("streams")
    write_fleet(folder, "2.1", {"acme": 20001, "globex": 20002}, {"acme": 20003, "globex": 20004}, _Certificate(folder))
    data = render_site(folder, "site")["ConfigMap", f"{OURS}-streams"]["data"]
    return {name.removesuffix(".yaml"): yaml.safe_load(text) for name, text in data.items()}


class _Certificate:
    """Stands for an authority of which only the certificate is read."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "ca.pem"
        self.certificate.write_text(CERTIFICATE)


def test_the_statements_keep_messages_byte_for_byte_and_in_order(streams: dict[str, Any]) -> None:
    keep = streams["keep"]["output"]["retry"]["output"]["sql_insert"]
    select = next(step["sql_raw"] for step in streams["send"]["pipeline"]["processors"] if "sql_raw" in step)
    delete = streams["send"]["output"]["broker"]["outputs"][1]["retry"]["output"]["sql_raw"]
    assert keep["init_statement"] == select["init_statement"] == delete["init_statement"]
    queue = sqlite3.connect(":memory:")
    queue.execute(keep["init_statement"])
    payloads = [b"", b"\x00\xff'--", "grün".encode(), *(b"%d" % number for number in range(600))]
    insert = f"INSERT INTO {keep['table']} ({', '.join(keep['columns'])}) VALUES (?, ?)"
    queue.executemany(insert, [("t/acme/sites/site/a", payload) for payload in payloads])
    found, last = [], 0
    while rows := queue.execute(select["query"], [last]).fetchall():
        assert len(rows) <= 500
        found += [bytes.fromhex(content) for _, _, content in rows]
        last = rows[-1][0]
    assert found == payloads
    for number in range(1, last + 1):
        queue.execute(delete["query"], [number])
    assert queue.execute("SELECT count(*) FROM queue").fetchone() == (0,)


def test_a_message_is_on_disk_before_it_is_acknowledged(streams: dict[str, Any]) -> None:
    keep = streams["keep"]
    assert "synchronous(FULL)" in keep["output"]["retry"]["output"]["sql_insert"]["dsn"]
    assert "buffer" not in keep
    assert [each["batched"]["child"]["mqtt"]["clean_session"] for each in keep["input"]["broker"]["inputs"]] == [
        False
    ] * 2
