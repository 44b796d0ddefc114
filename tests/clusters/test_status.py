"""`composer status`: what Flux and Argo CD say they applied, against where the branches stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from composer.source.reader import parse
from tests.cli.kit import FLEET, composer, delivery, fleet, noted
from tests.cli.kit import commit as commit_fleet
from tests.cli.test_promote import PROMOTE, promote
from tests.clusters.server import TOKEN, Api, Cluster, kubeconfig
from tests.publish.making import git

ARGO = FLEET.replace("engine: flux", "engine: argocd").replace("flux: ", "argocd: ")
PLURALS = {
    "GitRepository": "gitrepositories",
    "OCIRepository": "ocirepositories",
    "Kustomization": "kustomizations",
    "Application": "applications",
}
READY = {"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied revision"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sites of Flux, each published twice, so that there is a commit to be behind."""
    root = fleet(tmp_path_factory.mktemp("flux"), {f"{name}.yaml": noted(name, "once") for name in "abc"})
    publish_twice(root)
    return root


@pytest.fixture(scope="module")
def argo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = noted("a", "once").replace('flux: "2.6"', 'argocd: "3.0"')
    root = fleet(tmp_path_factory.mktemp("argo"), {"fleet.yaml": ARGO, "a.yaml": site})
    publish_twice(root)
    return root


def publish_twice(root: Path) -> None:
    for text in ("once", "twice"):
        for file in (root / "sites").glob("?.yaml"):
            file.write_text(file.read_text().replace("once", text))
        ran = composer(root, "publish", "--allow-dirty")
        assert ran.code == 0, ran.err


def commit(root: Path, site: str, back: int = 0) -> str:
    return git(delivery(root), "rev-parse", f"site/{site}~{back}").strip()


def cluster(root: Path, site: str, **statuses: Any) -> Cluster:
    """A cluster with all that delivers the site, each at the branch's head, or as said by its name."""
    found = Cluster()
    for path in git(delivery(root), "ls-tree", "-r", "--name-only", f"site/{site}", "delivery/").split():
        object_ = parse(git(delivery(root), "show", f"site/{site}:{path}"), path).data
        if object_["kind"] in PLURALS and "metadata" in object_:
            name, plural = object_["metadata"]["name"], PLURALS[object_["kind"]]
            said = statuses.get(name.replace("-", "_"), {})
            if said is None:
                continue
            kept = {**object_, "metadata": {**object_["metadata"], "generation": 1}}
            kept["status"] = status_at(object_, commit(root, site), site)
            namespace = object_["metadata"]["namespace"]
            found.objects[f"/apis/{object_['apiVersion']}/namespaces/{namespace}/{plural}/{name}"] = merged(kept, said)
    assert found.objects
    return found


def status_at(object_: Any, head: str, site: str) -> dict[str, Any]:
    revision = f"site/{site}@sha1:{head}"
    if object_["kind"].endswith("Repository"):
        return {"artifact": {"revision": revision}, "conditions": [READY], "observedGeneration": 1}
    if object_["kind"] == "Kustomization":
        return {"lastAppliedRevision": revision, "conditions": [READY], "observedGeneration": 1}
    return {"sync": {"status": "Synced", "revision": head}, "health": {"status": "Healthy"}}


def merged(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}


def config(tmp_path: Path, api: Api, *names: str) -> str:
    return str(kubeconfig(tmp_path / "kubeconfig", {name: api.address(name) for name in names}))


def rows(root: Path, config: str, *words: str) -> dict[str, Any]:
    ran = composer(root, "status", "--format", "json", *words, KUBECONFIG=config)
    assert (ran.code, TOKEN in ran.out + ran.err) == (0, False), ran.err
    return {row["site"]: row for row in json.loads(ran.out)["sites"]}


def states(row: Any) -> dict[str, tuple[str, int | None]]:
    return {f"{each['kind']} {each['name']}": (each["state"], each["behind"]) for each in row["delivered"]}


