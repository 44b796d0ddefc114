"""A link that can be cut: what is sent to one port of this machine goes to another, while it is plugged in."""

from __future__ import annotations

import contextlib
import socket
from threading import Thread


class Cable:
    """Takes connections on *near* and leads them to *far*, until it is cut."""

    def __init__(self, near: int, far: int) -> None:
        self.near = near
        self.far = far
        self._open: list[socket.socket] = []
        self.mend()

    def mend(self) -> None:
        """From now on, connections are taken."""
        listening = socket.create_server(("127.0.0.1", self.near))
        self._open = [listening]
        Thread(target=self._take, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Ends every connection, and takes none."""
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open = []

    def _take(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.far))
                except OSError:
                    near.close()
                    continue
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    Thread(target=_lead, args=(one, other), daemon=True).start()


def _lead(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
