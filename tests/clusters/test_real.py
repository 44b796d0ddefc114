"""A real API server, where one is at hand, takes every object of the example by both engines, and tells the same back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from composer.source.reader import parse_all
from tests.cli.kit import Ran, composer, delivery, example, notes
from tests.clusters.real import FORBIDDEN, TOKEN, Binaries, Real, binaries, etcd, free_ports, serving, wait
from tests.clusters.server import kubeconfig
from tests.publish.making import git

SITES = ("berlin-01", "hub-eu", "lyon-01", "park-7", "rome-01", "rome-02")
MANAGERS = {"flux": "kustomize-controller", "argocd": "argocd-controller", "central": "argocd-controller"}
PODS = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
READY = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "done"}


@dataclass(frozen=True, eq=False)
class World:
    """The programs and their store, and the published example by variant of its delivery."""

    found: Binaries
    store: str
    fleets: Mapping[str, Path]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = binaries()
    folder = tmp_path_factory.mktemp("real")
    fleets = {variant: made(folder / variant, variant) for variant in MANAGERS}
    with etcd(found, folder) as store:
        yield World(found, store, fleets)


def made(root: Path, variant: str) -> Path:
    """The example fleet, delivered this way."""
    root.mkdir()
    example(root)
    if variant != "flux":
        fleet = root / "sites/fleet.yaml"
        text = fleet.read_text().replace("engine: flux ", "engine: argocd ")
        if variant == "central":
            text = text.replace(
                "    blueprints:  ", "    blueprints:\n      delivery-argocd: {params: {central: true}} "
            )
        fleet.write_text(text)
        more = ', argocd-impersonation: "3.5"' if variant == "central" else ""
        for profile in (root / "sites/profiles").iterdir():
            profile.write_text(profile.read_text().replace('flux: "2.6"', f'argocd: "3.5"{more}'))
    ran = composer(root, "publish", "--allow-dirty")
    assert ran.code == 0, ran.err
    return root


def told(ran: Ran) -> Any:
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def objects_of(root: Path, site: str, folder: Path) -> dict[str, list[Any]]:
    """What the site's cluster is to hold: those of each tenant's folder by its name, and all others under ""."""
    ran = composer(root, "render", site, "-o", str(folder))
    assert ran.code == 0, ran.err
    found: dict[str, list[Any]] = {"": []}
    for file in sorted((folder / site).rglob("*.yaml")):
        parts = file.relative_to(folder / site).parts
        tenant = parts[1] if parts[0] == "tenants" else ""
        read = [each.data for each in parse_all(file.read_text(), file.name)]
        own = ("edge-composer.io/", "kustomize.config.k8s.io/")
        found.setdefault(tenant, []).extend(each for each in read if not each["apiVersion"].startswith(own))
    return found


def marked(object_: Any, variant: str) -> Any:
    """The object as its engine applies it: with what it is known by."""
    section, key = ("labels", "kustomize.toolkit.fluxcd.io/name")
    if variant != "flux":
        section, key = ("annotations", "argocd.argoproj.io/tracking-id")
    metadata = object_["metadata"]
    return {**object_, "metadata": {**metadata, section: {**metadata.get(section, {}), key: "edge-platform"}}}


def account_of(objects: list[Any], tenant: str) -> str:
    """The account under which the tenant's folder is applied, as Kubernetes knows it; "" where it has none of its own."""
    for each in objects:
        name, spec = each["metadata"]["name"], each.get("spec", {})
        if each["kind"] == "Kustomization" and name == f"tenant-{tenant}":
            return f"system:serviceaccount:{each['metadata']['namespace']}:{spec['serviceAccountName']}"
        if each["kind"] == "AppProject" and name.endswith(f"tenant-{tenant}"):
            named = spec.get("destinationServiceAccounts")
            return f"system:serviceaccount:{named[0]['defaultServiceAccount']}" if named else ""
    raise AssertionError(tenant)


def apply_tenant(cluster: Real, tenant: str, objects: list[Any], manager: str, account: str) -> None:
    """Applies the tenant's folder as its account, which may do that and nothing more."""
    namespace = f"tenant-{tenant}"
    if account:
        wait(lambda: cluster.allows(account, "patch", "apps", "deployments", namespace))
    cluster.apply(objects, manager, account)
    if account:
        elsewhere = [{**each, "metadata": {**each["metadata"], "namespace": "edge-platform"}} for each in objects[:1]]
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": []}
        inside = {**role, "metadata": {"name": "more", "namespace": namespace}}
        whole = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "more"}}
        for each in (*elsewhere, inside, whole):
            with pytest.raises(AssertionError, match=f"{FORBIDDEN}: .* cannot "):
                cluster.apply([each], manager, account)


def prepare(world: World, cluster: Real, root: Path, site: str) -> None:
    """Has the cluster hold what `bootstrap` says that it expects, and what it prints."""
    once = told(composer(root, "bootstrap", site, "--format", "json"))
    needs = once["prerequisites"]
    kinds = dict.fromkeys((each["apiVersion"].partition("/")[0], each["kind"]) for each in needs["kinds"])
    missing = kinds.keys() - world.found.definitions.keys()
    assert not missing, f"the folder COMPOSER_CRDS lacks the definitions of {sorted(missing)}"
    cluster.define([world.found.definitions[kind] for kind in kinds])
    for name in needs["namespaces"]:
        cluster.put_namespace(name)
    cluster.apply(once["objects"], "somebody")


