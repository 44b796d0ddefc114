"""What streams, functions and gateways are made of: configurations read back, and their scripts run."""

from __future__ import annotations

import re
import subprocess
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.emit import to_yaml
from composer.model.blueprint import Blueprint
from composer.pipeline.line import Line
from composer.stages.load import load_fleet

Objects = Mapping[tuple[str, str], dict[str, Any]]
"""(kind, name) -> object."""

PROJECT = Path(__file__).parents[2]
API = "edge-composer.io/v1alpha1"
CLUSTER = {
    "version": "1.33",
    "domain": "site.example.com",
    "capabilities": {"cert-manager": "1.18", "flux": "2.6"},
    "nodes": [{"name": "box", "arch": "amd64", "cpu": "4", "memory": "8Gi", "storage": "64Gi"}],
}
INGRESS = {"ingress": {"blueprint": "mqtt-mosquitto@1"}}
DEVICES = {
    "press": {
        "names": "press-{0..2}",
        "publish": [{"topic": "press/{device}/telemetry", "rate": "1/s", "bytes": 100, "qos": 1}],
    }
}
POINTS = [{"name": "value", "register": "holding", "address": 1, "type": "INT16"}]


def rendered(root: Path, site: dict[str, Any], *, fleet: dict[str, Any] | None = None, **tenants: Any) -> Objects:
    """The objects of a site with these tenants."""
    delivery = {"engine": "flux", "url": "https://git.example.com/delivery.git"}
    write(root, "fleet", "Fleet", "test", {"delivery": delivery, **(fleet or {})})
    for name, spec in tenants.items():
        write(root, f"tenants/{name}", "Tenant", name, spec)
    spec = {"cluster": CLUSTER, "components": INGRESS, "tenants": {name: {} for name in tenants}, **site}
    write(root, "site", "Site", "site", spec)
    loaded, findings = load_fleet(root)
    composed = Line(replace(loaded, blueprints=packaged()), topics=False).compose("site")
    assert [str(finding) for finding in (*findings, *composed.findings)] == []
    return {(r.object["kind"], r.object["metadata"]["name"]): r.object for r in composed.objects}


@cache
def packaged() -> Mapping[str, Mapping[int, Blueprint]]:
    """The blueprints of this project, compiled once for all tests."""
    return load_fleet(PROJECT)[0].blueprints


def write(root: Path, path: str, kind: str, name: str, spec: dict[str, Any]) -> None:
    file = root / "sites" / f"{path}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(to_yaml({"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}))


