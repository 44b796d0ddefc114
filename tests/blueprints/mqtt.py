"""A client of MQTT 5 in a few lines, which says any name in its TLS and comes from any address of this machine."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SUCCESS, NOT_AUTHORIZED = 0x00, 0x87
"""Reason codes (MQTT 5, 2.4)."""


@dataclass
class Connection:
    """An MQTT connection over *socket*; *waiting* are the payloads that came while something else was awaited."""

    socket: socket.socket
    waiting: list[str] = field(default_factory=list)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> int:
        """Publishes at QoS 1; the reason code of the answer."""
        self.socket.sendall(packet(0x33 if retain else 0x32, text(topic) + b"\0\1" + b"\0" + payload.encode()))
        answer = self._await(0x40)
        return answer[2] if len(answer) > 2 else SUCCESS

    def subscribe(self, topic_filter: str) -> int:
        """Subscribes at QoS 1; the reason code of the answer (a granted QoS, or an error from 0x80)."""
        self.socket.sendall(packet(0x82, b"\0\2" + b"\0" + text(topic_filter) + b"\1"))
        return self._await(0x90)[-1]

    def receive(self) -> str:
        """The payload of the next message."""
        if self.waiting:
            return self.waiting.pop(0)
        return self._payload(self._await(0x30))

    def _await(self, kind: int) -> bytes:
        while True:
            first, body = read_packet(self.socket)
            if first & 0xF0 == kind:
                return bytes([first]) + body if kind == 0x30 else body
            assert first & 0xF0 == 0x30, f"unexpected packet {first:#x} {body!r}"
            self.waiting.append(self._payload(bytes([first]) + body))

    def _payload(self, message: bytes) -> str:
        """Reads a PUBLISH and acknowledges it."""
        first, body = message[0], message[1:]
        at = 2 + int.from_bytes(body[:2])
        if first & 0x06:
            self.socket.sendall(packet(0x40, body[at : at + 2]))
            at += 2
        return body[at + 1 + body[at] :].decode()


def packet(first: int, body: bytes) -> bytes:
    """A packet: its first byte, the length in seven bits a byte, the rest."""
    length, left = b"", len(body)
    while True:
        left, digit = left >> 7, left & 0x7F
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([first]) + length + body


def text(value: str) -> bytes:
    made = value.encode()
    return len(made).to_bytes(2) + made


def connect_packet(client_id: str) -> bytes:
    """A CONNECT of MQTT 5 with a clean start and a keep-alive of a minute."""
    return packet(0x10, text("MQTT") + b"\5\2\0\x3c" + b"\0" + text(client_id))


def read_packet(stream: socket.socket) -> tuple[int, bytes]:
    """The first byte of the next packet, and what follows its length. Raises ConnectionError at the end."""
    first, length, shift = _exactly(stream, 1)[0], 0, 0
    while True:
        digit = _exactly(stream, 1)[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return first, _exactly(stream, length)


def _exactly(stream: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = stream.recv(count - len(found))
        if not more:
            raise ConnectionError("closed")
        found += more
    return found


@contextmanager
def tls(
    port: int, name: str | None, trusted: Path, identity: Path | None, *, source: str = "127.0.0.1"
) -> Iterator[ssl.SSLSocket]:
    """A TLS connection that asks for *name* and shows the certificate in the folder *identity*. Raises OSError."""
    context = ssl.create_default_context(cafile=str(trusted))
    context.check_hostname = False
    if identity:
        context.load_cert_chain(identity / "tls.crt", identity / "tls.key")
    raw = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))
    with raw, context.wrap_socket(raw, server_hostname=name) as wrapped:
        yield wrapped


@contextmanager
def connected(
    port: int, name: str | None, trusted: Path, identity: Path | None, *, client_id: str, source: str = "127.0.0.1"
) -> Iterator[Connection]:
    """An MQTT connection that the broker has accepted. Raises OSError where it is refused on the way."""
    with tls(port, name, trusted, identity, source=source) as stream:
        stream.sendall(connect_packet(client_id))
        first, body = read_packet(stream)
        if (first, body[1]) != (0x20, SUCCESS):
            raise ConnectionError(f"CONNACK {body!r}")
        yield Connection(stream)
