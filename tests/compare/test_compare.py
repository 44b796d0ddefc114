from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from composer.emit import to_yaml
from composer.git.ids import blob_id
from composer.source.reader import parse
from composer.stages.compare import (
    CHECKSUM,
    HIDDEN,
    Action,
    Change,
    SiteDiff,
    blast_radius,
    compare,
    compare_files,
    group,
)
from tests.publish.making import config_map, deployment, with_text

compare_module = import_module("composer.stages.compare.compare")


def changed(old: dict[str, Any], new: dict[str, Any]) -> Change:
    (change,) = compare({"platform/x.yaml": old}, {"platform/x.yaml": new})
    return change


def thing(api: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "n"}, **fields}


def risks(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(danger.risk), danger.field) for danger in changed(old, new).dangers]


def test_objects_are_matched_by_identity_wherever_their_files_lie() -> None:
    old = {"a.yaml": config_map("one", "1"), "b.yaml": config_map("two", "2")}
    new = {"c.yaml": config_map("one", "1"), "d.yaml": config_map("three", "3")}
    found = [(str(change.action), str(change.identity), change.path) for change in compare(old, new)]
    assert found == [
        ("added", "ConfigMap edge-platform/three", "d.yaml"),
        ("removed", "ConfigMap edge-platform/two", "b.yaml"),
    ]


def test_another_version_of_the_same_group_is_the_same_object() -> None:
    change = changed(
        thing("autoscaling/v1", "HorizontalPodAutoscaler"), thing("autoscaling/v2", "HorizontalPodAutoscaler")
    )
    assert [field.path for field in change.fields] == ["apiVersion"]
    assert len(compare({"a": thing("a.io/v1", "X")}, {"a": thing("b.io/v1", "X")})) == 2


def test_of_equal_files_nothing_is_parsed() -> None:
    unreadable = {"platform/x.yaml": b"\xff{{ not yaml"}
    assert compare_files(unreadable, dict(unreadable)) == ()


def test_a_file_that_many_sites_have_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    monkeypatch.setattr(compare_module, "parse", lambda text, path: parsed.append(path) or parse(text, path))
    files = {f"platform/{name}.yaml": to_yaml(config_map(name, "seen once")).encode() for name in ("one", "two")}
    own = {f"site-{n}": to_yaml(config_map(f"site-{n}", "seen once")).encode() for n in range(3)}
    seen = [compare_files({}, {**files, "platform/own.yaml": content}) for content in own.values()]
    gone = compare_files(files, {})
    assert sorted(parsed) == ["platform/one.yaml", *["platform/own.yaml"] * 3, "platform/two.yaml"]
    assert [[c.identity.name for c in changes] for changes in seen] == [["one", name, "two"] for name in own]
    assert [(c.action, [d.message for d in c.dangers]) for c in gone] == [(Action.REMOVED, ["deletes the object"])] * 2
    assert all(change.action is Action.ADDED and not change.dangers for changes in seen for change in changes)


def test_the_bookkeeping_of_a_site_is_no_change() -> None:
    old, new = with_text("berlin-01", "one").files, with_text("berlin-01", "two").files
    (change,) = compare_files(old, new)
    assert (change.identity.kind, [field.path for field in change.fields]) == ("ConfigMap", ["data.file"])
    without = {path: text for path, text in new.items() if "configmap" not in path and "kustomization" not in path}
    assert [change.action for change in compare_files(new, without)] == [Action.REMOVED]


def test_a_lock_comes_and_goes_with_the_rest_and_is_never_counted_as_an_object() -> None:
    files = with_text("berlin-01", "1").files
    for changes in (compare_files({}, files), compare_files(files, {})):
        assert [change.identity.kind for change in changes] == ["ConfigMap"]
    newer = {**files, "composer.lock.yaml": files["composer.lock.yaml"].replace(b'"1.0.0"', b'"1.1.0"')}
    diff = SiteDiff("berlin-01", "site/berlin-01", compare_files(files, newer), {}, {})
    assert ([change.identity.kind for change in diff.changes], blast_radius(group([diff])).objects) == (["Lock"], 0)


def test_another_blueprint_version_is_shown_from_the_lock() -> None:
    files = with_text("berlin-01", "1").files
    new = files["composer.lock.yaml"].replace(b'"1.0.0"', b'"1.1.0"').replace(b"1111", b"2222")
    (change,) = compare_files({"composer.lock.yaml": files["composer.lock.yaml"]}, {"composer.lock.yaml": new})
    assert [field.path for field in change.fields] == ["blueprints[name=stream-bento].version"]


def test_flux_kustomizations_are_objects() -> None:
    flux = thing("kustomize.toolkit.fluxcd.io/v1", "Kustomization", spec={"path": "./platform"})
    assert changed(flux, {**flux, "spec": {"path": "./x"}}).identity.kind == "Kustomization"


