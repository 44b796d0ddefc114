"""What a change means for rights, quotas and capacity, and how far a comparison reaches."""

from __future__ import annotations

from typing import Any

import pytest

from composer.stages.compare import Reach, Risk, SiteDiff, blast_radius, compare, group
from tests.compare.test_compare import at, changed, thing
from tests.publish.making import config_map, deployment


def told(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[str]:
    """The dangers of a change, without the deletion itself."""
    sides = ({"x.yaml": side} if side else {} for side in (old, new))
    (change,) = compare(*sides)
    shown = (f"{d.risk}: {d.field + ': ' if d.field else ''}{d.message}" for d in change.dangers)
    return [line for line in shown if line != "deletes: deletes the object"]


@pytest.mark.parametrize(
    ("api", "kind", "route", "what"),
    [
        ("networking.k8s.io/v1", "NetworkPolicy", "spec", "who may reach its pods and whom they may reach"),
        ("rbac.authorization.k8s.io/v1", "Role", "rules", "what its holders may do"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "rules", "what its holders may do"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "subjects", "who holds the role"),
        ("argoproj.io/v1alpha1", "AppProject", "spec", "what its applications may touch"),
        (
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            "spec.serviceAccountName",
            "with whose rights it is applied",
        ),
    ],
)
def test_what_gives_rights_is_told_when_it_comes_changes_and_goes(api: str, kind: str, route: str, what: str) -> None:
    old, new = (thing(api, kind, **at(route, value)) for value in ("1", "2"))
    assert told(old, new) == [f"grants: {route}: changes {what}"]
    assert told(None, new) == [f"grants: {route}: says {what}"]
    assert told(old, None) == [f"grants: {route}: no longer says {what}"]
    labelled = {**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}
    assert told(old, labelled) == []


def test_an_access_list_says_how_many_of_its_lines_come_and_go() -> None:
    old = {**config_map("x"), "data": {"access.acl": "# acme\nuser a\ntopic read t/a\n\n", "other.conf": "1"}}
    new = {**old, "data": {"access.acl": "# other\nuser a\ntopic read t/b\ntopic read t/c\n", "other.conf": "2"}}
    message = "changes who may publish and subscribe to what"
    assert told(old, new) == [f"grants: data.[access.acl]: {message}: 2 lines more, 1 line fewer"]
    assert told(None, new) == [f"grants: data.[access.acl]: {message}: 3 lines more, 0 lines fewer"]
    assert told({**old, "data": {}}, old) == [f"grants: data.[access.acl]: {message}: 2 lines more, 0 lines fewer"]


def pod(**fields: Any) -> dict[str, Any]:
    made = deployment("x")
    made["spec"]["template"]["spec"] |= fields
    return made


@pytest.mark.parametrize(
    ("fields", "where", "what"),
    [
        ({"serviceAccountName": "admin"}, "serviceAccountName", "with whose rights its pods run"),
        ({"hostNetwork": True}, "hostNetwork", "whether its pods have the node's network"),
        ({"securityContext": {"runAsUser": 0}}, "securityContext", "what its pods may do"),
        (
            {"containers": [{"name": "app", "securityContext": {"privileged": True}}]},
            "containers[name=app].securityContext",
            "what its containers may do",
        ),
        (
            {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
            "volumes[name=root]",
            "which files of the node its pods see",
        ),
    ],
)
def test_what_pods_may_do_to_their_node_is_told(fields: dict[str, Any], where: str, what: str) -> None:
    found = [line for line in told(pod(containers=[{"name": "app"}]), pod(**fields)) if line.startswith("grants")]
    assert f"grants: spec.template.spec.{where}: changes {what}" in found


def test_a_namespace_with_another_level_of_pod_security_is_told() -> None:
    label = "pod-security.kubernetes.io/enforce"
    spaces = [thing("v1", "Namespace", metadata={"name": "x", "labels": {label: level}}) for level in ("a", "b")]
    assert told(*spaces) == [f"grants: metadata.labels.[{label}]: changes what pods of the namespace may do"]


def sized(**resources: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "app", "resources": resources}])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"limits": {"memory": "64Mi"}}, {"limits": {"memory": "0.5Gi"}}, ["asks for more: limits.memory"]),
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "500m"}}, ["asks for less: limits.cpu"]),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1"}},
            {"limits": {"cpu": "2", "memory": "1G"}, "requests": {"cpu": "2"}},
            ["asks for more: limits.cpu, requests.cpu", "asks for less: limits.memory"],
        ),
        ({}, {"limits": {"cpu": "1"}}, ["asks for something else: limits.cpu"]),
        ({"limits": {"cpu": "1"}}, {}, ["asks for something else: limits.cpu"]),
        ({"limits": {"cpu": "nonsense"}}, {"limits": {"cpu": "1"}}, ["asks for something else: limits.cpu"]),
    ],
)
def test_requests_and_limits_say_which_way_they_go(old: Any, new: Any, found: list[str]) -> None:
    assert [line for line in told(sized(**old), sized(**new)) if line.startswith("capacity")] == [
        f"capacity: {line}" for line in found
    ]


