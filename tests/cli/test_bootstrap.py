"""`composer bootstrap` as people type it: what is applied once, and what has to be there before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from composer.cli.main import main
from composer.source.reader import parse_all
from tests.cli.kit import ROOT, fleet, identity, noted, site
from tests.load.fleets import document

ARGO = '{cert-manager: "1.18", argocd: "3.0"}'
ARGO_FLEET = document(
    "Fleet",
    "test",
    '{delivery: {engine: argocd, url: "https://git.example.com/delivery.git"}, '
    "defaults: {blueprints: {delivery-argocd: {params: {secretName: deploy-key}}}}}",
)


def printed(capsys: pytest.CaptureFixture[str], root: Path, name: str, code: int = 0) -> str:
    assert main(["-C", str(root), "bootstrap", name]) == code
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], root: Path, name: str) -> Any:
    assert main(["-C", str(root), "bootstrap", name, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_applied_once_lies_on_the_branch_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    once = [read.data for read in parse_all(printed(capsys, ROOT, "berlin-01"), "printed")]
    assert [(each["kind"], each["metadata"]["name"]) for each in once] == [
        ("Namespace", "flux-system"),
        ("GitRepository", "edge-stack"),
        ("Kustomization", "edge-delivery"),
    ]
    assert main(["-C", str(ROOT), "render", "berlin-01", "-o", str(tmp_path / "out")]) == 0
    branch = [
        read.data
        for file in sorted((tmp_path / "out/berlin-01/delivery/flux-system").iterdir())
        for read in parse_all(file.read_text(), file.name)
    ]
    assert all(each in branch for each in once[1:])
    assert once[2]["spec"]["path"] == "./delivery"


def test_what_must_be_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    needs = told(capsys, ROOT, "berlin-01")["prerequisites"]
    assert needs["kubernetes"]["version"] == "1.33"
    versions = {each["name"]: each["version"] for each in needs["capabilities"]}
    assert versions == {"cert-manager": "1.18", "external-secrets": "0.17", "flux": "2.6"}
    flux = next(each for each in needs["capabilities"] if each["name"] == "flux")
    assert flux["needs"] == [{"range": ">=2.3", "blueprints": ["delivery-flux"]}]
    assert {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret"} in needs["kinds"]
    assert needs["namespaces"] == ["cert-manager"]
    found = {(each["kind"], each["namespace"], each["name"]): each["neededBy"] for each in needs["objects"]}
    assert found["Secret", "edge-platform", "bridge-hub-eu"] == ["Deployment/ingress"]
    assert found["ClusterSecretStore", None, "vault"] == ["ExternalSecret/mes"]


def test_comments_say_the_same_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, ROOT, "berlin-01")
    comments, _, _ = text.partition("---\n")
    assert all(line.startswith("#") for line in comments.splitlines())
    assert "#   edge-platform/bridge-hub-eu (for Deployment/ingress)\n" in comments
    assert "#   ClusterSecretStore vault (for ExternalSecret/mes)\n" in comments
    assert "#   flux 2.6 (>=2.3 for delivery-flux)\n" in comments


def test_argo_cd_gets_its_project_before_its_application(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = site("one", "tenants: {}").replace('flux: "2.6"', 'argocd: "3.0"')
    root = fleet(tmp_path, {"fleet.yaml": ARGO_FLEET, "one.yaml": one})
    found = told(capsys, root, "one")
    assert [identity(each)[1:] for each in found["objects"]] == [
        ("AppProject", "argocd", "edge-platform"),
        ("Application", "argocd", "edge-delivery"),
    ]
    assert found["objects"][1]["spec"]["source"] == {
        "repoURL": "https://git.example.com/delivery.git",
        "targetRevision": "site/one",
        "path": "delivery",
    }
    (secret,) = (each for each in found["prerequisites"]["objects"] if each["name"] == "deploy-key")
    assert (secret["namespace"], secret["labels"]) == ("argocd", {"argocd.argoproj.io/secret-type": "repository"})
    assert "argocd" in found["prerequisites"]["namespaces"]


def test_one_argo_cd_for_many_sites_has_one_application_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    central = ARGO_FLEET.replace("secretName: deploy-key", "central: true")
    central = central.replace("engine: argocd", 'engine: argocd, branch: "edge/{site}"')
    one, two = (site(name, "tenants: {}").replace('flux: "2.6"', 'argocd: "3.0"') for name in ("one", "two"))
    root = fleet(tmp_path, {"fleet.yaml": central, "one.yaml": one, "two.yaml": two})
    found = told(capsys, root, "one")
    assert found["objects"] == told(capsys, root, "two")["objects"]  # whichever site is asked for
    project, sites = found["objects"]
    assert (project["kind"], project["spec"]["clusterResourceWhitelist"]) == ("AppProject", [])
    assert {each["kind"] for each in project["spec"]["namespaceResourceWhitelist"]} == {"AppProject", "Application"}
    assert (sites["kind"], sites["spec"]["goTemplate"]) == ("ApplicationSet", True)
    label = '{{ index .metadata.labels "edge-composer.io/site" }}'
    template = sites["spec"]["template"]
    assert template["metadata"]["name"] == f"{label}-edge-delivery"
    assert template["spec"]["source"] == {
        "repoURL": "https://git.example.com/delivery.git",
        "targetRevision": f"edge/{label}",
        "path": "delivery",
    }
    (cluster,) = (each for each in found["prerequisites"]["objects"] if each["kind"] == "Secret")
    assert (cluster["namespace"], cluster["name"]) == ("argocd", "one")
    wanted = sites["spec"]["generators"][0]["clusters"]["selector"]["matchLabels"]
    assert wanted.items() <= cluster["labels"].items()
    assert cluster["labels"]["edge-composer.io/site"] == "one"


def test_each_repository_of_a_sharded_fleet_has_an_application_set_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = '{name: eu, matchLabels: {region: eu}, repository: out/eu.git, url: "https://git.example.com/eu.git"}'
    central = ARGO_FLEET.replace("secretName: deploy-key", "central: true")
    central = central.replace("engine: argocd", f"engine: argocd, shards: [{shard}]")
    labels = {"one": "{region: eu}", "two": "{}"}
    sites = {name: site(name, "tenants: {}", labels=said) for name, said in labels.items()}
    files = {f"{name}.yaml": text.replace('flux: "2.6"', 'argocd: "3.0"') for name, text in sites.items()}
    root = fleet(tmp_path, {"fleet.yaml": central, **files})
    for name, suffix, label in (("one", "-eu", {"edge-composer.io/shard": "eu"}), ("two", "", {})):
        found = told(capsys, root, name)
        project, sites_of = found["objects"]
        assert (project["metadata"]["name"], sites_of["metadata"]["name"]) == (
            f"test-edge-delivery{suffix}",
            f"test-edge-sites{suffix}",
        )
        template = sites_of["spec"]["template"]["spec"]
        assert template["project"] == project["metadata"]["name"]
        assert project["spec"]["sourceRepos"] == [template["source"]["repoURL"]]
        (cluster,) = (each for each in found["prerequisites"]["objects"] if each["kind"] == "Secret")
        assert {key: value for key, value in cluster["labels"].items() if key.endswith("/shard")} == label
        # Each set takes the clusters of its own sites, and of no other.
        selector = sites_of["spec"]["generators"][0]["clusters"]["selector"]
        assert [selects(selector, each) for each in ({}, {"edge-composer.io/shard": "eu"})] == [
            not suffix,
            bool(suffix),
        ]


def selects(selector: Any, labels: dict[str, str]) -> bool:
    """Whether a label selector takes a registered cluster of the fleet with these further labels."""
    known = {"edge-composer.io/site": "any", **labels}
    holds = {
        "Exists": lambda each: each["key"] in known,
        "DoesNotExist": lambda each: each["key"] not in known,
        "In": lambda each: known.get(each["key"]) in each["values"],
    }
    return all(holds[each["operator"]](each) for each in selector["matchExpressions"])


def test_secrets_that_the_branch_brings_are_not_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sealed = "ENC[AES256_GCM,data:Y2g=,iv:YQ==,tag:Yg==,type:str]"
    secret = f"""
