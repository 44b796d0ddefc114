"""A connection passed on byte by byte, and counted."""

from __future__ import annotations

import socket
import threading
from collections import Counter


class CountingRelay:
    """Listens on a port of its own and passes everything on to *target*, a port of this machine.

    *counts* has the bytes that went "up" to it, and "down" again.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.counts: Counter[str] = Counter()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for way, one, other in (("up", near, far), ("down", far, near)):
                threading.Thread(target=self._pass, args=(way, one, other), daemon=True).start()

    def _pass(self, way: str, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                self.counts[way] += len(data)
                other.sendall(data)
        except OSError:
            pass
        other.close()

    def close(self) -> None:
        self._server.close()
