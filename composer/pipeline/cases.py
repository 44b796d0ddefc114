"""The cases of a blueprint: parameters in, objects or findings out. `composer test` runs them.

A case is a small fleet of its own (one site, one tenant, and those its `tenants` adds) written to a temporary folder and
taken down the real line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from composer.diagnostic import Rejected
from composer.emit import to_yaml
from composer.merge import merge
from composer.model.blueprint import Blueprint
from composer.model.fieldpath import resolve_path, value_at
from composer.model.fleet import Fleet
from composer.pipeline.line import Composed, Line
from composer.pipeline.run import compose_in_time
from composer.source.document import Document
from composer.source.files import list_files
from composer.source.reader import read_document
from composer.source.temporary import temporary_folder
from composer.stages.load import load_fleet

API = "edge-composer.io/v1alpha1"
SITE, HUB, TENANT = "test-site", "test-hub", "acme"

_CAPABILITIES = {"cert-manager": "1.18", "flux": "2.6", "argocd": "3.5", "external-secrets": "0.17"}
_CLUSTER = {"version": "1.33", "domain": f"{SITE}.example.com", "capabilities": _CAPABILITIES}
_NODES = [{"name": "box", "arch": "amd64", "cpu": "4", "memory": "8Gi", "storage": "64Gi"}]
_SITE_SPEC: dict[str, Any] = {"cluster": {**_CLUSTER, "nodes": _NODES}, "tenants": {TENANT: {}}}
_HUB_SPEC: dict[str, Any] = {"cluster": {**_CLUSTER, "domain": f"{HUB}.example.com", "nodes": _NODES}}
_VALUE = {"topic": "sensor/{device}/value", "rate": "1/s", "bytes": 100, "qos": 1}
_TENANT_SPEC: dict[str, Any] = {"devices": {"sensor": {"names": "sensor-{0..2}", "publish": [_VALUE]}}}
_INGRESS = {"blueprint": "mqtt-mosquitto@1"}
_PUBLIC_CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went: *problems* is empty where everything expected was found."""

    blueprint: str
    file: str
    case: str
    problems: tuple[str, ...]


def run_cases(fleet: Fleet, blueprints: Iterable[Blueprint]) -> Iterator[CaseResult]:
    """Every case of every blueprint, in the order of names and files."""
    for blueprint in blueprints:
        files, findings = list_files(blueprint.root, "tests", ".yaml")
        if findings:
            raise Rejected(findings)
        for file in sorted(files):
            yield run_case(fleet, blueprint, read_document(blueprint.root, file))


def run_case(fleet: Fleet, blueprint: Blueprint, case: Document) -> CaseResult:
    """One case, rendered with the blueprints of *fleet*."""
    with temporary_folder() as folder:
        _write_fleet(folder, blueprint, case.data)
        loaded, findings = load_fleet(folder)
        composed = compose_in_time(Line(replace(loaded, blueprints=fleet.blueprints), topics=False), SITE)
        composed = replace(composed, findings=(*findings, *composed.findings))
    file = f"{blueprint.folder}/{case.file}"
    return CaseResult(blueprint.label, file, case.data["case"], tuple(_problems(composed, case.data["expect"])))


def _write_fleet(root: Path, blueprint: Blueprint, case: Mapping[str, Any]) -> None:
    site = merge(_site_spec(blueprint), case.get("site") or {})
    tenant = merge(_TENANT_SPEC, case.get("tenant") or {})
    defaults = {"blueprints": {blueprint.name: {"params": case.get("params") or {}}}}
    engine = "argocd" if blueprint.name == "delivery-argocd" else "flux"
    delivery = {"engine": engine, "url": "https://git.example.com/delivery.git"}
    _write(
        root, "fleet", "Fleet", "test-fleet", {"delivery": delivery, "defaults": defaults, **(case.get("fleet") or {})}
    )
    for name, spec in {TENANT: tenant, **(case.get("tenants") or {})}.items():
        _write(root, f"tenants/{name}", "Tenant", name, spec)
    _write(root, SITE, "Site", SITE, site)
    _write(root, HUB, "Site", HUB, _HUB_SPEC)
    (root / "sites/files").mkdir()
    (root / "sites/files/hub.pem").write_text(_PUBLIC_CA)


def _site_spec(blueprint: Blueprint) -> dict[str, Any]:
    """The standard site, with the blueprint under test as its ingress or front where it is one."""
    components = {"ingress": _INGRESS}
    if blueprint.role in ("ingress", "front"):
        components = {**components, blueprint.role: {"blueprint": f"{blueprint.name}@{blueprint.major}"}}
    return {**_SITE_SPEC, "components": components}


def _write(root: Path, path: str, kind: str, name: str, spec: Mapping[str, Any]) -> None:
    file = root / "sites" / f"{path}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(to_yaml({"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}))


def _problems(composed: Composed, expect: Mapping[str, Any]) -> Iterator[str]:
    wanted = expect.get("findings") or []
    codes = sorted({finding.code for finding in composed.findings})
    if codes != sorted(set(wanted)):
        found = "; ".join(f"{d.place}: {d.code} {d.message}" for d in composed.findings) or "none"
        yield f"expected findings {', '.join(wanted) or 'none'}, found {found}"
    objects = [rendered.object for rendered in composed.objects]
    for partial in expect.get("objects") or []:
        yield from _object_problems(partial, objects)
    for absent in expect.get("absent") or []:
        if _named(objects, absent["kind"], absent["name"]):
            yield f"{absent['kind']}/{absent['name']} is there, but should not be"
    for text in expect.get("text") or []:
        yield from _text_problems(text, objects)


def _named(objects: list[dict[str, Any]], kind: str, name: str) -> list[dict[str, Any]]:
    return [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]


def _object_problems(partial: Mapping[str, Any], objects: list[dict[str, Any]]) -> Iterator[str]:
    kind, name = partial["kind"], partial["metadata"]["name"]
    candidates = _named(objects, kind, name)
    if not candidates:
        yield f"there is no {kind}/{name}"
    elif not any(contains(o, partial) for o in candidates):
        yield f"{kind}/{name} differs: " + "; ".join(_differences(candidates[0], partial, ""))


def contains(value: Any, partial: Any) -> bool:
    """Whether *value* holds everything *partial* says; each item of a partial list must match some item."""
    if isinstance(partial, dict):
        return isinstance(value, dict) and all(k in value and contains(value[k], v) for k, v in partial.items())
    if isinstance(partial, list):
        return isinstance(value, list) and all(any(contains(have, item) for have in value) for item in partial)
    return type(value) is type(partial) and bool(value == partial)


def _differences(value: Any, partial: Any, path: str) -> Iterator[str]:
    if isinstance(partial, dict) and isinstance(value, dict):
        for key, wanted in partial.items():
            yield from _differences(value.get(key), wanted, f"{path}.{key}" if path else key)
    elif not contains(value, partial):
        yield f"{path} is {value!r}, expected {partial!r}"


def _text_problems(text: Mapping[str, Any], objects: list[dict[str, Any]]) -> Iterator[str]:
    kind, _, name = text["object"].partition("/")
    found = _named(objects, kind, name)
    route = resolve_path(text["field"], found[0]) if found else None
    if route is None:
        yield f"there is no {text['object']} {text['field']}"
        return
    content = str(value_at(route, found[0]))
    for wanted in text.get("contains") or []:
        if wanted not in content:
            yield f"{text['object']} {text['field']} does not contain {wanted!r}"
    for unwanted in text.get("lacks") or []:
        if unwanted in content:
            yield f"{text['object']} {text['field']} contains {unwanted!r}"
