"""What blueprints of a fleet's own may not give away: rights at the cluster's API, and identities at the broker."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from composer.diagnostic import Diagnostic
from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from tests.cli.kit import ROOT, blueprint, composer, site
from tests.load.fleets import document, write

SITE = site(
    "berlin", "components: {ingress: {blueprint: mqtt-mosquitto@1}, own: {blueprint: own@1}}", "tenants: {acme: {}}"
)
ACME = document("Tenant", "acme", "{devices: {press: {count: 4, publish: [{topic: a, rate: 1/s, bytes: 9}]}}}")
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: %s
metadata: {%s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: %s}
subjects: [{%s}]
"""
CERTIFICATE = """
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: c%d, namespace: edge-platform}
spec: {secretName: c%d, issuerRef: {kind: ClusterIssuer, name: tenant-acme}, %s}
"""


def found(root: Path, objects: Sequence[str], engine: str = "flux") -> list[str]:
    """Code, object and message of the rights and identities that a platform's blueprint with these objects gives away."""
    blueprint(root, "own", objects[0], "{}\n")
    for index, text in enumerate(objects[1:]):
        (root / f"blueprints/own/v1/manifests/more{index}.yaml").write_text(text)
    return sorted(f"{d.code} {d.message}" for d in composed(root, engine) if d.code in ("K017", "W083", "W084"))


def composed(root: Path, engine: str = "flux") -> Sequence[Diagnostic]:
    said = f'{{delivery: {{engine: {engine}, url: "https://git.example.com/delivery.git"}}}}'
    here = SITE if engine == "flux" else SITE.replace('flux: "2.6"', 'argocd: "3.2"')
    fleet = write(root, {"fleet.yaml": document("Fleet", "test", said), "berlin.yaml": here, "tenants/acme.yaml": ACME})
    loaded, wrong = load_fleet(fleet)
    assert wrong == []
    return Line(loaded).compose("berlin").findings


def test_k017_a_fleet_s_own_walls_give_delivery_no_more_than_the_rows(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "blueprints/tenancy", tmp_path / "blueprints/tenancy")
    shutil.copytree(ROOT / "blueprints/_lib", tmp_path / "blueprints/_lib")
    walls = tmp_path / "blueprints/tenancy/v1/manifests/delivery.yaml"
    assert (
        found(tmp_path, ["apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: own, namespace: edge-platform}\n"])
        == []
    )
    rules = '  rules: "{{ tenant.delivery.rules }}"\n'
    assert rules in walls.read_text()
    secrets = '{apiGroups: [""], resources: [secrets], verbs: [get]}'
    walls.write_text(walls.read_text().replace(rules, f"  rules: [{secrets}]\n"))
    told = [f"{d.code} {d.message}" for d in composed(tmp_path) if d.code == "K017"]
    assert told == [
        "K017 RoleBinding/delivery: subjects.0 gives ServiceAccount flux-system/delivery-acme rights that do not follow from any "
        "document"
    ]


def test_w083_argo_cd_s_projects_hold_what_the_rows_say(tmp_path: Path) -> None:
    project = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: open, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
  clusterResourceWhitelist: [{group: "*", kind: "*"}]
"""
    assert found(tmp_path, [project], "argocd") == [
        "W083 AppProject/open: spec.clusterResourceWhitelist.0 lets Argo CD make what no document implies"
    ]


def test_w084_clients_of_the_broker_follow_from_documents(tmp_path: Path) -> None:
    right = "commonName: mqtt, dnsNames: [own.example.com], usages: [digital signature, server auth]"
    wrong = [
        "commonName: press-1, usages: [client auth]",
        "commonName: press-1",
        "isCA: true, commonName: x, usages: [cert sign]",
    ]
    issuer = """
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: mine}
spec: {ca: {secretName: tenant-acme-ca}}
"""
    objects = [CERTIFICATE % (index, index, said) for index, said in enumerate([right, *wrong])]
    assert found(tmp_path, [*objects, issuer]) == [
        "W084 Certificate/c1: spec.commonName makes a client of tenant-acme that no document implies",
        "W084 Certificate/c2: spec.commonName makes a client of tenant-acme that no document implies",
        "W084 Certificate/c3: spec makes a client of tenant-acme that no document implies",
        "W084 ClusterIssuer/mine: spec.ca.secretName signs with the key of tenant-acme: it could make any client of it",
    ]


def test_what_a_component_s_own_account_may_do_stands_in_isolation(tmp_path: Path) -> None:
    account = "kind: ServiceAccount, name: own, namespace: edge-platform"
    role = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: mine}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get, list]}]
"""
    made = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: own, namespace: edge-platform}\n"
    assert (
        found(tmp_path, [made, role, BINDING % ("ClusterRoleBinding", "name: mine", "ClusterRole", "mine", account)])
        == []
    )
    shown = composer(tmp_path, "isolation", "berlin").out
    (row,) = [line for line in shown.splitlines() if "edge-platform/own" in line]
    assert row.split("  ") == [
        "",
        "edge-platform/own",
        "get list v1/nodes",
        "the whole cluster",
        "own binds it to ClusterRole/mine, sites/berlin.yaml:6",
    ]
