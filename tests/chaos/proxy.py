"""A connection between publisher and server that is slow, or breaks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PIECE = 4096


@dataclass(frozen=True)
class Line:
    """How the connections through a proxy are: *pause* seconds for each 4 KiB from the publisher, and cut after *cut* bytes of
    them all together (-1: never)."""

    pause: float = 0
    cut: int = -1


class Proxy:
    """Takes connections at *port* and leads them to another."""

    def __init__(self, target: int, line: Line) -> None:
        self._target = target
        self._line = line
        self._left = line.cut
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._lead, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._lead, args=(far, near, False), daemon=True).start()

    def _lead(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError), source, target:
            while piece := source.recv(PIECE):
                if counts:
                    time.sleep(self._line.pause)
                    piece = self._allowed(piece)
                target.sendall(piece)
                if not piece:
                    target.shutdown(socket.SHUT_RDWR)
                    return
            target.shutdown(socket.SHUT_WR)

    def _allowed(self, piece: bytes) -> bytes:
        """As much of the piece as may still go through."""
        with self._lock:
            if self._line.cut < 0:
                return piece
            allowed = piece[: self._left]
            self._left -= len(allowed)
            return allowed


@contextmanager
def between(target: int, line: Line) -> Iterator[int]:
    """The port of a proxy in front of the one at *target*."""
    proxy = Proxy(target, line)
    try:
        yield proxy.port
    finally:
        proxy.close()
