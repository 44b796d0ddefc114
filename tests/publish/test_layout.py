from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.diagnostic import Rejected
from composer.git.ids import blob_id
from composer.stages.publish import Contents, MadeFrom, branch_files
from composer.stages.publish.layout import layout
from composer.stages.publish.paths import path_of, safe
from tests.publish.making import blueprint, config_map, deployment, rendered, site

ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": []}
SOPS = b"apiVersion: v1\nkind: Secret\nmetadata: {name: mes, namespace: tenant-acme}\nsops: {mac: x}\n"


def named(kind: str, name: str, api: str = "v1", namespace: str = "") -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


def whole_site() -> Contents:
    """Objects of every folder, with values that readers like to misread."""
    return Contents(
        [
            rendered(named("Namespace", "edge-platform"), role="base"),
            rendered(named("ClusterRole", "system:edge", "rbac.authorization.k8s.io/v1"), role="base"),
            rendered(config_map("broker", "no\n\n- 1e3\n  ~\n"), role="ingress"),
            rendered(named("Certificate", "press-mean-mqtt", "cert-manager.io/v1", "tenant-acme"), tenant="acme"),
            rendered(
                {**ROLE, "metadata": {"name": "delivery", "namespace": "tenant-acme"}},
                role="tenancy",
                tenant="acme",
            ),
            rendered(deployment("press-mean"), tenant="acme"),
            rendered(config_map("press-mean", "x: 1", "tenant-acme"), tenant="acme"),
            rendered(deployment("meter", "tenant-globex"), tenant="globex", role="function"),
            rendered(named("GitRepository", "site", "source.toolkit.fluxcd.io/v1", "flux-system"), role="delivery"),
        ],
        tenants=("acme", "globex", "idle"),
    )


def test_each_object_lies_in_the_folder_of_whoever_may_touch_it() -> None:
    assert [path for path in layout(whole_site()) if not path.endswith("kustomization.yaml")] == [
        "delivery/flux-system/gitrepository.source.toolkit.fluxcd.io_site.yaml",
        "platform/clusterrole_system%3aedge.yaml",
        "platform/edge-platform/configmap_broker.yaml",
        "platform/namespace_edge-platform.yaml",
        "platform/tenant-acme/certificate.cert-manager.io_press-mean-mqtt.yaml",
        "platform/tenant-acme/role_delivery.yaml",
        "tenants/acme/configmap_press-mean.yaml",
        "tenants/acme/deployment_press-mean.yaml",
        "tenants/globex/deployment_meter.yaml",
    ]


def test_every_folder_has_a_kustomization_and_the_root_leaves_delivery_out() -> None:
    files = layout(whole_site())
    lists = {path: yaml.safe_load(text).get("resources") for path, text in files.items() if "kustomization" in path}
    assert lists["kustomization.yaml"] == ["platform", "tenants/acme", "tenants/globex", "tenants/idle"]
    assert lists["delivery/kustomization.yaml"] == ["flux-system/gitrepository.source.toolkit.fluxcd.io_site.yaml"]
    assert lists["tenants/idle/kustomization.yaml"] is None
    assert len(lists) == 6


def kustomize(folder: Path) -> list[Any]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, check=True)
    return [document for document in yaml.load_all(done.stdout, Loader=yaml.BaseLoader) if document]


def in_order(objects: list[Any]) -> list[Any]:
    return sorted(
        objects,
        key=lambda o: (o["apiVersion"], o["kind"], o["metadata"]["name"], o["metadata"].get("namespace", "")),
    )


def as_text(objects: list[Any]) -> list[Any]:
    """The objects with every scalar as the text YAML has for it."""
    return [yaml.load(yaml.safe_dump(object_), Loader=yaml.BaseLoader) for object_ in objects]


def test_kustomize_yields_exactly_the_rendered_objects(tmp_path: Path, needs: Callable[..., dict[str, str]]) -> None:
    needs("kubectl")
    contents = replace(whole_site(), copies={"platform/tenant-acme/secret-mes.sops.yaml": SOPS})
    for path, content in layout(contents).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    applied = [r.object for r in contents.objects if r.component.role != "delivery"] + [yaml.safe_load(SOPS)]
    whole = in_order(kustomize(tmp_path))
    assert whole == in_order(as_text(applied))
    parts = [tmp_path / "platform", *sorted((tmp_path / "tenants").iterdir())]
    assert in_order([object_ for part in parts for object_ in kustomize(part)]) == whole
    assert [object_["kind"] for object_ in kustomize(tmp_path / "delivery")] == ["GitRepository"]


def test_a_copied_file_stays_as_it_is_and_is_a_resource_of_its_folder() -> None:
    files = layout(Contents([], ("acme",), {"platform/tenant-acme/secret-mes.sops.yaml": SOPS}))
    assert files["platform/tenant-acme/secret-mes.sops.yaml"] == SOPS
    assert b"tenant-acme/secret-mes.sops.yaml" in files["platform/kustomization.yaml"]