@pytest.mark.parametrize(
    "text", [b"\xff", b"{{ x", b"- 1\n", b"a: 1\n", b"kind: [x]\napiVersion: v1\n", b"a: 1\n---\nb: 2\n", b""]
)
def test_a_file_that_somebody_broke_is_compared_as_text(text: bytes) -> None:
    fine = to_yaml(config_map("one")).encode()
    found = [(str(change.action), change.identity.kind) for change in compare_files({"x.yaml": text}, {"x.yaml": fine})]
    assert found == [("added", "ConfigMap"), ("removed", "File")]


SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque"}


def test_values_of_secrets_are_hidden() -> None:
    old = {**SECRET, "data": {"a": "c2VjcmV0", "gone": "c2VjcmV0"}, "stringData": {"x": "secret"}}
    new = {**SECRET, "data": {"a": "b3RoZXI=", "new": "b3RoZXI="}}
    found = [(str(f.action), f.path, f.old, f.new) for f in changed(old, new).fields]
    assert found == [
        ("changed", "data.a", HIDDEN, HIDDEN),
        ("removed", "data.gone", HIDDEN, None),
        ("added", "data.new", None, HIDDEN),
        ("removed", "stringData", HIDDEN, None),
    ]


@pytest.mark.parametrize(
    ("api", "kind", "route"),
    [
        ("apps/v1", "Deployment", "spec.selector.matchLabels.app"),
        ("apps/v1", "DaemonSet", "spec.selector.matchLabels.app"),
        ("apps/v1", "StatefulSet", "spec.selector.matchLabels.app"),
        ("apps/v1", "StatefulSet", "spec.serviceName"),
        ("apps/v1", "StatefulSet", "spec.podManagementPolicy"),
        ("apps/v1", "StatefulSet", "spec.volumeClaimTemplates"),
        ("batch/v1", "Job", "spec.template.spec.restartPolicy"),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName"),
        ("v1", "PersistentVolumeClaim", "spec.accessModes"),
        ("v1", "Service", "spec.clusterIP"),
        ("v1", "Secret", "type"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef.name"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "roleRef.name"),
        ("storage.k8s.io/v1", "StorageClass", "provisioner"),
        ("storage.k8s.io/v1", "StorageClass", "parameters.type"),
        ("scheduling.k8s.io/v1", "PriorityClass", "value"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec.scope"),
    ],
)
def test_a_field_that_cannot_be_changed_is_dangerous(api: str, kind: str, route: str) -> None:
    old, new = (thing(api, kind, **at(route, value)) for value in ("1", "2"))
    assert ("immutable", route) in risks(old, new)
    # Coming and going count too.
    assert any(risk == "immutable" for risk, _ in risks(old, thing(api, kind)))


@pytest.mark.parametrize(
    ("api", "kind", "route"),
    [
        ("apps/v1", "Deployment", "spec.minReadySeconds"),
        ("apps/v1", "StatefulSet", "spec.updateStrategy.type"),
        ("batch/v1", "Job", "spec.suspend"),
        ("v1", "Service", "spec.type"),
        ("v1", "ConfigMap", "data.file"),
        ("apps/v1", "Deployment", "metadata.labels.x"),
        ("cert-manager.io/v1", "Certificate", "spec.secretName"),
        ("example.com/v1", "Deployment", "spec.selector"),
    ],
)
def test_an_ordinary_field_is_not(api: str, kind: str, route: str) -> None:
    old, new = (thing(api, kind, **at(route, value)) for value in ("1", "2"))
    assert risks(old, new) == []


def at(route: str, value: str) -> dict[str, Any]:
    """The value under a dotted route; metadata keeps what identity needs."""
    name, _, rest = route.partition(".")
    inner: Any = at(rest, value) if rest else value
    return {name: {"name": "x", "namespace": "n", **inner}} if name == "metadata" else {name: inner}


def test_the_data_of_an_immutable_config_map_cannot_be_changed() -> None:
    frozen = {**config_map("one", "1"), "immutable": True}
    assert risks(frozen, {**frozen, "data": {"file": "2"}}) == [("immutable", "data.file")]
    assert risks(frozen, config_map("one", "1")) == [("immutable", "immutable")]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("10Gi", "1Gi", [("data", "spec.resources.requests.storage")]),
        ("1024Mi", "1000M", [("data", "spec.resources.requests.storage")]),
        ("1Gi", "1024Mi", []),
        ("1Gi", "10Gi", []),
        ("nonsense", "1Gi", []),
    ],
)
def test_a_volume_claim_may_grow_but_not_shrink(old: str, new: str, found: list[Any]) -> None:
    claims = [
        thing("v1", "PersistentVolumeClaim", **at("spec.resources.requests.storage", size)) for size in (old, new)
    ]
    assert [risk for risk in risks(claims[0], claims[1]) if risk[0] != "capacity"] == found


