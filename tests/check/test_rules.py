"""What the cases cannot show in a few lines: sizes, vouching parameters, masked values, order."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from composer.diagnostic import Diagnostic, in_order
from composer.model.stack import Rendered
from composer.report.diagnostics import render
from composer.stages.check import check
from tests.check.sites import HERE, component, context, prelude, read_case, rendered


def findings(*things: dict[str, Any], tenant: str = "", **params: Any) -> list[Diagnostic]:
    owner = component(tenant, params=params)
    return check([*prelude(), *(Rendered(thing, owner, "a.yaml", 1) for thing in things)], context())


def config_map(**fields: Any) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "edge-platform", **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **fields}


MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"data": {"a": "x" * MEBIBYTE}}, []),
        ({"data": {"a": "x" * MEBIBYTE, "b": "y"}}, ["K025"]),
        ({"data": {"a": "é" * (MEBIBYTE // 2)}}, []),
        ({"data": {"a": "é" * (MEBIBYTE // 2) + "x"}}, ["K025"]),
        ({"data": {"a": "x" * (MEBIBYTE - 4)}, "binaryData": {"b": "aGVsbG8="}}, ["K025"]),
        ({"metadata": {"annotations": {"a": "x" * (256 * 1024 - 1)}}}, []),
        ({"metadata": {"annotations": {"a": "x" * 256 * 1024}}}, ["K025"]),
    ],
)
def test_what_is_too_large_for_kubernetes_is_refused(fields: dict[str, Any], codes: list[str]) -> None:
    assert [d.code for d in findings(config_map(**fields))] == codes


def test_a_namespace_that_a_parameter_names_is_there() -> None:
    thing = config_map(metadata={"namespace": "cert-manager"})
    assert [d.code for d in findings(thing)] == ["K013"]
    assert findings(thing, certManagerNamespace="cert-manager") == []
    assert findings(thing, deep={"list": [{"namespace": "cert-manager"}]}) == []


def test_an_issuer_that_a_parameter_names_is_there_but_not_a_config_map() -> None:
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "x", "namespace": "edge-platform"},
        "spec": {
            "secretName": "x",
            "commonName": "x",
            "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"},
        },
    }
    assert [d.code for d in findings(certificate)] == ["K030"]
    assert findings(certificate, issuer="letsencrypt") == []
    env = {"configMapRef": {"name": "settings"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "edge-platform"},
        "spec": {"containers": [{"name": "x", "image": "x:1", "envFrom": [env]}]},
    }
    assert "K030" in {d.code for d in findings(pod, settings="settings")}


def test_the_value_of_a_secret_is_shown_nowhere() -> None:
    thing = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "edge-platform"}}
    found = findings({**thing, "data": {"password": "hunter2!"}}, {**thing, "stringData": {"password": ["hunter2!"]}})
    assert {"K023"} <= {d.code for d in found}
    for style in ("full", "json", "concise"):
        assert "hunter2!" not in render(found, style, colour=False)


def test_a_looser_schema_of_the_fleet_cannot_break_a_rule(tmp_path: Any) -> None:
    schemas = tmp_path / "schemas/crds"
    things = []
    for api_version, kinds in {
        "cert-manager.io/v1": ["Certificate", "Issuer"],
        "external-secrets.io/v1": ["ExternalSecret"],
        "kustomize.toolkit.fluxcd.io/v1": ["Kustomization"],
        "source.toolkit.fluxcd.io/v1": ["GitRepository"],
        "argoproj.io/v1alpha1": ["Application"],
    }.items():
        group, version = api_version.split("/")
        (schemas / group).mkdir(parents=True)
        for kind in kinds:
            (schemas / group / f"{kind.lower()}_{version}.json").write_text('{"properties": {"spec": {}}}')
            for index, spec in enumerate((None, 5, [], {}, {"issuerRef": 5, "sourceRef": [], "target": "x", "ca": {}})):
                metadata = {"name": f"x{index}", "namespace": "edge-platform"}
                things.append({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
    for tenant in ("", "acme"):
        owner = component(tenant)
        objects = [Rendered(thing, owner, "a.yaml", 1) for thing in things]
        assert {d.code[0] for d in check([*prelude(), *objects], context(fleet=tmp_path))} == {"K"}


@pytest.mark.parametrize("name", ["fields", "pod_references", "references", "selectors", "walls", "valid_site"])
def test_the_order_of_the_objects_changes_no_finding(name: str) -> None:
    case = read_case(HERE / "cases" / f"{name}.yaml")
    once = check(case.objects, case.context)
    assert once == in_order(once)
    random.Random(5).shuffle(case.objects)
    assert check(case.objects, case.context) == once


def test_objects_that_broke_their_schema_are_still_there_for_others() -> None:
    broken = rendered(
        "[{apiVersion: v1, kind: ServiceAccount, metadata: {name: x, namespace: edge-platform}, nope: 1}]"
    )
    account = {"serviceAccountName": "x", "containers": [{"name": "x", "image": "x:1"}]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "edge-platform"},
        "spec": account,
    }
    found = check([*prelude(), *broken, Rendered(pod, component(), "a.yaml", 1)], context())
    assert "K030" not in {d.code for d in found}


def policy(name: str = "x", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "tenant-acme"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def workload(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "x", "image": "x:1"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "tenant-acme"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


BROKER = {"to": [{"podSelector": {"matchLabels": {"app": "mine"}}}], "ports": [{"port": 8883}]}
MINE, EVERYBODY = {"matchLabels": {"app": "mine"}}, {}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"podSelector": MINE, "egress": [BROKER], "ingress": []}, []),
        ({"podSelector": EVERYBODY, "policyTypes": ["Ingress", "Egress"]}, []),
        (
            {"podSelector": MINE, "egress": [BROKER, {}]},
            ["spec.egress.1 allows what does not follow from any document"],
        ),
        ({"podSelector": MINE, "egress": [{"to": BROKER["to"]}]}, ["spec.egress.0 allows"]),
        ({"podSelector": MINE, "ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}, ["spec.ingress.0 allows"]),
        (
            {"podSelector": EVERYBODY, "egress": [BROKER]},
            ["spec.podSelector also chooses the pods of Deployment/other"],
        ),
    ],
)
def test_a_tenants_network_policy_allows_what_was_worked_out_for_its_own_pods(
    spec: dict[str, Any], expected: list[str]
) -> None:
    mine, other = component("acme"), component("acme")
    objects = [
        *prelude(),
        Rendered(policy(**spec), mine, "a.yaml", 1),
        Rendered(workload("mine"), mine, "a.yaml", 1),
        Rendered(workload("other"), other, "a.yaml", 1),
    ]
    known = replace(context(), network={mine: {"ingress": [], "egress": [BROKER]}})
    said = [d.message for d in check(objects, known) if d.code == "K019"]
    assert len(said) == len(expected)
    assert all(start in message for start, message in zip(expected, said, strict=True)), said


def test_a_policy_of_the_platform_is_held_to_the_rows_and_may_choose_pods_that_have_the_same_row() -> None:
    base, other = component(), component("acme")
    everybody = policy(podSelector=EVERYBODY, egress=[BROKER])
    objects = [*prelude(), Rendered(everybody, base, "a.yaml", 1), Rendered(workload("other"), other, "a.yaml", 1)]
    rows = {"ingress": [], "egress": [BROKER]}
    for network, number in (({base: rows, other: rows}, 0), ({base: rows}, 1), ({base: {}, other: rows}, 1)):
        found = [d for d in check(objects, replace(context(), network=network)) if d.code == "K019"]
        assert len(found) == number, found


def test_where_an_operator_makes_objects_nothing_is_missed(tmp_path: Any) -> None:
    lost = rendered(
        """
