"""A site whose only tenant has as many devices as are asked for, rendered and laid out for a broker on this machine."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.blueprints.broker import Broker, release_line, render_site, run
from tests.blueprints.pki import Authority, authority
from tests.conftest import find_programs

TENANT = "acme"

RETAINED = [f"desk/{index:06d}/said" for index in range(2000)]
"""Topics on which the client `desk` may leave something behind."""

FLEET = """\
apiVersion: edge-composer.io/v1alpha1
kind: Fleet
metadata: {name: bench}
spec: {delivery: {engine: flux, url: "https://git.example.com/delivery.git"}}
"""

DEVICES = """\
apiVersion: edge-composer.io/v1alpha1
kind: Tenant
metadata: {name: acme}
spec:
  devices:
    device:
      %(names)s
      publish: [{topic: "device/{device}/value", rate: 1/s, bytes: 100, qos: 1}]
      subscribe: ["device/{device}/cmd"]
    desk:
      names: desk
      publish:
        - {topic: device/device-1/cmd, rate: 1/d, bytes: 100, qos: 1}
%(said)s
      subscribe: ["device/+/value", "desk/+/said"]
"""

SITE = """\
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata: {name: site}
spec:
  cluster:
    version: "1.33"
    domain: site.example.com
    capabilities: {cert-manager: "1.18", flux: "2.6"}
    nodes: [{name: box, arch: amd64, cpu: "16", memory: 64Gi, storage: 64Gi}]
  components:
    ingress:
      blueprint: mqtt-mosquitto@1
      params:
        version: "%(release)s"
        ports: {acme: %(port)d}
        maxConnections: 100000
        maxQueuedMessages: 10000000
        maxQueuedBytes: 2047Mi
        autosaveInterval: 24h
        resources: {limits: {memory: 16Gi}}
  tenants: {acme: {}}
"""


class Bench:
    """A broker of that site below *root*, started anew for each measurement."""

    def __init__(self, root: Path, names: str) -> None:
        self.root = root
        self.programs = find_programs("mosquitto", "mosquitto_sub", "openssl")
        self.authority: Authority = authority(root / "pki", TENANT)
        self.port, probe_port = listening_ports()
        said = "\n".join(f"        - {{topic: {topic}, rate: 1/d, bytes: 100, qos: 1}}" for topic in RETAINED)
        self.release = release_line(self.programs["mosquitto"])
        written = {
            "fleet.yaml": FLEET,
            "site.yaml": SITE % {"release": self.release, "port": self.port},
            "tenants/acme.yaml": DEVICES % {"names": names, "said": said},
        }
        for name, text in written.items():
            file = root / "sites" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.objects = render_site(root, "site")
        self.broker = Broker(root / "run", self.programs, {TENANT: self.authority}, {TENANT: self.port}, probe_port)

    @contextmanager
    def running(self, *, keep: bool = False) -> Iterator[int]:
        """The process id of the broker, which answers; without what an earlier one saved, unless it is to be kept."""
        self.broker.lay_out(self.objects)
        conf = self.broker.root / "config/mosquitto.conf"
        text = conf.read_text(encoding="utf-8")
        conf.write_text(re.sub(r"(127\.0\.0\.1\nmax_connections) \d+", r"\1 100000", text), encoding="utf-8")
        data = self.broker.root / "data"
        data.mkdir(exist_ok=True)
        if not keep:
            (data / "mosquitto.db").unlink(missing_ok=True)
        with self.broker.running():
            assert self.broker.process is not None
            yield self.broker.process.pid

    @property
    def version(self) -> str:
        """What the broker calls itself."""
        return run(self.programs["mosquitto"], "-h").stdout.partition("\n")[0]

    @property
    def saved(self) -> int:
        """Bytes of the store that the broker saved when it ended."""
        return (self.broker.root / "data/mosquitto.db").stat().st_size

    def tls(self, name: str) -> ssl.SSLContext:
        """What a client with a certificate called *name* connects with."""
        identity = self.authority.issue(name)
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.load_cert_chain(identity / "tls.crt", identity / "tls.key")
        return context


def listening_ports() -> tuple[int, int]:
    """Two ports below those that the kernel gives to clients, thousands of which will be in use."""
    free = (port for port in range(21_000, 29_000) if _is_free(port))
    return next(free), next(free)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True