def test_each_site_has_a_line_and_whatever_is_late_one_below(published: Path, api: Api, tmp_path: Path) -> None:
    old = f"site/b@sha1:{commit(published, 'b', 1)}"
    failed = {
        "type": "Ready",
        "status": "False",
        "reason": "BuildFailed",
        "message": "kustomize build failed: \x1b[31mno",
    }
    api.clusters |= {
        "a": cluster(published, "a"),
        "b": cluster(published, "b", edge_platform={"status": {"lastAppliedRevision": old}}),
        "c": cluster(published, "c", edge_platform={"status": {"conditions": [failed]}}),
    }
    ran = composer(published, "status", KUBECONFIG=config(tmp_path, api, "a", "b", "c"))
    a, b, c = (commit(published, site)[:12] for site in "abc")
    assert ran.out.splitlines() == [
        f"applied            a (site/a {a})",
        f"behind 1 commit    b (site/b {b})",
        f"  behind 1 commit  Kustomization flux-system/edge-platform at {old}",
        f"failed             c (site/c {c})",
        f"  failed           Kustomization flux-system/edge-platform at site/c@sha1:{commit(published, 'c')}: "
        "kustomize build failed: \\x1b[31mno",
    ]
    assert (ran.code, ran.err) == (0, "3 sites: 1 applied, 1 behind, 1 failed\n")
    assert api.writes == []
    assert {request.verb for request in api.requests} == {"GET"}


def test_how_far_behind_is_known_as_far_as_the_branch_goes(published: Path, api: Api, tmp_path: Path) -> None:
    api.clusters |= {
        "a": cluster(
            published,
            "a",
            edge_platform={"status": {"lastAppliedRevision": f"site/a@sha1:{commit(published, 'a', 1)}"}},
            edge_delivery={"status": {"lastAppliedRevision": f"site/a@sha1:{'0' * 40}"}},
            edge_stack={
                "spec": {"suspend": True},
                "status": {"artifact": {"revision": "site/a/" + commit(published, "a", 1)}},
            },
        ),
        "b": cluster(published, "b", edge_platform={"status": {"lastAppliedRevision": None, "conditions": []}}),
    }
    found = rows(published, config(tmp_path, api, "a", "b"), "a", "b")
    assert states(found["a"]) == {
        "GitRepository edge-stack": ("suspended", 1),
        "Kustomization edge-delivery": ("older", None),
        "Kustomization edge-platform": ("behind", 1),
    }
    assert (found["a"]["state"], found["a"]["behind"], found["a"]["commit"]) == ("older", 1, commit(published, "a"))
    assert states(found["b"])["Kustomization edge-platform"] == ("older", None)


def test_what_is_not_there_or_may_not_be_read_is_said(published: Path, api: Api, tmp_path: Path) -> None:
    api.clusters |= {"a": cluster(published, "a", edge_platform=None), "b": cluster(published, "b"), "c": Cluster()}
    path = next(path for path in api.clusters["b"].objects if path.endswith("edge-platform"))
    api.clusters["b"].refused[path] = (403, "user somebody cannot get kustomizations")
    api.clusters["c"].unknown = frozenset({"kustomize.toolkit.fluxcd.io/v1"})
    found = rows(published, config(tmp_path, api, "a", "b", "c"))
    assert [found[site]["state"] for site in "abc"] == ["not found", "unreachable", "not found"]
    said = {each["name"]: each["message"] for each in found["b"]["delivered"]}
    assert said["edge-platform"] == "it does not allow this: user somebody cannot get kustomizations"
    assert states(found["b"])["Kustomization edge-delivery"] == ("applied", None)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("401", "it does not accept the credentials: something with 401"),
        ("500", "something with 500"),
        ("redirect", "it answers with status 302"),
        ("html", "what answers is no Kubernetes API"),
        ("cut", "the connection broke off"),
        ("slow", "no answer within 1 s"),
        ("dripping", "no answer within 1 s"),
    ],
)
def test_a_cluster_that_answers_wrongly_is_a_row_and_keeps_no_other(
    published: Path, api: Api, tmp_path: Path, broken: str, reason: str
) -> None:
    api.clusters |= {"a": cluster(published, "a"), "b": Cluster(broken=broken), "c": cluster(published, "c")}
    found = rows(published, config(tmp_path, api, "a", "b", "c"), "--timeout", "1")
    assert [found[site]["state"] for site in "abc"] == ["applied", "unreachable", "applied"]
    told = found["b"]["message"] or found["b"]["delivered"][0]["message"]
    assert told == reason
    assert not [request for request in api.requests if request.cluster == "elsewhere"]