@pytest.mark.parametrize(
    "path", ["x.yaml", "../x.yaml", "platform/../../x", "tenants/x.yaml", "platform/kustomization.yaml"]
)
def test_a_copy_outside_of_the_folders_is_refused(path: str) -> None:
    with pytest.raises(Rejected, match="B002"):
        layout(Contents([], (), {path: SOPS}))


def test_two_objects_of_one_identity_are_refused_at_the_second_ones_template() -> None:
    first, second = (rendered(config_map("broker"), role="ingress", name=name) for name in ("one", "two"))
    with pytest.raises(Rejected) as refused:
        layout(Contents([first, second], ()))
    (finding,) = refused.value.diagnostics
    assert finding.code == "B001"
    assert "platform/edge-platform/configmap_broker.yaml" in finding.message
    assert finding.place.file == "blueprints/stream-bento/v1/manifests/all.yaml"


NAMES = st.text(st.sampled_from("aAbB.:-_%~/é"), min_size=1, max_size=5)
KINDS = st.sampled_from(
    [
        ("Role", "rbac.authorization.k8s.io/v1"),
        ("Role", "acme.io/v1"),
        ("Event", "v1"),
        ("Event", "events.k8s.io/v1"),
    ]
)


@given(KINDS, NAMES, NAMES, st.data())
@settings(deadline=None, max_examples=300)
def test_objects_that_differ_never_share_a_path_even_where_case_does_not_count(
    kind: tuple[str, str], name: str, namespace: str, data: st.DataObject
) -> None:
    one = (kind, name, namespace)
    other = (
        data.draw(st.just(kind) | KINDS),
        data.draw(st.sampled_from([name, name.swapcase(), safe(name), f"{name}."]) | NAMES),
        data.draw(st.sampled_from([namespace, namespace.swapcase()]) | NAMES),
    )
    paths = [path_of(rendered(named(k, n, api, space))) for (k, api), n, space in (one, other)]
    assert (paths[0].casefold() == paths[1].casefold()) == (one == other)


@given(st.text(min_size=1, max_size=30))
def test_a_name_becomes_one_safe_part_of_a_path(name: str) -> None:
    part = safe(name.encode("utf-8", "replace").decode())
    assert part.isascii()
    assert not set(part) & set("/\\ \"'*?:<>|")
    assert not part.startswith(".")


def test_a_name_of_the_longest_kind_makes_a_file_name_that_disks_take() -> None:
    names = [
        path_of(rendered(named("MutatingWebhookConfiguration", "a" * 252 + end, "x.example.com/v1"))) for end in "bc"
    ]
    assert names[0] != names[1]
    assert all(len(name.rpartition("/")[2]) < 255 for name in names)


def test_the_lock_says_what_the_site_was_made_from() -> None:
    own = blueprint("mqtt-mosquitto", "ingress", "fleet")
    files = branch_files(
        "berlin-01",
        "site/berlin-01",
        whole_site(),
        MadeFrom("a" * 64, [own, blueprint()], {"mqtt-mosquitto"}),
    )
    lock = yaml.safe_load(files.files["composer.lock.yaml"])
    assert lock["metadata"] == {"name": "berlin-01"}
    assert lock["digest"] == "sha256:" + "a" * 64
    assert lock["images"] == ["ghcr.io/acme/app:1.0.0"]
    assert [b["name"] for b in lock["blueprints"]] == ["mqtt-mosquitto", "stream-bento"]
    assert [b.get("shadows") for b in lock["blueprints"]] == ["packaged", None]
    inventory = {path: blob_id(text) for path, text in files.files.items() if path != "composer.lock.yaml"}
    assert lock["inventory"] == inventory


def test_images_of_every_kind_of_pod_are_listed_once() -> None:
    pod = {
        "initContainers": [{"image": "i:1"}],
        "containers": [{"image": "c:1"}],
        "volumes": [{"image": {"reference": "v:1"}}],
    }
    objects = [
        {**named("Pod", "p"), "spec": pod},
        {
            **named("CronJob", "c", "batch/v1"),
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "j:1"}]}}}}},
        },
        deployment("d", image="c:1"),
        {**named("Thing", "t", "x.io/v1"), "spec": {"containers": "not a list", "template": "text"}},
    ]
    contents = Contents([rendered(o) for o in objects], ())
    lock = yaml.safe_load(branch_files("x", "site/x", contents, MadeFrom("0", [])).files["composer.lock.yaml"])
    assert lock["images"] == ["c:1", "i:1", "j:1", "v:1"]


def test_the_order_of_objects_and_tenants_does_not_matter() -> None:
    contents = whole_site()
    turned = replace(contents, objects=contents.objects[::-1], tenants=contents.tenants[::-1])
    made = MadeFrom("1" * 64, [blueprint()])
    assert branch_files("x", "site/x", contents, made).tree == branch_files("x", "site/x", turned, made).tree
    assert site("x").tree != site("y").tree
