"""Many MQTT clients at once, driven by what arrives and never by the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

LONGEST = 60
"""Seconds after which a broker that does not answer is given up; nothing waits for them to pass."""


class Member:
    """A connected client. *got* holds (topic, payload, retained) of whatever arrived."""

    def __init__(self, port: int, trusted: Path, identity: Path | None, name: str, *, clean: bool = True) -> None:
        self.port = port
        self.got: list[tuple[str, str, bool]] = []
        self.settled = threading.Event()
        self.connected = False
        self._waiting: dict[int, threading.Event] = {}
        self._lock = threading.Lock()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, reconnect_on_failure=False
        )
        files = (str(identity / "tls.crt"), str(identity / "tls.key")) if identity else (None, None)
        self.client.tls_set(str(trusted), *files)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self._down()
        self.client.on_connect_fail = lambda *_: self._down()
        self.client.on_message = lambda _c, _u, m: self.got.append((m.topic, m.payload.decode(), m.retain))
        self.client.on_publish = lambda _c, _u, mid, *_: self._event(mid).set()
        self.client.on_subscribe = lambda _c, _u, mid, *_: self._event(mid).set()

    def will(self, topic: str, payload: str) -> Member:
        self.client.will_set(topic, payload, qos=1)
        return self

    def open(self) -> Member:
        """Connects; `connected` says whether the broker took the client."""
        try:
            self.client.connect("localhost", self.port)
        except OSError:
            return self
        self.client.loop_start()
        assert self.settled.wait(LONGEST)
        return self

    def subscribe(self, filters: Iterable[str]) -> None:
        """Asks for all filters; whatever the broker sent before it answered has arrived then."""
        waiting = [self._event(mid) for _, mid in [self.client.subscribe([(each, 0) for each in filters])] if mid]
        assert all(event.wait(LONGEST) for event in waiting)

    def publish(self, messages: Iterable[tuple[str, str]], *, retain: bool = False) -> None:
        """Publishes at QoS 1 and waits until the broker has taken everything, whether it allows it or not."""
        waiting = [self._event(self.client.publish(topic, text, 1, retain).mid) for topic, text in messages]
        assert all(event.wait(LONGEST) for event in waiting)

    def vanish(self) -> None:
        """The connection breaks, so that the broker publishes the will."""
        socket = self.client.socket()
        assert socket is not None
        socket.shutdown(SHUT_RDWR)
        self.client.loop_stop()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _event(self, mid: int | None) -> threading.Event:
        with self._lock:
            return self._waiting.setdefault(mid or 0, threading.Event())

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected = not reason.is_failure
        self.settled.set()

    def _down(self) -> None:
        self.connected = False
        self.settled.set()