apiVersion: v1
kind: Secret
metadata: {{name: mes, namespace: tenant-acme}}
stringData: {{token: "{sealed}"}}
sops: {{age: [], lastmodified: "2026-01-01T00:00:00Z", mac: "{sealed}", version: 3.9.0}}
"""
    tenant = document("Tenant", "acme", "{secrets: {mes: {sops: secrets/mes.yaml}}}")
    files = {"one.yaml": site("one", "tenants: {acme: {}}"), "tenants/acme.yaml": tenant, "secrets/mes.yaml": secret}
    needs = told(capsys, fleet(tmp_path, files), "one")["prerequisites"]
    names = [(each["namespace"], each["name"]) for each in needs["objects"] if each["kind"] == "Secret"]
    assert names == [("flux-system", "sops-age")]


def test_of_a_site_with_errors_nothing_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = fleet(tmp_path, {"one.yaml": site("one", "components: {note: {blueprint: not@1}}")})
    assert printed(capsys, root, "one", code=1) == ""


def test_what_is_applied_once_is_checked_like_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = fleet(tmp_path, {"one.yaml": noted("one")})
    folder = root / "blueprints/note/v1"
    (folder / "bootstrap").mkdir()
    (folder / "bootstrap/namespace.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {nam: a, name: a}\n")
    manifest = folder / "blueprint.yaml"
    manifest.write_text(
        manifest.read_text().replace("scope: site", "scope: site, bootstrap: {objects: [bootstrap/namespace.yaml]}")
    )
    assert main(["-C", str(root), "bootstrap", "one"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "blueprints/note/v1/bootstrap/namespace.yaml" in shown.err
    assert main(["-C", str(root), "validate", "one"]) == 0  # it is no part of the branch


def test_a_site_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(ROOT), "bootstrap", "berlin-1"]) == 2
    assert "did you mean 'berlin-01'?" in capsys.readouterr().err
