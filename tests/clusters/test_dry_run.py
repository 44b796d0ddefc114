"""`composer diff --server`: what servers say that applying would change. They only try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import FLEET, Ran, composer, fleet, note, noted, site
from tests.clusters.server import KINDS, TOKEN, Api, Cluster, kubeconfig, stored

NOTE = "/api/v1/namespaces/edge-platform/configmaps/note"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet(tmp_path_factory.mktemp("fleet"), {f"{name}.yaml": noted(name) for name in "ab"})


@pytest.fixture(scope="module")
def objects(root: Path) -> list[Any]:
    """The objects of site a, without those of its branch alone."""
    rendered = composer(root, "render", "a", "-o", "-").objects
    return [each for each in rendered if "metadata" in each]


@pytest.fixture
def cluster(api: Api, objects: list[Any]) -> Cluster:
    """A cluster that holds all of the site's objects as they are."""
    flux = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}
    held = api.clusters["a"] = Cluster()
    for each in [flux, *objects]:
        held.objects[path_of(each)] = stored(each)
    return held


def path_of(object_: Any) -> str:
    version, metadata = object_["apiVersion"], object_["metadata"]
    plural, namespaced = KINDS[version][object_["kind"]]
    inside = f"/namespaces/{metadata['namespace']}" if namespaced else ""
    return f"/{'apis' if '/' in version else 'api'}/{version}{inside}/{plural}/{metadata['name']}"


def diff(root: Path, api: Api, *words: str, **servers: str) -> Ran:
    """The command, of which nothing may come but dry runs."""
    known = kubeconfig(root / "kubeconfig", servers or {"a": api.address("a")})
    ran = composer(root, "diff", *words, KUBECONFIG=str(known))
    assert TOKEN not in ran.out + ran.err
    assert api.writes == []
    assert {request.verb for request in api.requests} <= {"GET", "PATCH"}
    return ran


@pytest.mark.usefixtures("cluster")
def test_what_the_server_has_as_it_would_be_is_no_change(root: Path, api: Api, objects: list[Any]) -> None:
    ran = diff(root, api, "a", "--server", "a", "--exit-code")
    assert (ran.code, ran.out, ran.err) == (0, "no changes at 1 site\n", "")
    tried = [request for request in api.requests if request.verb == "PATCH"]
    assert sorted(request.path for request in tried) == sorted(map(path_of, objects))
    said = {"dryRun": "All", "fieldManager": "kustomize-controller", "force": "true"}
    assert all(request.query == said for request in tried)
    assert {json.dumps(request.body, sort_keys=True) for request in tried} == {
        json.dumps(each, sort_keys=True) for each in objects
    }


@pytest.mark.parametrize(
    ("section", "key"),
    [("labels", "kustomize.toolkit.fluxcd.io/name"), ("annotations", "argocd.argoproj.io/tracking-id")],
)
def test_what_engines_know_objects_by_is_no_change(
    root: Path, api: Api, cluster: Cluster, section: str, key: str
) -> None:
    for held in cluster.objects.values():
        held["metadata"].setdefault(section, {})[key] = "theirs"
    cluster.objects[NOTE]["data"]["text"] = "edited by hand"
    ran = diff(root, api, "a", "--server", "a", "--format", "json")
    (change,) = json.loads(ran.out)["changes"]
    assert [field["path"] for field in change["fields"]] == ["data.text"]
    tried = [request.body["metadata"][section] for request in api.requests if request.verb == "PATCH"]
    assert {said[key] for said in tried} == {"theirs"}


def test_what_is_new_and_what_changes_is_shown_by_fields(root: Path, api: Api, cluster: Cluster) -> None:
    service_account = next(path for path in cluster.objects if "/serviceaccounts/" in path)
    del cluster.objects[service_account]
    cluster.objects[NOTE]["data"]["text"] = "edited by hand"
    ran = diff(root, api, "a", "--server", "a", "--format", "json", "--exit-code")
    assert ran.code == 10, ran.err
    changes = {each["object"]["kind"]: each for each in json.loads(ran.out)["changes"]}
    assert sorted((kind, each["action"]) for kind, each in changes.items()) == [
        ("ConfigMap", "changed"),
        ("ServiceAccount", "added"),
    ]
    assert changes["ConfigMap"]["fields"] == [
        {"action": "changed", "path": "data.text", "old": "edited by hand", "new": "hello"}
    ]


@pytest.mark.parametrize(("status", "reason"), [(403, "it does not allow this: "), (409, ""), (422, ""), (500, "")])
def test_what_the_server_would_refuse_is_an_error_at_its_template(
    root: Path, api: Api, cluster: Cluster, status: int, reason: str
) -> None:
    cluster.refused[NOTE] = (status, 'admission webhook "policy" denied the request: no notes')
    ran = diff(root, api, "a", "--server", "a")
    assert ran.code == 1
    assert f"the server of context a would refuse it: {reason}admission webhook" in " ".join(ran.err.split())
    assert "error[K054]" in ran.err
    assert "blueprints/note/v1/manifests/object.yaml:2:1" in ran.err


