"""A second Mosquitto that stands for the hub."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.blueprints.broker import Broker, free_port, run, wait_until


class Hub:
    """A broker that stands for the hub: it trusts the authority that issued the bridge's certificate."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.programs = broker.programs
        self.port = broker.hub_port
        self.plain = free_port()
        folder.mkdir()
        identity = broker.authorities["hub"].issue("server-hub")
        self.config = folder / "hub.conf"
        self.config.write_text(
            f"user root\nper_listener_settings true\nlistener {self.plain} 127.0.0.1\nallow_anonymous true\n"
            f"listener {self.port} 127.0.0.1\nrequire_certificate true\nuse_identity_as_username true\n"
            f"cafile {identity}/ca.crt\ncertfile {identity}/tls.crt\nkeyfile {identity}/tls.key\n"
        )

    def start(self) -> None:
        self.process = subprocess.Popen([self.programs["mosquitto"], "-c", str(self.config)], stderr=subprocess.DEVNULL)
        subscribed = ["-t", "t/#", "-c", "-i", "people", "-q", "1", "-E"]
        wait_until(lambda: self._run("mosquitto_sub", *subscribed).returncode == 0, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def receive(self, count: int) -> list[str]:
        """The first *count* messages under t/, with their topics."""
        made = self._run(
            "mosquitto_sub", "-t", "t/#", "-c", "-i", "people", "-q", "1", "-v", "-C", str(count), "-W", "60"
        )
        return made.stdout.splitlines()

    def publish(self, topic: str, payload: str) -> None:
        self._run("mosquitto_pub", "-q", "1", "-t", topic, "-m", payload)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self.programs[program], "-h", "127.0.0.1", "-p", str(self.plain), *arguments]
        return run(*command)