def test_nobody_there_no_such_name_and_no_such_context_are_rows(published: Path, api: Api, tmp_path: Path) -> None:
    servers = {"a": "http://127.0.0.1:1", "b": "http://nowhere.invalid"}
    found = rows(published, str(kubeconfig(tmp_path / "kubeconfig", servers)))
    assert {site: (row["state"], row["message"]) for site, row in found.items()} == {
        "a": ("unreachable", "connection refused"),
        "b": ("unreachable", "the name of the server is not known"),
        "c": ("unreachable", "the kubeconfig has no context c"),
    }
    assert api.requests == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no kubeconfig; KUBECONFIG names one"),
        (f"users: [{{token: {TOKEN}, !!bad", "the kubeconfig cannot be read, line 1"),
        ("[]", "the kubeconfig cannot be read"),
        (f"{{contexts: [{{name: a, context: {{user: {TOKEN}, cluster: x}}}}], users: [], clusters: []}}", "no usable"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_said_without_what_stands_in_it(
    published: Path, tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "kubeconfig").write_text(content)
    found = rows(published, str(tmp_path / "kubeconfig"), "a")
    assert reason in found["a"]["message"]


def test_a_site_that_was_never_published_is_a_row_and_no_cluster_is_asked(api: Api, tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": noted("a")})
    found = rows(root, config(tmp_path, api, "a"))
    assert (found["a"]["state"], found["a"]["commit"]) == ("unpublished", None)
    assert api.requests == []


def test_contexts_are_named_by_sites_by_the_fleet_or_by_an_option(published: Path, api: Api, tmp_path: Path) -> None:
    api.clusters |= {"a": cluster(published, "a"), "b": cluster(published, "b")}
    known = str(kubeconfig(tmp_path / "kubeconfig", {"admin@a": api.address("a"), "box": api.address("b")}))
    found = rows(published, known, "a", "--context", "admin@{site}")
    assert (found["a"]["context"], found["a"]["state"]) == ("admin@a", "applied")
    files = {path: path.read_text() for path in ((published / "sites/fleet.yaml"), (published / "sites/b.yaml"))}
    try:
        pattern = 'defaults: {cluster: {context: "admin@{site}"}}, delivery:'
        (published / "sites/fleet.yaml").write_text(files[published / "sites/fleet.yaml"].replace("delivery:", pattern))
        own = files[published / "sites/b.yaml"].replace("cluster: {", "cluster: {context: box, ")
        (published / "sites/b.yaml").write_text(own)
        found = rows(published, known, "a", "b")
    finally:
        for path, content in files.items():
            path.write_text(content)
    assert [(found[site]["context"], found[site]["state"]) for site in "ab"] == [
        ("admin@a", "applied"),
        ("box", "applied"),
    ]


def test_with_exit_code_a_script_can_wait_for_all(published: Path, api: Api, tmp_path: Path) -> None:
    api.clusters |= {"a": cluster(published, "a"), "b": Cluster()}
    known = config(tmp_path, api, "a", "b")
    codes = [composer(published, "status", site, "--exit-code", KUBECONFIG=known).code for site in "ab"]
    assert codes == [0, 1]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "applied"),
        ({"sync": {"status": "OutOfSync"}, "history": [{"revision": "HEAD"}]}, "drifted"),
        ({"sync": {"status": "OutOfSync"}, "history": [{"revision": "OLD"}]}, "behind"),
        ({"sync": {"status": "OutOfSync"}}, "older"),
        ({"sync": {"revision": "OLD"}}, "behind"),
        ({"health": {"status": "Degraded", "message": "no pod"}}, "failed"),
        ({"operationState": {"phase": "Failed", "message": "one or more objects failed to apply"}}, "failed"),
        ({"conditions": [{"type": "ComparisonError", "message": "authentication required"}]}, "failed"),
        ({"conditions": [{"type": "OrphanedResourceWarning", "message": "1 orphan"}]}, "applied"),
        ({"health": {"status": "Progressing"}}, "applied"),
    ],
)
def test_what_argo_says(argo: Path, api: Api, tmp_path: Path, status: dict[str, Any], state: str) -> None:
    told = json.loads(json.dumps(status).replace("HEAD", commit(argo, "a")).replace("OLD", commit(argo, "a", 1)))
    api.clusters["a"] = cluster(argo, "a", edge_platform={"status": told})
    found = rows(argo, config(tmp_path, api, "a"))
    assert states(found["a"])["Application edge-platform"] == (state, 1 if state == "behind" else None)
    assert states(found["a"])["Application edge-delivery"] == ("applied", None)


