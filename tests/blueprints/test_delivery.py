"""What the delivery blueprints let a tenant's folder become, and whose keys open its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from composer.model.conventions import WORKLOADS
from tests.blueprints.broker import Objects, render_site

API = "apiVersion: edge-composer.io/v1alpha1"
SITE = f"""
{API}
kind: Site
metadata: {{name: site}}
spec:
  cluster:
    version: "1.33"
    domain: site.example.com
    capabilities: {{cert-manager: "1.18", flux: "2.6", argocd: "3.0"}}
    nodes: [{{name: box, arch: amd64, cpu: "4", memory: 8Gi}}]
  tenants: {{acme: {{}}, globex: {{}}}}
"""
ENCRYPTED = "ENC[AES256_GCM,data:Y2g=,iv:YQ==,tag:Yg==,type:str]"
SOPS = f"""
apiVersion: v1
kind: Secret
metadata: {{name: mes, namespace: tenant-acme}}
stringData: {{token: "{ENCRYPTED}"}}
sops: {{age: [], lastmodified: "2026-01-01T00:00:00Z", mac: "{ENCRYPTED}", version: 3.9.0}}
"""


def rendered(root: Path, engine: str, acme: str = "{}", params: str = "{}") -> Objects:
    documents = {
        "fleet.yaml": f"{API}\nkind: Fleet\nmetadata: {{name: test}}\n"
        f'spec: {{delivery: {{engine: {engine}, url: "https://git.example.com/delivery.git"}}, '
        f"defaults: {{blueprints: {{delivery-{engine}: {{params: {params}}}}}}}}}\n",
        "site.yaml": SITE,
        "tenants/acme.yaml": f"{API}\nkind: Tenant\nmetadata: {{name: acme}}\nspec: {acme}\n",
        "tenants/globex.yaml": f"{API}\nkind: Tenant\nmetadata: {{name: globex}}\nspec: {{}}\n",
        "secrets/mes.sops.yaml": SOPS,
    }
    for path, text in documents.items():
        file = root / "sites" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return render_site(root, "site")


def test_an_argo_project_of_a_tenant_allows_exactly_the_workload_kinds(tmp_path: Path) -> None:
    project = rendered(tmp_path, "argocd")["AppProject", "tenant-acme"]["spec"]
    allowed = {(entry["group"], entry["kind"]) for entry in project["namespaceResourceWhitelist"]}
    assert allowed == {(group, kind) for group, kind, _ in WORKLOADS}
    assert project["clusterResourceWhitelist"] == []
    assert [target["namespace"] for target in project["destinations"]] == ["tenant-acme"]


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_every_tenant_is_delivered_apart(tmp_path: Path, engine: str) -> None:
    kind, path = {"flux": ("Kustomization", ("path",)), "argocd": ("Application", ("source", "path"))}[engine]
    objects = rendered(tmp_path, engine)
    for tenant in ("acme", "globex"):
        found: Any = objects[kind, f"tenant-{tenant}"]["spec"]
        for step in path:
            found = found[step]
        assert found.removeprefix("./") == f"tenants/{tenant}"


def test_sops_secrets_are_decrypted_where_they_lie(tmp_path: Path) -> None:
    objects = rendered(tmp_path, "flux", acme="{secrets: {mes: {sops: secrets/mes.sops.yaml}}}")
    keys = {"provider": "sops", "secretRef": {"name": "sops-age"}}
    assert objects["Kustomization", "edge-platform"]["spec"]["decryption"] == keys
    assert "decryption" not in objects["Kustomization", "tenant-acme"]["spec"]


@pytest.mark.parametrize(
    "params", ["{secretName: key}", '{ociRepository: "oci://registry.local/a/b", secretName: key}']
)
def test_a_locked_down_flux_can_apply_it(tmp_path: Path, params: str) -> None:
    """As with --no-cross-namespace-refs and --default-service-account: nothing points elsewhere, everything has an account."""
    objects = rendered(tmp_path, "flux", params=params)
    ours = {key: each for key, each in objects.items() if "fluxcd" in each["apiVersion"]}
    assert len(ours) == 5
    assert {each["metadata"]["namespace"] for each in ours.values()} == {"flux-system"}
    assert not any("namespace" in reference for each in ours.values() for reference in references(each["spec"]))
    kustomizations = [each["spec"] for (kind, _), each in ours.items() if kind == "Kustomization"]
    accounts = {spec["serviceAccountName"] for spec in kustomizations}
    assert accounts == {"kustomize-controller", "delivery-acme", "delivery-globex"}
    source = next(each for (kind, _), each in ours.items() if kind.endswith("Repository"))
    assert {(s["sourceRef"]["kind"], s["sourceRef"]["name"]) for s in kustomizations} == {
        (source["kind"], source["metadata"]["name"])
    }


def references(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a spec that names another object."""
    if isinstance(value, dict):
        if "name" in value:
            yield value
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_without_sops_secrets_no_keys_are_named(tmp_path: Path) -> None:
    assert "decryption" not in rendered(tmp_path, "flux")["Kustomization", "edge-platform"]["spec"]
