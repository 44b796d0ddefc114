"""No string that somebody gives to a blueprint changes on its way, or breaks out of its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from composer.emit import to_yaml
from composer.pipeline.line import Line
from composer.source.packaged import packaged
from composer.stages.load import load_blueprints, load_fleet
from tests.load.fleets import document, write
from tests.load.test_secrets import CERTIFICATE

SHIPPED = load_blueprints(packaged("blueprints"))
VALUES = ["1", "None", "{'a': 1}", "007", "{{ x }}", "${x}", "null", 'say "no"', "a\n---\nkind: ClusterRole\n"]

TENANT = """
  devices: {press: {names: "press-{0..2}", publish: [{topic: "press/{device}/value", rate: 1/s, bytes: 100, qos: 1}]}}
  uplink: {up: [mean]}
  streams: {mean: {blueprint: stream-bento@1, from: press/+/value, to: {topic: mean, qos: 1}, do: [{filter: "a > 1"}]}}
  functions: {act: {blueprint: function-http@1, on: mean, params: {image: "ghcr.io/acme/act:1.0.0"}}}
  gateways:
    hall:
      blueprint: gateway-telegraf@1
      bus: {tcp: "10.0.0.5:502", cidr: 10.0.0.5/32}
      devices: {plc: {profile: plc, unit: 1, readers: {globex: {topics: [value]}}}}
"""
READER = "\n  uses: [{tenant: acme, gateway: hall, device: plc, topics: [value]}]\n"
PROFILE = """{
      protocol: modbus, interval: 1s, points: [{name: a, register: holding, address: 1, type: UINT16}],
      publish: [{topic: "plc/{device}/value", rate: 1/s, bytes: 50, qos: 1}]}"""
SITE = """
  uplink: {site: hub, ca: files/hub.pem, identity: {secret: bridge-hub}}
  cluster:
    version: "1.33"
    domain: a.example.com
    capabilities: {cert-manager: "1.18", flux: "2.6", argocd: "3.5"}
    nodes: [{name: box, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}]
  components: {ingress: {blueprint: mqtt-mosquitto@1}, uplink-buffer: {params: {above: 0B}}}
  tenants: {acme: {}, globex: {}}
"""

HUB = """
  hub: true
  cluster: {version: "1.33", domain: hub.example.com, capabilities: {cert-manager: "1.18", flux: "2.6", argocd: "3.5"}}
"""
FRONT = SITE.replace("@1}, ", "@1}, front: {blueprint: mqtt-front@1}, ")
"""With a front, the broker has no public Service of its own."""

Say = Callable[[str], str]
"""From the path of a string parameter to what is given for it."""


def is_free(rule: Mapping[str, Any]) -> bool:
    """Whether any string will do."""
    return rule.get("type") == "string" and not rule.keys() & {"allowed", "regex"}


def filled(rule: Mapping[str, Any], say: Say, path: str) -> Any:
    """A value for a parameter in which every free string is what *say* says; None where it has no such string."""
    kind = rule.get("type")
    if is_free(rule):
        return say(path)
    if kind == "list":
        item = filled(rule["schema"], say, f"{path}.0")
        return None if item is None else [item]
    if kind != "dict":
        return None
    if not rule.keys() & {"schema", "keysrules", "valuesrules"}:
        return {"probe": say(f"{path}.probe")}
    inner = {key: filled(each, say, f"{path}.{key}") for key, each in (rule.get("schema") or {}).items()}
    inner["probe"] = filled(rule.get("valuesrules") or {}, say, f"{path}.probe")
    if inner["probe"] is not None and is_free(rule.get("keysrules") or {}):
        inner[say(f"{path} key")] = "value"
    return {key: value for key, value in inner.items() if value is not None} or None


def given(name: str, major: int, say: Say) -> dict[str, Any]:
    """Parameters for a blueprint."""
    rules = SHIPPED[name][major].params.data
    values = {key: filled(rule, say, key) for key, rule in rules.items()}
    return {key: value for key, value in values.items() if value is not None}


def rendered(root: Path, name: str, params: Mapping[str, Any]) -> list[Any]:
    """The objects of the blueprint's components, at a site that uses every blueprint there is."""
    engine = "argocd" if name == "delivery-argocd" else "flux"
    spec = {
        "delivery": {"engine": engine, "url": "https://git.example.com/delivery.git"},
        "defaults": {"blueprints": {name: {"params": params}}},
        "deviceProfiles": {"plc": yaml.safe_load(PROFILE)},
    }
    head = {"apiVersion": "edge-composer.io/v1alpha1", "kind": "Fleet", "metadata": {"name": "test"}}
    files = {
        "fleet.yaml": to_yaml({**head, "spec": spec}),
        "tenants/acme.yaml": document("Tenant", "acme", TENANT),
        "a.yaml": document("Site", "a", FRONT if name == "mqtt-front" else SITE),
        "tenants/globex.yaml": document("Tenant", "globex", READER),
        "hub.yaml": document("Site", "hub", HUB),
        "files/hub.pem": CERTIFICATE,
    }
    fleet, findings = load_fleet(write(root, files))
    assert not findings
    line = Line(replace(fleet, blueprints=SHIPPED))
    used = [wired for wired in line.wire("a").wired if wired.component.blueprint.name == name]
    assert used
    return [r.object for wired in used for r in line.renderer.render(wired.component, wired.context)]