def config(cluster: Real, *names: str) -> str:
    servers = dict.fromkeys(names, cluster.host)
    trust = {"certificate-authority": str(cluster.folder / "apiserver.crt")}
    return str(kubeconfig(cluster.folder / "kubeconfig", servers, {"token": TOKEN}, **trust))


def try_pods(cluster: Real, objects: list[Any]) -> None:
    """Has the server try a pod of each workload, for what it checks of pods alone: security levels, limits, accounts."""
    for each in objects:
        if each["kind"] in PODS:
            template: Any = each
            for key in PODS[each["kind"]]:
                template = template[key]
            namespace = each["metadata"]["namespace"]
            metadata = {**template.get("metadata", {}), "name": each["metadata"]["name"], "namespace": namespace}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
            cluster.ask("POST", f"/api/v1/namespaces/{namespace}/pods", pod, dryRun="All", fieldValidation="Strict")


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("variant", MANAGERS)
def test_every_object_is_taken_and_there_is_no_difference_then(
    world: World, tmp_path: Path, variant: str, site: str
) -> None:
    root = world.fleets[variant]
    found = objects_of(root, site, tmp_path / "rendered").items()
    with serving(world.found, world.store, tmp_path / f"{variant}-{site}") as cluster:
        prepare(world, cluster, root, site)
        platform, *folders = ((tenant, [marked(each, variant) for each in objects]) for tenant, objects in found)
        cluster.apply(platform[1], MANAGERS[variant])
        accounts = {tenant: account_of(platform[1], tenant) for tenant, _ in folders}
        assert all(bool(account) is (variant != "argocd") for account in accounts.values())
        for tenant, objects in folders:
            apply_tenant(cluster, tenant, objects, MANAGERS[variant], accounts[tenant])
        try_pods(cluster, [each for _, objects in (platform, *folders) for each in objects])
        same = composer(root, "diff", site, "--server", "real", "--exit-code", KUBECONFIG=config(cluster, "real"))
        assert (same.out, same.code, same.err) == ("no changes at 1 site\n", 0, "")


@pytest.mark.parametrize("variant", ["flux", "argocd"])
def test_status_import_and_a_site_out_of_reach(world: World, tmp_path: Path, variant: str) -> None:
    root = world.fleets[variant]
    delivering = {"GitRepository", "Kustomization", "Application"}
    objects = [each for each in objects_of(root, "lyon-01", tmp_path / "rendered")[""] if each["kind"] in delivering]
    with serving(world.found, world.store, tmp_path / f"{variant}-status") as cluster:
        prepare(world, cluster, root, "lyon-01")
        known = config(cluster, "lyon-01", "park-7")
        nobody = json.loads(Path(known).read_text())
        nobody["clusters"][1]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
        Path(known).write_text(json.dumps(nobody))
        assert states(root, known) == {"lyon-01": "not found", "park-7": "unreachable"}
        cluster.apply(objects, MANAGERS[variant])
        head = git(delivery(root), "rev-parse", "site/lyon-01")
        say_status(world, cluster, objects, head)
        assert states(root, known) == {"lyon-01": "applied", "park-7": "unreachable"}
        say_status(world, cluster, objects[-1:], "0" * 40)
        assert states(root, known)["lyon-01"] == "older"
        fresh = notes(tmp_path / "fleet", "a")
        imported = composer(fresh, "crds", "import", "--context", "lyon-01", KUBECONFIG=known)
        assert imported.code == 0, imported.err
        group = "argoproj.io" if variant == "argocd" else "kustomize.toolkit.fluxcd.io"
        assert any(group in line for line in imported.out.splitlines())
        away = composer(root, "diff", "--server", "{site}", "lyon-01", "park-7", KUBECONFIG=known)
        assert (away.code, "warning[K053]" in away.err, "lyon-01" in away.out) == (0, True, True)


def say_status(world: World, cluster: Real, objects: list[Any], commit: str) -> None:
    """Has them say that they applied this commit of the branch, as their controllers would."""
    for each in objects:
        generation = cluster.ask("GET", cluster.path(each))["metadata"]["generation"]
        revision, conditions = f"site/lyon-01@sha1:{commit}", [{**READY, "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        said: Any = {"observedGeneration": generation, "conditions": conditions}
        if each["kind"] == "GitRepository":
            artifact = {"revision": revision, "digest": f"sha256:{'0' * 64}", "path": "a", "url": "http://a"}
            said |= {"artifact": {**artifact, "lastUpdateTime": "2026-01-01T00:00:00Z"}}
        elif each["kind"] == "Kustomization":
            said |= {"lastAppliedRevision": revision, "lastAttemptedRevision": revision}
        else:
            compared = {key: each["spec"][key] for key in ("source", "destination")}
            said = {"sync": {"status": "Synced", "revision": commit, "comparedTo": compared}}
            said |= {"health": {"status": "Healthy"}}
        group = each["apiVersion"].partition("/")[0]
        versions = world.found.definitions[group, each["kind"]]["spec"]["versions"]
        # Argo CD's definition has no such subresource; the status stands beside the spec.
        separate = any("status" in version.get("subresources", {}) for version in versions)
        path = cluster.path(each) + ("/status" if separate else "")
        cluster.ask("PATCH", path, {"status": said}, "application/merge-patch+json", fieldValidation="Strict")


def states(root: Path, known: str) -> dict[str, str]:
    found = told(composer(root, "status", "lyon-01", "park-7", "--format", "json", KUBECONFIG=known))
    return {row["site"]: row["state"] for row in found["sites"]}