def test_an_application_that_syncs_by_hand_only_is_suspended(argo: Path, api: Api, tmp_path: Path) -> None:
    api.clusters["a"] = cluster(argo, "a", edge_platform={"spec": {"syncPolicy": {"automated": None}}})
    assert rows(argo, config(tmp_path, api, "a"))["a"]["state"] == "suspended"


def test_where_one_argo_serves_many_sites_its_cluster_is_asked(api: Api, tmp_path: Path) -> None:
    site = noted("a").replace('flux: "2.6"', 'argocd: "3.0"')
    central = "defaults: {blueprints: {delivery-argocd: {params: {central: true}}}}, delivery: {context: hub, "
    root = fleet(tmp_path, {"fleet.yaml": ARGO.replace("delivery: {", central), "a.yaml": site})
    ran = composer(root, "publish", "--allow-dirty")
    assert ran.code == 0, ran.err
    api.clusters["hub"] = cluster(root, "a")
    found = rows(root, config(tmp_path, api, "hub"))
    assert (found["a"]["context"], found["a"]["state"]) == ("hub", "applied")
    assert {request.cluster for request in api.requests} == {"hub"}


def test_a_site_that_follows_a_registry_is_told_by_the_commit_its_bundle_came_from(api: Api, tmp_path: Path) -> None:
    registry = "components: {delivery: {params: {ociRepository: oci://registry.example.com/edge}}, note: "
    root = fleet(tmp_path, {"a.yaml": noted("a", "once").replace("components: {note: ", registry)})
    sources = []
    for text in ("once", "twice"):
        (root / "sites/a.yaml").write_text((root / "sites/a.yaml").read_text().replace("once", text))
        sources.append(commit_fleet(root))
        assert composer(root, "publish").code == 0
    fetched = {"artifact": {"metadata": {"org.opencontainers.image.revision": f"sha1:{sources[1]}"}}}
    api.clusters["a"] = cluster(
        root,
        "a",
        edge_stack={"status": {**fetched, "conditions": [READY], "observedGeneration": 1}},
        edge_delivery={"status": {"lastAppliedOriginRevision": f"sha1:{sources[1]}"}},
        edge_platform={"status": {"lastAppliedOriginRevision": f"sha1:{sources[0]}"}},
    )
    assert states(rows(root, config(tmp_path, api, "a"))["a"]) == {
        "OCIRepository edge-stack": ("applied", None),
        "Kustomization edge-delivery": ("applied", None),
        "Kustomization edge-platform": ("behind", 1),
    }


def test_under_promotion_the_branch_counts_that_the_cluster_follows(api: Api, tmp_path: Path) -> None:
    root = fleet(tmp_path / "fleet", {"fleet.yaml": PROMOTE, "a.yaml": noted("a", "once")})
    for text in ("once", "twice"):
        (root / "sites/a.yaml").write_text(noted("a", text))
        commit_fleet(root)
        assert composer(root, "publish").code == 0
        if text == "once":
            config_file = config(tmp_path, api, "a")
            assert rows(root, config_file)["a"]["state"] == "not found"
            promote(delivery(root), tmp_path / "clone", "a")
            api.clusters["a"] = cluster(root, "a")
    row = rows(root, config_file)["a"]
    assert (row["state"], row["branch"], row["commit"]) == ("applied", "site/a", commit(root, "a"))
    promote(delivery(root), tmp_path / "again", "a")
    row = rows(root, config_file)["a"]
    assert (row["state"], states(row)["Kustomization edge-platform"]) == ("behind", ("behind", 1))


def test_of_a_repository_elsewhere_the_commits_between_are_fetched(published: Path, api: Api, tmp_path: Path) -> None:
    old = f"site/a@sha1:{commit(published, 'a', 1)}"
    api.clusters["a"] = cluster(published, "a", edge_platform={"status": {"lastAppliedRevision": old}})
    elsewhere = FLEET.replace("delivery: {", f'delivery: {{repository: "file://{delivery(published)}", ')
    root = fleet(tmp_path, {"fleet.yaml": elsewhere, "a.yaml": noted("a", "twice")})
    found = rows(root, config(tmp_path, api, "a"))
    assert (found["a"]["state"], found["a"]["behind"]) == ("behind", 1)