def placed(value: Any, mark: str) -> bool:
    """Whether *mark* stands anywhere in the value, as a string or as a key."""
    if isinstance(value, dict):
        return mark in value or any(placed(inner, mark) for inner in value.values())
    if isinstance(value, list):
        return any(placed(inner, mark) for inner in value)
    return isinstance(value, str) and mark in value


def replaced(value: Any, marks: Collection[str], by: str) -> Any:
    """The value with *by* wherever one of the marks stands alone."""
    if isinstance(value, dict):
        return {replaced(key, marks, by): replaced(inner, marks, by) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, marks, by) for inner in value]
    return by if isinstance(value, str) and value in marks else value


@dataclass(frozen=True)
class Marked:
    """A blueprint rendered with a mark of its own for every string parameter."""

    marks: Mapping[str, str]
    objects: list[Any]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Marked]:
    found = {}
    for label, (name, major) in WITH_STRINGS.items():
        marks: dict[str, str] = {}
        params = given(name, major, lambda path, marks=marks: marks.setdefault(path, f"mark{len(marks):03}k"))
        found[label] = Marked(marks, rendered(tmp_path_factory.mktemp("marks"), name, params))
    return found


WITH_STRINGS = {f"{n}@{major}": (n, major) for n in SHIPPED for major in SHIPPED[n] if given(n, major, str)}


def test_the_string_parameters_are_found(marked: dict[str, Marked]) -> None:
    assert {
        "function-http@1: args.0",
        "function-http@1: env.probe",
        "mqtt-mosquitto@1: service.annotations.probe",
        "mqtt-mosquitto@1: service.annotations key",
        "mqtt-mosquitto@1: storage.class",
        "stream-bento@1: nodeSelector.probe",
        "gateway-telegraf@1: tolerations.0.probe",
    } <= {f"{label}: {path}" for label, one in marked.items() for path in one.marks}


@pytest.mark.parametrize("label", WITH_STRINGS)
def test_every_string_parameter_arrives_somewhere(marked: dict[str, Marked], label: str) -> None:
    one = marked[label]
    assert [path for path, mark in one.marks.items() if not placed(one.objects, mark)] == []


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("label", WITH_STRINGS)
def test_every_string_arrives_unchanged_in_its_place_and_changes_nothing_else(
    marked: dict[str, Marked], tmp_path: Path, label: str, value: str
) -> None:
    one = marked[label]
    objects = rendered(tmp_path, WITH_STRINGS[label][0], given(*WITH_STRINGS[label], lambda _: value))
    assert objects == replaced(one.objects, one.marks.values(), value)
    assert [yaml.safe_load(to_yaml(object_)) for object_ in objects] == objects