def test_what_hangs_on_what_is_not_there_yet_is_named_once(root: Path, api: Api, cluster: Cluster) -> None:
    cluster.objects.clear()
    cluster.unknown = frozenset({"kustomize.toolkit.fluxcd.io/v1"})
    ran = diff(root, api, "a", "--server", "a")
    assert ran.code == 0
    said = " ".join(ran.err.split())
    assert 'not tried, because namespaces "edge-platform" not found: ' in said
    assert "the server knows no Kustomization of kustomize.toolkit.fluxcd.io/v1" in said
    assert said.count("warning[K055]") == 3, said
    assert "+ Namespace edge-platform" in ran.out


def test_what_a_server_warns_of_is_a_warning(root: Path, api: Api, cluster: Cluster) -> None:
    cluster.warnings[NOTE] = "v1 Notes are deprecated"
    ran = diff(root, api, "a", "--server", "a")
    assert ran.code == 0
    assert "warning[K056]" in ran.err
    assert "v1 Notes are deprecated" in " ".join(ran.err.split())


@pytest.mark.usefixtures("cluster")
def test_a_server_that_cannot_be_asked_keeps_no_other_site(root: Path, api: Api) -> None:
    servers = {"admin@a": api.address("a"), "admin@b": "http://127.0.0.1:1"}
    ran = diff(root, api, "--server", "admin@{site}", **servers)
    assert (ran.code, ran.out) == (0, "no changes at 1 site\n")
    assert "warning[K053]: site b: cannot ask the cluster of context admin@b: connection refused" in ran.err
    assert ran.err.endswith("1 site could not be tried: b\n")
    # What was not seen is no proof that nothing changes.
    assert diff(root, api, "--server", "admin@{site}", "--exit-code", **servers).code == 1
    assert diff(root, api, "b", "--server", "admin@b", **servers).code == 1


@pytest.mark.usefixtures("cluster")
def test_each_site_may_be_tried_at_its_own_cluster(root: Path, api: Api) -> None:
    ran = diff(root, api, "a", "--server", "-")
    assert (ran.code, ran.out) == (0, "no changes at 1 site\n")


def test_what_delivers_a_site_from_elsewhere_is_tried_there(tmp_path: Path, api: Api) -> None:
    central = "engine: argocd, context: hub, "
    params = "defaults: {blueprints: {delivery-argocd: {params: {central: true}}}}, delivery: {"
    kind = FLEET.replace("engine: flux, ", central).replace("delivery: {", params)
    root = fleet(tmp_path, {"fleet.yaml": kind, "a.yaml": noted("a").replace('flux: "2.6"', 'argocd: "3.0"')})
    api.clusters |= {"a": Cluster(unknown=frozenset({"argoproj.io/v1alpha1"})), "hub": Cluster()}
    for each in composer(root, "render", "a", "-o", "-").objects:
        if "metadata" in each and each["apiVersion"] in KINDS and each["kind"] in KINDS[each["apiVersion"]]:
            where = "hub" if each["apiVersion"].startswith("argoproj.io") else "a"
            api.clusters[where].objects[path_of(each)] = stored(each)
    argo = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}
    api.clusters["hub"].objects[path_of(argo)] = argo
    ran = diff(root, api, "a", "--server", "a", a=api.address("a"), hub=api.address("hub"))
    assert (ran.code, ran.out) == (0, "no changes at 1 site\n"), ran.err
    assert {request.cluster for request in api.requests if "argoproj" in request.path} == {"hub"}


def test_values_of_secrets_at_the_server_are_not_shown(tmp_path: Path, api: Api) -> None:
    names = '{name: "{{ component.fullname }}", namespace: "{{ component.namespace }}"}'
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {names}\n"
    root = fleet(tmp_path, {"a.yaml": site("a", note('text: ""'))})
    (root / "blueprints/note/v1/manifests/object.yaml").write_text(secret)
    held = api.clusters["a"] = Cluster()
    for each in composer(root, "render", "a", "-o", "-").objects:
        if "metadata" in each:
            held.objects[path_of(each)] = stored(each)
    kept = held.objects["/api/v1/namespaces/edge-platform/secrets/note"]
    kept["data"] = {"password": "aHVudGVyMg=="}
    ran = diff(root, api, "a", "--server", "a", "--format", "json")
    assert "aHVudGVyMg" not in ran.out + ran.err
    assert "(hidden)" in ran.out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--server", "a"), "one cluster is not that of 2 sites"),
        (("a", "--server", "a", "--format", "unified"), "a server has no files"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    root: Path, api: Api, words: tuple[str, ...], reason: str
) -> None:
    ran = diff(root, api, *words)
    assert ran.code == 2
    assert reason in ran.err
    assert api.requests == []


def test_credentials_that_are_not_accepted_are_said_once(root: Path, api: Api) -> None:
    api.clusters["a"] = Cluster(broken="401")
    ran = diff(root, api, "a", "--server", "a")
    assert (ran.code, ran.err.count("does not accept the credentials")) == (1, 1)
    assert len(api.requests) == 1
