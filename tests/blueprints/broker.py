"""A rendered broker, run for real: laid out as the kubelet would, in a folder instead of /mosquitto."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from tests.blueprints.pki import Authority

Objects = Mapping[tuple[str, str], dict[str, Any]]
"""(kind, name) -> object."""


def render_site(root: Path, site: str) -> Objects:
    """The objects of a site of the fleet in *root*, which has to be without findings."""
    fleet, findings = load_fleet(root)
    composed = Line(fleet).compose(site)
    assert [str(finding) for finding in (*findings, *composed.findings)] == []
    return {(r.object["kind"], r.object["metadata"]["name"]): r.object for r in composed.objects}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, whatever comes of it."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def wait_until(
    condition: Callable[[], bool], process: subprocess.Popen[Any], log: Callable[[], str] = lambda: ""
) -> None:
    """Waits for *condition*; fails when *process* has ended, or when nothing comes of it for a minute."""
    for _ in range(3000):
        if condition():
            return
        assert process.poll() is None, log()
        time.sleep(0.02)
    raise AssertionError(f"nothing came of it: {log()}")


def release_line(mosquitto: str) -> str:
    """The release line of the Mosquitto on this machine, as the blueprint's parameter `version` wants it."""
    found = re.search(r"mosquitto version (\d+\.\d+)", run(mosquitto, "-h").stdout)
    assert found
    return found[1]


def acl_plugin(mosquitto: str) -> Path:
    """Where this machine has what the image has in /usr/lib."""
    libraries = Path(mosquitto).resolve().parents[1] / "lib"
    places = ("", "*/", "*/mosquitto/")
    found = (path for place in places for path in libraries.glob(f"{place}mosquitto_acl_file.so"))
    return next(found, Path("/nowhere"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
    return port


@dataclass
class Broker:
    """The broker of one site below *root*. *authorities* maps each tenant to its certificate authority."""

    root: Path
    programs: Mapping[str, str]
    authorities: Mapping[str, Authority]
    ports: Mapping[str, int]
    probe_port: int = field(default_factory=free_port)
    hub_port: int = field(default_factory=free_port)
    probe_command: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def lay_out(self, objects: Objects) -> None:
        """Writes what the Deployment's volumes hold; called again, it writes what an update would."""
        pod = objects["Deployment", "ingress"]["spec"]["template"]["spec"]
        self.probe_command = pod["containers"][0]["readinessProbe"]["exec"]["command"]
        for volume in pod["volumes"]:
            (self.root / volume["name"]).mkdir(parents=True, exist_ok=True)
            for file, text in self._files(volume, objects):
                self._write(self.root / volume["name"] / file, text)

    def _files(self, volume: Mapping[str, Any], objects: Objects) -> Iterator[tuple[str, str]]:
        if "configMap" in volume:
            yield from objects["ConfigMap", volume["configMap"]["name"]]["data"].items()
        for source in volume.get("projected", {}).get("sources", []):
            kind, said = next(iter(source.items()))
            held = objects["ConfigMap", said["name"]]["data"] if kind == "configMap" else self._secret(said["name"])
            for item in said["items"]:
                yield item["path"], held[item["key"]]

    def _secret(self, name: str) -> dict[str, str]:
        """The Secret that cert-manager would write for a listener, or the one of the bridge."""
        tenant = name.removeprefix("mqtt-")
        folder = self.authorities[tenant].issue(f"server-{tenant}")
        return {path.name: path.read_text() for path in folder.iterdir()}

    def _write(self, file: Path, text: str) -> None:
        """A volume's file is a link to what changes all at once."""
        if file.suffix in (".conf", ".sh"):
            text = self._moved(text)
        file.parent.mkdir(parents=True, exist_ok=True)
        held = file.parent / f"..{file.name}"
        held.write_text(text)
        if not file.is_symlink():
            file.symlink_to(held.name)

    def _moved(self, text: str) -> str:
        """The text for this machine: another folder, other places of programs, ports that are free."""
        text = re.sub(r"/mosquitto/(?=(access|bridge|config|data|run|tls)\b)", f"{self.root}/", text)
        text = text.replace("/usr/sbin/mosquitto", self.programs["mosquitto"])
        text = text.replace("/usr/lib/mosquitto_acl_file.so", str(acl_plugin(self.programs["mosquitto"])))
        text = text.replace("listener 1883 127.0.0.1", f"listener {self.probe_port} 127.0.0.1")
        text = re.sub(r"(?m)^address .*$", f"address 127.0.0.1:{self.hub_port}", text)
        text = text.replace("restart_timeout 5 300", "restart_timeout 1 1")
        return re.sub(r"(?m)^persistence true$", "persistence true\nuser root", text) if os.geteuid() == 0 else text

    @contextmanager
    def running(self) -> Iterator[Broker]:
        """The broker, started as the pod starts it, and ended in order."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        """Starts the broker and waits until it answers its probe."""
        script = str(self.root / "config/broker.sh")
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(["/bin/sh", script, "run"], stdout=log, stderr=log)
        wait_until(lambda: self.probe() == 0, self.process, self.log)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()

    def log(self) -> str:
        return (self.root / "log").read_text()

    def probe(self) -> int:
        """What the readiness probe says."""
        program, *arguments = self.probe_command
        command = [self.programs[program], *arguments, "-p", str(self.probe_port)]
        return run(*command).returncode

    def client(self, tenant: str, name: str, *, of: str = "") -> Client:
        """A client at the listener of *tenant*, with a certificate *name* of tenant *of*'s authority."""
        identity = self.authorities[of or tenant].issue(name)
        return Client(self.programs, self.ports[tenant], self.authorities[tenant].certificate, identity)


@dataclass(frozen=True)
class Client:
    """An MQTT client with a certificate: the folder *identity* holds it."""

    programs: Mapping[str, str]
    port: int
    trusted: Path
    identity: Path

    def publish(self, topic: str, payload: str) -> str:
        """Publishes at QoS 1; what went wrong, or ""."""
        made = self._run("mosquitto_pub", "-V", "5", "-q", "1", "-t", topic, "-m", payload)
        return made.stderr.strip() or (f"exit code {made.returncode}" if made.returncode else "")

    def subscribe(self, topic_filter: str, session: str) -> None:
        """Leaves a subscription behind that the broker keeps for *session*."""
        made = self._run("mosquitto_sub", "-c", "-i", session, "-q", "1", "-t", topic_filter, "-E")
        assert made.returncode == 0, made.stderr

    def receive(self, topic_filter: str, session: str, count: int = 1) -> list[str]:
        """The payloads of the first *count* messages that wait for *session* or arrive."""
        made = self._run(
            "mosquitto_sub", "-c", "-i", session, "-q", "1", "-t", topic_filter, "-C", str(count), "-W", "60"
        )
        return made.stdout.splitlines()

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command line of *program* as this client."""
        tls = [
            "--cafile",
            str(self.trusted),
            "--cert",
            str(self.identity / "tls.crt"),
            "--key",
            str(self.identity / "tls.key"),
        ]
        return [self.programs[program], "-h", "localhost", "-p", str(self.port), *tls, *arguments]

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(*self.command(program, *arguments))
