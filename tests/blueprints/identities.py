"""A front where TLS ends, the link to the broker's pod, and who comes out at the other end."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue

from tests.blueprints.broker import Objects, free_port, wait_until
from tests.blueprints.front import Front, kill
from tests.blueprints.mqtt import read_packet
from tests.blueprints.pki import Authority

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TLV_SSL, SUBTYPE_CN = 0x20, 0x22
CLIENT_SSL, CLIENT_CERT_CONN, CLIENT_CERT_SESS = 0x01, 0x02, 0x04
"""The PROXY protocol, version 2 (haproxy.org/download/2.6/doc/proxy-protocol.txt, 2.2)."""


@dataclass(frozen=True)
class Heard:
    """What came out at the broker: who the client is, where it is, whether its certificate was verified, its packet."""

    name: str
    source: str
    verified: bool
    packet: bytes


@dataclass
class Receiver:
    """Stands for a tenant's listener of Mosquitto 2.1 at the socket *path*: takes a CONNECT and says yes."""

    path: Path
    heard: Queue[Heard] = field(default_factory=Queue)

    @contextmanager
    def listening(self) -> Iterator[Receiver]:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.path))
            server.listen()
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()
            try:
                yield self
            finally:
                server.shutdown(socket.SHUT_RDWR)

    def _serve(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            name, source, verified = read_proxy(client)
            first, body = read_packet(client)
            self.heard.put(Heard(name, source, verified, bytes([first]) + body))
            client.sendall(b"\x20\x03\0\0\0")
            while True:
                read_packet(client)
                client.sendall(b"\x40\x02\0\1")


def read_proxy(stream: socket.socket) -> tuple[str, str, bool]:
    """The common name, the address and whether the certificate was verified, from a header of the PROXY protocol."""
    head = stream.recv(16, socket.MSG_WAITALL)
    assert head[:14] == SIGNATURE + b"\x21\x11", head
    rest = stream.recv(int.from_bytes(head[14:]), socket.MSG_WAITALL)
    fields = dict(tlvs(rest[12:]))
    ssl = fields[TLV_SSL]
    wanted = CLIENT_SSL | CLIENT_CERT_CONN | CLIENT_CERT_SESS
    verified = ssl[0] & wanted == wanted and ssl[1:5] == b"\0\0\0\0"
    return dict(tlvs(ssl[5:]))[SUBTYPE_CN].decode(), socket.inet_ntoa(rest[:4]), verified


def proxy_header(name: str) -> bytes:
    """The header that says: a client of this name, with a verified certificate."""
    cn = bytes([SUBTYPE_CN]) + len(name).to_bytes(2) + name.encode()
    ssl = bytes([CLIENT_SSL | CLIENT_CERT_CONN | CLIENT_CERT_SESS]) + b"\0\0\0\0" + cn
    rest = b"\x7f\0\0\1" * 2 + b"\0\1\0\1" + bytes([TLV_SSL]) + len(ssl).to_bytes(2) + ssl
    return SIGNATURE + b"\x21\x11" + len(rest).to_bytes(2) + rest


def tlvs(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        length = int.from_bytes(data[1:3])
        yield data[0], data[3 : 3 + length]
        data = data[3 + length :]


@dataclass
class Link:
    """The container `link` of the broker's pod, in a folder instead of /mosquitto."""

    root: Path
    haproxy: str
    port: int
    admin_port: int = field(default_factory=free_port)

    def lay_out(self, objects: Objects) -> None:
        """Writes the ConfigMap's part; the certificates are put into `link`."""
        (self.root / "sidecar").mkdir(parents=True, exist_ok=True)
        (self.root / "run").mkdir(exist_ok=True)
        for file in ("link.cfg", "certificates.sh"):
            text = objects["ConfigMap", "ingress"]["data"][file]
            text = text.replace("/mosquitto/", f"{self.root}/").replace("bind :8884", f"bind 127.0.0.1:{self.port}")
            text = text.replace("127.0.0.1:8406", f"127.0.0.1:{self.admin_port}")
            text = text.replace("worker=8406 master=8407", f"worker={self.admin_port} master={free_port()}")
            (self.root / "sidecar" / file).write_text(text.replace("haproxy -W", f"{self.haproxy} -W"))

    @contextmanager
    def running(self) -> Iterator[Link]:
        """The container as the pod starts it."""
        script, config = self.root / "sidecar/certificates.sh", self.root / "sidecar/link.cfg"
        command = ["/bin/bash", str(script), "run", str(config), str(self.root / "link")]
        with (self.root / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(self._is_open, process, (self.root / "log").read_text)
            yield self
        finally:
            kill(process)

    def _is_open(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


def put(certificates: Path, folder: Path) -> None:
    """Lays out a Secret."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("ca.crt", "tls.crt", "tls.key"):
        shutil.copy(certificates / file, folder / file)


def put_all(front: Front, link: Link, authorities: dict[str, Authority], tenants: list[str]) -> None:
    """Lays out the Secrets of both ends: of the tenants' listeners, and of the link."""
    for tenant in tenants:
        put(authorities[tenant].issue(f"server-{tenant}"), front.root / "tls" / tenant)
    put(authorities["link"].issue("front"), front.root / "link")
    put(authorities["link"].issue("broker", host="*.mqtt.edge-platform.svc"), link.root / "link")