def test_a_change_of_the_pods_restarts_them_and_says_so_once() -> None:
    old, new = deployment("x", image="a:1"), deployment("x", image="a:2")
    new["spec"]["template"]["metadata"]["labels"]["v"] = "2"
    assert risks(old, new) == [("restarts", "spec.template")]
    job = thing("batch/v1", "CronJob", spec={"schedule": "1"})
    assert risks(job, {**job, "spec": {"schedule": "2"}}) == []


def test_every_deletion_is_dangerous_and_says_what_goes() -> None:
    gone = [thing("v1", kind) for kind in ("ConfigMap", "Namespace", "PersistentVolumeClaim")]
    found = {
        change.identity.kind: str(change.dangers[0].risk) for change in compare(dict(zip("abc", gone, strict=True)), {})
    }
    assert found == {"ConfigMap": "deletes", "Namespace": "namespace", "PersistentVolumeClaim": "data"}


def diff(site: str, old: str, new: str) -> SiteDiff:
    before, after = with_text(site, old).files, with_text(site, new).files
    return SiteDiff(site, f"site/{site}", compare_files(before, after), before, after)


def test_the_same_change_at_many_sites_is_one() -> None:
    diffs = [diff("rome-03", "1", "2"), diff("berlin-01", "1", "2"), diff("paris-02", "1", "3")]
    found = group(diffs, unchanged=2)
    assert [entry.sites for entry in found.groups] == [("berlin-01", "rome-03"), ("paris-02",)]
    assert (found.sites, found.changed, found.bookkeeping) == (5, ("berlin-01", "paris-02", "rome-03"), ())


def test_the_same_lines_in_texts_that_differ_otherwise_are_one_change() -> None:
    diffs = [diff(site, f"id {site}\n\n\nmax 1\nend {site}\n", f"id {site}\n\n\nmax 2\nend {site}\n") for site in "abc"]
    (entry,) = group(diffs).groups
    assert (entry.sites, entry.templated) == (("a", "b", "c"), False)


def test_a_change_that_differs_in_the_name_of_the_site_alone_is_one() -> None:
    names = ("berlin-01", "paris-02", "rome-03")
    diffs = [diff(site, "x\n", f"x\nhost {site}.example.com t/{site}/ {site}\n") for site in names]
    (entry,) = group(diffs).groups
    assert (entry.sites, entry.templated) == (names, True)
    assert entry.change.fields[0].hunks[0].lines[-1] == "+host {site}.example.com t/{site}/ {site}"


def test_a_name_inside_of_another_word_is_no_name() -> None:
    diffs = [diff(site, "x\n", f"x\n{word}\n") for site, word in (("a", "bar"), ("o", "bor"))]
    assert [entry.templated for entry in group(diffs).groups] == [False, False]


def test_sites_that_share_a_change_stay_together_though_it_holds_the_name_of_one() -> None:
    diffs = [diff(site, "x\n", "x\naddress hub-eu\n") for site in ("berlin-01", "hub-eu", "paris-02")]
    (entry,) = group(diffs).groups
    assert (entry.sites, entry.templated) == (("berlin-01", "hub-eu", "paris-02"), False)


def test_checksums_of_what_differs_are_not_told_apart() -> None:
    diffs = []
    for site in ("a", "b"):
        old, new = deployment("x"), deployment("x")
        old["metadata"]["annotations"] = {"edge-composer.io/config": blob_id(site.encode())}
        new["metadata"]["annotations"] = {"edge-composer.io/config": blob_id(site.encode() * 2)}
        diffs.append(SiteDiff(site, site, compare({"x": old}, {"x": new}), {}, {}))
    (entry,) = group(diffs).groups
    assert [(f.old, f.new) for f in entry.change.fields] == [(CHECKSUM, CHECKSUM)]
    # Of an image, the digest is what matters.
    images = [deployment("x", image=f"a@sha256:{digit * 64}") for digit in "12"]
    (change,) = compare({"x": images[0]}, {"x": images[1]})
    assert change.fields[0].new == f"a@sha256:{'2' * 64}"


def test_the_order_of_sites_does_not_change_the_comparison() -> None:
    diffs = [diff(f"s-{number}", "1", str(number % 3 + 2)) for number in range(7)]
    one, other = group(diffs), group(diffs[::-1])
    assert [entry.sites for entry in one.groups] == [entry.sites for entry in other.groups]


def test_a_value_of_another_type_is_another_change() -> None:
    diffs = [
        SiteDiff(site, site, compare({"x": thing("v1", "X", a=1)}, {"x": thing("v1", "X", a=value)}), {}, {})
        for site, value in (("a", "2"), ("b", 2))
    ]
    assert len(group(diffs).groups) == 2


def test_a_site_whose_lock_alone_differs_is_named_as_that() -> None:
    files = with_text("berlin-01", "1").files
    lock = files["composer.lock.yaml"]
    changes = compare_files({"composer.lock.yaml": lock}, {"composer.lock.yaml": lock.replace(b"1111", b"2222")})
    found = group([SiteDiff("berlin-01", "site/berlin-01", changes, {}, {})])
    assert (found.groups, found.bookkeeping) == ((), ("berlin-01",))