def stream(root: Path, do: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The Bento configuration of a stream with these steps, read back."""
    job = {
        "blueprint": "stream-bento@1",
        "from": "press/+/telemetry",
        "to": {"topic": "press/out", "rate": "1/min", "bytes": 100},
        "do": do,
        **more,
    }
    objects = rendered(root, {}, acme={"devices": DEVICES, "streams": {"job": job}})
    text = objects["ConfigMap", "job"]["data"]["bento.yaml"]
    assert re.findall(r"\$\{(?!! @(topic|group) \})", text) == []
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def mappings(processors: list[dict[str, Any]]) -> list[str]:
    """The mappings among the processors, tried ones too, in order."""
    found: list[str] = []
    for processor in processors:
        found += mappings(processor["try"]) if "try" in processor else [processor.get("mapping", "")]
    return found


def test_steps_before_the_first_window_run_before_messages_gather(tmp_path: Path) -> None:
    window = {"window": {"every": "10s", "by": "device", "mean": ["pressure"]}}
    config = stream(tmp_path, [{"filter": "pressure > 1"}, window, {"filter": "pressure_mean > 2"}])
    before, after = config["input"]["processors"], config["pipeline"]["processors"]
    assert any("this.pressure > 1" in mapping for mapping in mappings(before))
    assert not any("pressure_mean > 2" in mapping for mapping in mappings(before))
    assert any("pressure_mean > 2" in mapping for mapping in mappings(after))


def test_a_job_without_windows_holds_no_messages(tmp_path: Path) -> None:
    config = stream(tmp_path, [{"filter": "pressure > 1"}])
    assert "buffer" not in config
    assert "batching" not in yaml.safe_dump(config)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["filter", "window", "keep"]), max_size=6))
def test_every_step_appears_once_and_in_order(kinds: list[str]) -> None:
    steps: list[dict[str, Any]] = []
    for number, kind in enumerate(kinds):
        step = {
            "filter": f"f{number} > 0",
            "window": {"every": "10s", "sum": [f"w{number}"]},
            "keep": [f"k{number}"],
        }[kind]
        steps.append({kind: step})
    with TemporaryDirectory() as folder:
        config = stream(Path(folder), steps)
    found = re.findall(r"\b[fwk](\d)(?:\"\)\.from_all| > 0|\"\)$)", "\n".join(flow(config)), re.M)
    assert [int(number) for number in found] == list(range(len(kinds)))


def flow(config: dict[str, Any]) -> list[str]:
    """All mappings of a configuration, in the order in which a message meets them."""
    found = mappings(config["input"].get("processors", []))
    found += mappings(config.get("pipeline", {}).get("processors", []))
    output = config["output"]
    while "broker" in output:
        found += mappings(output["broker"]["batching"]["processors"])
        (output,) = output["broker"]["outputs"]
    return [mapping for mapping in found if "meta = deleted()" not in mapping]


def gateway(root: Path, devices: dict[str, Any], profiles: dict[str, Any], **bus: str) -> dict[str, Any]:
    """The Telegraf configuration of a gateway that tenants acme and globex share, read back."""
    hall = {"blueprint": "gateway-telegraf@1", "bus": bus, "devices": devices}
    fleet = {"deviceProfiles": profiles}
    objects = rendered(root, {"gateways": {"hall": hall}}, fleet=fleet, acme={}, globex={})
    return tomllib.loads(objects["ConfigMap", "hall"]["data"]["telegraf.conf"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["acme", "globex"]), st.sampled_from("abc")), min_size=1, max_size=8))
def test_a_reading_goes_out_by_its_own_tenants_connection_alone(owners: list[tuple[str, str]]) -> None:
    publications = {
        "a": [("a/{device}", 1, False)],
        "b": [("b/{device}", 0, True), ("b2/{device}", 1, False)],
        "c": [("c/{device}", 1, False), ("c2/{device}", 1, True)],
    }
    profiles = {name: profile(said) for name, said in publications.items()}
    devices = {
        f"plc-{number}": {"tenant": tenant, "profile": name, "unit": number + 1}
        for number, (tenant, name) in enumerate(owners)
    }
    with TemporaryDirectory() as folder:
        config = gateway(Path(folder), devices, profiles, tcp="10.0.0.5:502", cidr="10.0.0.5/32")
    sent = sorted(
        (device, output["tls_cert"], output["qos"], output["retain"])
        for output in config["outputs"]["mqtt"]
        for device in output["tagpass"]["device"]
    )
    assert sent == sorted(
        (device, f"/tls/{said['tenant']}/tls.crt", qos, retain)
        for device, said in devices.items()
        for _, qos, retain in publications[said["profile"]]
    )
    tags = {
        request["tags"]["device"]: request["tags"]
        for reader in config["inputs"]["modbus"]
        for request in reader["request"]
    }
    for device, said in devices.items():
        for slot, (topic, _, _) in enumerate(publications[said["profile"]]):
            assert tags[device][f"topic_{slot}"] == topic.replace("{device}", device)


def profile(publications: list[tuple[str, int, bool]]) -> dict[str, Any]:
    publish = [
        {"topic": topic, "rate": "1/min", "bytes": 60, "qos": qos, "retain": retain}
        for topic, qos, retain in publications
    ]
    return {"protocol": "modbus", "points": POINTS, "publish": publish}


@pytest.mark.parametrize("odd", ["$HOME", "a$$b", "'quoted'", '"', "\\", "ü/€", "'''", "[x]"])
def test_strings_reach_telegraf_unchanged(tmp_path: Path, odd: str) -> None:
    boiler = {
        "protocol": "opcua",
        "points": [{"name": "temperature", "node": f"ns=2;s={odd}.{{node}}"}],
        "publish": [{"topic": "boiler/{device}", "rate": "1/min", "bytes": 60}],
    }
    devices = {"boiler-1": {"tenant": "acme", "profile": "boiler", "node": odd}}
    config = gateway(tmp_path, devices, {"boiler": boiler}, opcua="opc.tcp://10.0.0.9:4840", cidr="10.0.0.9/32")
    node = config["inputs"]["opcua"][0]["group"][0]["nodes"][0]["id"]
    assert "$" not in node.replace("$$", "")  # Telegraf looks for variables, and reads $$ as $
    assert node.replace("$$", "$") == f"ns=2;s={odd}.{odd}"


class Answering(BaseHTTPRequestHandler):
    """A program that is alive."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("blueprint", "script", "certificate", "address"),
    [
        ("stream-bento", "job.sh", "tls.crt", "127.0.0.1:4195/ping"),
        ("function-http", "trigger.sh", "tls.crt", "127.0.0.1:4195/ping"),
        ("gateway-telegraf", "gateway.sh", "acme/tls.crt", "127.0.0.1:8080"),
        ("relay-bento", "relay.sh", "acme/tls.crt", "127.0.0.1:4195/ping"),
    ],
)
def test_a_renewed_certificate_ends_the_container(
    tmp_path: Path, blueprint: str, script: str, certificate: str, address: str
) -> None:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    text = (PROJECT / f"blueprints/{blueprint}/v1/files/{script}.j2").read_text()
    text = re.sub(r"exec (/bento|telegraf) .*", "exec true", text).replace(address, f"127.0.0.1:{server.server_port}")
    text = re.sub(r"(?<![\w.])/(tls|run)/", rf"{tmp_path}/\1/", text)
    tls = tmp_path / "tls" / certificate
    tls.parent.mkdir(parents=True)
    for name in ("job", "trigger", "gateway", "relay"):
        (tmp_path / "run" / name).mkdir(parents=True)

    def does(what: str) -> int:
        return subprocess.run(["sh", "-c", text, script, what], capture_output=True, check=False).returncode

    try:
        tls.write_text("first")
        assert does("run") == 0
        assert does("alive") == 0
        tls.write_text("second")
        assert does("alive") != 0
        assert does("run") == 0
        assert does("alive") == 0
        server.shutdown()
        server.server_close()
        assert does("alive") != 0
    finally:
        server.server_close()