@pytest.mark.parametrize(
    ("api", "kind", "route", "name"),
    [
        ("apps/v1", "Deployment", "spec.replicas", "replicas"),
        ("apps/v1", "StatefulSet", "spec.replicas", "replicas"),
        ("batch/v1", "Job", "spec.parallelism", "parallelism"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "spec.maxReplicas", "maxReplicas"),
        ("v1", "PersistentVolumeClaim", "spec.resources.requests.storage", "resources.requests.storage"),
    ],
)
def test_replicas_and_volumes_are_capacity(api: str, kind: str, route: str, name: str) -> None:
    old, new = (thing(api, kind, **at(route, size)) for size in ("1", "2"))
    assert told(old, new) == [f"capacity: asks for more: {name}"]
    assert told(None, new) == ["capacity: asks for room of its own"]
    assert "capacity: gives its room back" in told(new, None)


def test_containers_that_come_along_are_capacity_too() -> None:
    old, new = sized(limits={"cpu": "1"}), sized(limits={"cpu": "1"})
    new["spec"]["template"]["spec"]["initContainers"] = [{"name": "y", "resources": {"limits": {"cpu": "1"}}}]
    assert "capacity: asks for something else: limits.cpu" in told(old, new)


def test_a_quota_says_which_way_it_goes() -> None:
    old, new = (thing("v1", "ResourceQuota", spec={"hard": {"pods": size, "cpu": "1"}}) for size in ("50", "60"))
    assert told(old, new) == ["quota: allows more: hard.pods"]
    assert told(None, new) == ["quota: limits its namespace"]
    assert told(new, None) == ["quota: lifts the limits of its namespace"]
    ranges = [thing("v1", "LimitRange", spec={"limits": [{"default": {"cpu": size}}]}) for size in ("2", "1")]
    assert told(*ranges) == ["quota: allows less: default.cpu"]


def test_a_restart_that_leaves_a_gap_says_so() -> None:
    old, new = deployment("x", image="a:1"), deployment("x", image="a:2")
    for each in (old, new):
        each["spec"]["strategy"] = {"type": "Recreate"}
    assert told(old, new) == [
        "restarts: spec.template: restarts its pods, the new ones only after the old ones are gone"
    ]


@pytest.mark.parametrize("shape", [None, [], [1], "x", 1, {"": {}}, {"template": []}, {"template": {"spec": [[]]}}])
@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "ResourceQuota"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
    ],
)
def test_an_object_that_somebody_broke_on_the_branch_is_still_compared(api: str, kind: str, shape: Any) -> None:
    broken = thing(api, kind, spec=shape)
    fine = thing(api, kind, spec={"replicas": 1, "template": {"spec": {"containers": []}}})
    for old, new in ((broken, fine), (fine, broken)):
        assert changed(old, new).fields


def test_the_worst_of_a_change_stands_first() -> None:
    old, new = sized(limits={"cpu": "1"}), sized(limits={"cpu": "2"})
    new["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    new["spec"]["template"]["spec"]["hostPID"] = True
    found = [line.partition(":")[0] for line in told(old, new)]
    assert found == ["immutable", "grants", "restarts", "capacity"]


def test_a_blast_radius_counts_sites_tenants_and_objects() -> None:
    quotas = [thing("v1", "ResourceQuota", spec={"hard": {"pods": size}}) for size in ("1", "2")]
    quotas = [{**quota, "metadata": {"name": "q", "namespace": "tenant-globex"}} for quota in quotas]
    app = deployment("app")
    access = config_map("access-bistro")
    access["metadata"]["labels"] = {"edge-composer.io/tenant": "bistro"}
    diffs = [
        SiteDiff("a", "site/a", compare({"q": quotas[0], "d": app}, {"q": quotas[1]}), {}, {}),
        SiteDiff("b", "site/b", compare({"q": quotas[0]}, {"q": quotas[1], "c": access}), {}, {}),
        SiteDiff("c", "site/c", (), {}, {}),
    ]
    found = blast_radius(group(diffs, unchanged=7))
    assert (found.sites, found.objects, found.tenants) == (3, 4, ("acme", "bistro", "globex"))
    assert found.risks == (
        Reach(Risk.DELETES, changes=1, objects=1, sites=1),
        Reach(Risk.QUOTA, changes=1, objects=2, sites=2),
    )