- apiVersion: v1
  kind: Service
  metadata: {name: emqx, namespace: edge-platform}
  spec: {selector: {apps.emqx.io/instance: emqx}, ports: [{port: 8883}]}
"""
    )
    operated = rendered(
        "[{apiVersion: apps.emqx.io/v2beta1, kind: EMQX, metadata: {name: emqx, namespace: edge-platform}, spec: {}}]"
    )
    (tmp_path / "schemas/crds/apps.emqx.io").mkdir(parents=True)
    (tmp_path / "schemas/crds/apps.emqx.io/emqx_v2beta1.json").write_text('{"properties": {"spec": {}}}')
    assert [d.code for d in check([*prelude(), *lost], context(fleet=tmp_path))] == ["K035"]
    assert check([*prelude(), *lost, *operated], context(fleet=tmp_path)) == []


@pytest.mark.parametrize("labels", ["text", 5, ["a"], {"pod-security.kubernetes.io/enforce": 5}])
def test_a_broken_namespace_is_one_finding_among_others(labels: Any) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tools", "labels": labels}}
    thing = {**workload("x"), "metadata": {"name": "x", "namespace": "tools"}}
    assert {"K006", "K041", "K042"} == {d.code for d in findings(namespace, thing)}


def test_a_tenants_object_of_an_unusable_schema_still_stays_at_home(tmp_path: Any) -> None:
    (tmp_path / "schemas/crds/example.com").mkdir(parents=True)
    (tmp_path / "schemas/crds/example.com/press_v1.json").write_text("{")
    press = rendered("[{apiVersion: example.com/v1, kind: Press, metadata: {name: x}}]", "acme")
    assert [d.code for d in check([*prelude(), *press], context(fleet=tmp_path))] == ["K014", "K009"]
