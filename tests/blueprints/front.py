"""A rendered front, run for real in HAProxy: laid out as the kubelet would, in a folder instead of /etc/haproxy."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from tests.blueprints.broker import Objects, free_port, run, wait_until


@dataclass
class Front:
    """The front of a site below *root*. *broker* says where the broker's service is."""

    root: Path
    haproxy: str
    broker: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    status_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def configuration(self) -> Path:
        return self.root / "haproxy.cfg"

    def lay_out(self, objects: Objects) -> None:
        """Writes what the Deployment's volumes hold."""
        self.root.mkdir(parents=True, exist_ok=True)
        for file, text in objects["ConfigMap", "front"]["data"].items():
            (self.root / file).write_text(self._moved(text))

    def _moved(self, text: str) -> str:
        """The text for this machine: another folder, other addresses, ports that are free."""
        text = text.replace("/etc/haproxy/", f"{self.root}/").replace(
            "mqtt.edge-platform.svc.cluster.local", self.broker
        )
        text = text.replace("bind :8883", f"bind 127.0.0.1:{self.port}")
        return text.replace("bind :8405", f"bind 127.0.0.1:{self.status_port}")

    def check(self) -> str:
        """What HAProxy has to say about the configuration: "" where it takes it without a word."""
        made = run(self.haproxy, "-c", "-q", "-f", str(self.configuration))
        return made.stderr + ("" if made.returncode == 0 else f"exit code {made.returncode}")

    @contextmanager
    def running(self) -> Iterator[Front]:
        """The front, started as the pod starts it, until it is ready; killed at the end."""
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.haproxy, "-db", "-f", str(self.configuration)], stdout=log, stderr=log
            )
        try:
            wait_until(self.is_healthy, self.process, self.log)
            yield self
        finally:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        return (self.root / "log").read_text()

    def is_healthy(self) -> bool:
        """What the probes ask."""
        try:
            with urlopen(f"http://127.0.0.1:{self.status_port}/healthz") as answer:
                return bool(answer.status == 200)
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
