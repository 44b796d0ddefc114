"""MQTT clients by the thousand in one process: packets written by hand, sockets and nothing around them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

KEEP_ALIVE = 3000
"""Seconds; longer than any measurement."""

PORTS_OF_ONE_ADDRESS = 20_000
"""Connections from one source address; Linux has 28,232 ports to give away."""


def connect_packet(client: str, *, clean: bool = True) -> bytes:
    """CONNECT of MQTT 3.1.1 without user name."""
    flags = b"\x02" if clean else b"\x00"
    body = _text("MQTT") + b"\x04" + flags + KEEP_ALIVE.to_bytes(2) + _text(client)
    return b"\x10" + _length(len(body)) + body


def subscribe_packet(topic_filter: str) -> bytes:
    """SUBSCRIBE to one filter at QoS 1."""
    body = b"\x00\x01" + _text(topic_filter) + b"\x01"
    return b"\x82" + _length(len(body)) + body


def publish_packet(topic: str, payload: bytes, identifier: int, *, retain: bool = False) -> bytes:
    """PUBLISH at QoS 1; *identifier* is from 1 to 65535."""
    body = _text(topic) + identifier.to_bytes(2) + payload
    return (b"\x33" if retain else b"\x32") + _length(len(body)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2) + raw


def _length(number: int) -> bytes:
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | (128 if number else 0))
        if not number:
            return bytes(found)


class Crowd:
    """Clients at the broker's *port* of this machine; with *tls*, each shows the certificate of that context."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self.tls = tls
        self.sockets: list[socket.socket] = []

    def connect(self, client: str, *, clean: bool = True) -> socket.socket:
        """One more connected client, which stays."""
        source = f"127.0.0.{2 + len(self.sockets) // PORTS_OF_ONE_ADDRESS}"
        made = socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=(source, 0))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            made = self.tls.wrap_socket(made, server_hostname="localhost")
        self.sockets.append(made)
        made.sendall(connect_packet(client, clean=clean))
        answer = read(made, 4)
        assert answer[0] == 0x20, f"no CONNACK but {answer!r}"
        assert answer[3] == 0, f"the broker refused {client} with code {answer[3]}"
        return made

    def grow(self, number: int, *, subscribe: bool = True) -> None:
        """More clients until there are *number*, each subscribed to a topic of its own."""
        for index in range(len(self.sockets), number):
            name = f"device-{index:06d}"
            made = self.connect(name)
            if subscribe:
                made.sendall(subscribe_packet(f"device/{name}/cmd"))
                read(made, 5)

    def close(self) -> None:
        """All clients gone at once."""
        for made in self.sockets:
            made.close()
        self.sockets.clear()


@contextmanager
def crowd(port: int, tls: ssl.SSLContext | None = None) -> Iterator[Crowd]:
    """A crowd that is gone afterwards."""
    made = Crowd(port, tls)
    try:
        yield made
    finally:
        made.close()


def publish_all(sender: socket.socket, topics: Iterator[tuple[str, bytes]], *, retain: bool = False) -> int:
    """Publishes every message at QoS 1, a window at a time, and waits until the broker has acknowledged all; how many."""
    window, sent = 100, 0
    batch = bytearray()
    for topic, payload in topics:
        sent += 1
        batch += publish_packet(topic, payload, 1 + sent % 60_000, retain=retain)
        if sent % window == 0:
            sender.sendall(batch)
            read(sender, 4 * window)
            batch.clear()
    if batch:
        sender.sendall(batch)
        read(sender, 4 * (sent % window))
    return sent


def read(made: socket.socket, number: int) -> bytes:
    """Exactly *number* bytes."""
    found = b""
    while len(found) < number:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # else each answer waits for a delayed one
        more = made.recv(number - len(found))
        assert more, "the broker closed the connection"
        found += more
    return found
