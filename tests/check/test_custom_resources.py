"""Custom resources: the fleet's own schemas come first; a bad schema file is a finding, whatever is in it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from composer.diagnostic import Diagnostic
from composer.stages.check import check
from tests.check.sites import context, prelude, rendered

HELM_CHART = """
- apiVersion: helm.cattle.io/v1
  kind: HelmChart
  metadata: {name: traefik, namespace: kube-system}
  spec: {chart: traefik}
"""
ISSUER = """
- apiVersion: cert-manager.io/v1
  kind: ClusterIssuer
  metadata: {name: acme}
  spec: {acme: {server: https://acme.example.com}}
"""
SPEC = {"type": "object", "additionalProperties": False, "properties": {"chart": {"type": "string"}}}


def put(fleet: Path, path: str, schema: Any) -> None:
    file = fleet / "schemas/crds" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(schema if isinstance(schema, str) else json.dumps(schema))


def findings(fleet: Path, text: str = HELM_CHART) -> list[Diagnostic]:
    return check([*prelude(), *rendered(text)], context(fleet=fleet))


def test_without_a_schema_the_hint_says_how_to_add_one(tmp_path: Path) -> None:
    (found,) = findings(tmp_path)
    assert found.code == "K003"
    assert "composer crds import" in found.hint


def test_a_schema_of_the_fleet_is_used(tmp_path: Path) -> None:
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", {"properties": {"spec": SPEC}})
    assert findings(tmp_path) == []
    (found,) = findings(tmp_path, HELM_CHART.replace("chart:", "chrat:"))
    assert (found.code, found.hint) == ("K004", "did you mean 'chart'?")


def test_a_schema_of_the_fleet_comes_before_the_packaged_one(tmp_path: Path) -> None:
    assert [d.code for d in findings(tmp_path, ISSUER)] == ["K004"]
    anything = {"properties": {"spec": {"type": "object"}}, "x-scope": "Cluster"}
    put(other := tmp_path / "other", "cert-manager.io/clusterissuer_v1.json", anything)
    assert findings(other, ISSUER) == []


def test_the_schema_says_whether_there_is_a_namespace(tmp_path: Path) -> None:
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", {"properties": {"spec": SPEC}, "x-scope": "Cluster"})
    assert [d.code for d in findings(tmp_path)] == ["K012"]


def test_metadata_is_checked_whatever_the_schema_says_of_it(tmp_path: Path) -> None:
    schema = {"properties": {"metadata": {"type": "object"}, "spec": SPEC}}
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", schema)
    spoilt = HELM_CHART.replace("name: traefik", "name: Traefik, uid: x")
    assert sorted(d.code for d in findings(tmp_path, spoilt)) == ["K004", "K006"]


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "{",
        "[]",
        '"text"',
        {},
        {"properties": 5},
        {"properties": {"spec": {"type": "nothing"}}},
        {"properties": {"spec": {"$ref": "#/$defs/absent"}}},
        {"properties": {"spec": {"$ref": "https://schemas.example.com/x.json"}}},
        {"properties": {"spec": {"$ref": "file:///dev/zero"}}},
        {"properties": {"spec": {"pattern": "("}}},
        {"properties": {}, "required": 5},
        "[" * 100_000,
    ],
)
def test_an_unusable_schema_is_one_finding_and_nothing_is_fetched(
    tmp_path: Path, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", schema)
    monkeypatch.setattr(socket, "socket", None)
    (found,) = findings(tmp_path)
    assert found.code == "K009"
    assert found.place.file == "schemas/crds/helm.cattle.io/helmchart_v1.json"
    assert "\n" not in found.message


def test_a_schema_that_leads_out_of_the_fleet_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "outside", "x.json", {"properties": {"spec": SPEC}})
    fleet = tmp_path / "fleet"
    (fleet / "schemas/crds/helm.cattle.io").mkdir(parents=True)
    link = fleet / "schemas/crds/helm.cattle.io/helmchart_v1.json"
    link.symlink_to(tmp_path / "outside/schemas/crds/x.json")
    assert [d.code for d in findings(fleet)] == ["Y004"]


@pytest.mark.parametrize("api_version", ["../../outside/v1", "helm.cattle.io/../x", ".../v1", "a b.c/v1"])
def test_names_of_an_object_never_lead_to_other_files(tmp_path: Path, api_version: str) -> None:
    put(tmp_path, "x/helmchart_v1.json", {"properties": {"spec": SPEC}})
    text = HELM_CHART.replace("helm.cattle.io/v1", f'"{api_version}"')
    assert {d.code for d in findings(tmp_path, text)} <= {"K002", "K003"}


def test_a_pattern_made_to_run_for_ever_does_not(tmp_path: Path) -> None:
    slow = {"type": "object", "properties": {"chart": {"type": "string", "pattern": "^(a+)+$"}}}
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", {"properties": {"spec": slow}})
    many = "a" * 20_000
    assert findings(tmp_path, HELM_CHART.replace("chart: traefik", f"chart: {many}")) == []
    (found,) = findings(tmp_path, HELM_CHART.replace("chart: traefik", f"chart: {many}!"))
    assert found.code == "K006"


def test_a_schema_that_refers_to_itself_is_used(tmp_path: Path) -> None:
    tree = {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", {"properties": {"spec": tree}, "$defs": {"tree": tree}})
    assert [d.code for d in findings(tmp_path)] == ["K006"]
    assert findings(tmp_path, HELM_CHART.replace("chart: traefik", "chart: {a: {b: {}}}")) == []


def test_a_schema_that_says_nothing_but_itself_ends(tmp_path: Path) -> None:
    loop = {"properties": {"spec": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}
    put(tmp_path, "helm.cattle.io/helmchart_v1.json", loop)
    assert findings(tmp_path) == []
    found = findings(tmp_path, HELM_CHART.replace("name: traefik", "name: Traefik"))
    assert {d.code for d in found} == {"K006"}
