"""A rendered front, run for real in HAProxy: laid out as the kubelet would, in a folder instead of /etc/haproxy."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.blueprints.broker import Objects, free_port, run, wait_until


def kill(process: subprocess.Popen[Any]) -> None:
    """Ends a process that began a session, and all it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass
class Front:
    """The front of a site below *root*. *broker* says where the broker's service is."""

    root: Path
    haproxy: str
    broker: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    status_port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    link_port: int = field(default_factory=free_port)
    master_port: int = field(default_factory=free_port)
    command: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def configuration(self) -> Path:
        return self.root / "haproxy.cfg"

    def lay_out(self, objects: Objects) -> None:
        """Writes what the ConfigMap holds; certificates are somebody else's."""
        (self.root / "run").mkdir(parents=True, exist_ok=True)
        container = objects["Deployment", "front"]["spec"]["template"]["spec"]["containers"][0]
        self.command = [self.haproxy, *map(self._moved, container["command"][1:])]
        for file, text in objects["ConfigMap", "front"]["data"].items():
            (self.root / file).write_text(self._moved(text))

    def _moved(self, text: str) -> str:
        """The text for this machine: another folder, other addresses, ports that are free."""
        for said, here in {
            "/etc/haproxy/": f"{self.root}/",
            "/var/run/haproxy": f"{self.root}/run",
            "mqtt.edge-platform.svc.cluster.local:8884": f"127.0.0.1:{self.link_port}",
            "mqtt.edge-platform.svc.cluster.local": self.broker,
            "127.0.0.1:8406": f"127.0.0.1:{self.admin_port}",
            "worker=8406 master=8407": f"worker={self.admin_port} master={self.master_port}",
            "127.0.0.1:8407": f"127.0.0.1:{self.master_port}",
            "bind :8883": f"bind 127.0.0.1:{self.port}",
            "bind :8405": f"bind 127.0.0.1:{self.status_port}",
        }.items():
            text = text.replace(said, here)
        return text

    def check(self) -> str:
        """What HAProxy has to say about the configuration: "" where it takes it without a word."""
        made = run(self.haproxy, "-c", "-q", "-f", str(self.configuration))
        return made.stderr + ("" if made.returncode == 0 else f"exit code {made.returncode}")

    @contextmanager
    def running(self) -> Iterator[Front]:
        """The front, started as the pod starts it, once it is ready; killed at the end."""
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(self.is_healthy, self.process, self.log)
            wait_until(self.is_led, self.process, self.log)
            yield self
        finally:
            kill(self.process)

    def log(self) -> str:
        return (self.root / "log").read_text()

    def is_healthy(self) -> bool:
        """What the probes ask."""
        try:
            with urlopen(f"http://127.0.0.1:{self.status_port}/healthz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def is_led(self) -> bool:
        """Whether the master, where there is one, has come to its own work: its worker serves earlier, and signals get lost."""
        if "-S" not in self.command:
            return True
        try:
            with socket.create_connection(("127.0.0.1", self.master_port)) as master:
                master.sendall(b"show proc\n")
                return b"worker" in master.recv(1 << 16)
        except OSError:
            return False

    def metric(self, name: str, **labels: str) -> float:
        """The value of one metric."""
        with urlopen(f"http://127.0.0.1:{self.status_port}/metrics") as answer:
            text = answer.read().decode()
        wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
        found = re.search(rf"(?m)^{name}\{{{re.escape(wanted)}\}} (\S+)$", text)
        assert found, text
        return float(found[1])
