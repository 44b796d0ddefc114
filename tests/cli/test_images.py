"""`composer images`, licences and architectures: a fleet with a product of two editions, on machines of two sorts."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from composer.cli.main import main
from tests.cli.kit import CLUSTER, FLEET, Ran, example
from tests.load.fleets import document, write

BLUEPRINT = """\
apiVersion: edge-composer.io/v1alpha1
kind: Blueprint
metadata: {name: product}
spec:
  version: 1.0.0
  summary: A product with a free edition, and one that is sold.
  role: addon
  scope: any
  images:
    free: {reference: "registry.example.com/product:5.8", licence: Apache-2.0, architectures: [amd64, arm64]}
    sold:
      reference: registry.example.com/product-sold:6.2
      licence: BUSL-1.1
      requiresLicence: product
      architectures: [amd64]
"""
PARAMS = """\
edition: {type: string, allowed: [free, sold], default: free, meta: {help: Which edition runs.}}
"""
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {$use: metadata}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: "{{ component.selector }}"}
  template:
    metadata: {labels: "{{ component.labels }}"}
    spec:
      $merge:
        - $use: pod
        - initContainers:
            - name: prepare
              image: registry.example.com/prepare@sha256:%s
              securityContext: {$use: container-security}
              resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 16Mi}}
          containers:
            - name: product
              image: "{{ images[params.edition] }}"
              securityContext: {$use: container-security}
              resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 64Mi}}
              livenessProbe: {tcpSocket: {port: 80}}
              env:
                - $if: licences.product is defined
                  name: LICENCE
                  valueFrom: {secretKeyRef: {name: "{{ licences.product.secret }}", key: key}}
""" % ("a" * 64)
ACCOUNT = "{$use: service-account}\n"

AMD = '{name: a, arch: amd64, cpu: "4", memory: 8Gi}'
ARM = '{name: b, arch: arm64, cpu: "4", memory: 8Gi}'


def fleet(root: Path, nodes: str = AMD, edition: str = "free", more: str = "", blueprint: str = BLUEPRINT) -> Path:
    """A fleet of one site with one product."""
    folder = root / "blueprints/product/v1"
    (folder / "manifests").mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(blueprint)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "manifests/deployment.yaml").write_text(MANIFEST)
    (folder / "manifests/service-account.yaml").write_text(ACCOUNT)
    cluster = CLUSTER.partition(", nodes")[0]
    spec = f"""
  cluster: {{domain: a.example.com, {cluster}, nodes: [{nodes}]}}
  components: {{product: {{blueprint: product@1, params: {{edition: {edition}}}}}}}
{more}"""
    return write(root, {"fleet.yaml": FLEET, "a.yaml": document("Site", "a", spec)})


def composer(root: Path, *words: str) -> Ran:
    """`composer -C ROOT WORDS` in this process, which is faster than one of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["-C", str(root), *words, "--jobs", "1"])
    return Ran(code, out.getvalue(), err.getvalue())


def validated(root: Path) -> list[str]:
    ran = composer(root, "validate", "--format", "concise")
    return ran.out.splitlines()


HAS_LICENCE = "  licences: {product: {secret: product-licence}}\n"


def test_an_image_that_is_sold_needs_a_licence(tmp_path: Path) -> None:
    assert validated(fleet(tmp_path / "free")) == []
    ran = composer(fleet(tmp_path / "sold", edition="sold"), "validate")
    assert ran.code == 1
    assert "L014" in ran.out
    assert (
        "product uses registry.example.com/product-sold:6.2, which needs a licence of product; the site names none"
        in ran.out
    )
    assert "sites/a.yaml:6:16" in ran.out
    assert "name the Secret that holds it: spec.licences.product: {secret: ...}" in ran.out
    assert "blueprints/product/v1/blueprint.yaml:14" in ran.out


def test_a_product_that_is_only_sold_is_refused_before_it_is_rendered(tmp_path: Path) -> None:
    sold = "".join(line for line in BLUEPRINT.splitlines(keepends=True) if " free: " not in line)
    root = fleet(tmp_path, edition="sold", blueprint=sold)
    manifest = root / "blueprints/product/v1/manifests/deployment.yaml"
    manifest.write_text(
        manifest.read_text().replace("- $if: licences.product is defined\n                  name", "- name")
    )
    assert validated(root) == [
        "sites/a.yaml:6:37: error[L014] product@1.0.0 needs a licence of product, and the site names none"
    ]
    (root / "sites/a.yaml").write_text((root / "sites/a.yaml").read_text() + HAS_LICENCE)
    assert validated(root) == []


def test_the_licence_s_secret_reaches_the_pods(tmp_path: Path) -> None:
    ran = composer(fleet(tmp_path, edition="sold", more=HAS_LICENCE), "render", "-o", "-")
    assert ran.code == 0
    (deployment,) = (o for o in ran.objects if o["kind"] == "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [
        {"name": "LICENCE", "valueFrom": {"secretKeyRef": {"key": "key", "name": "product-licence"}}}
    ]


def affinity(root: Path) -> object:
    (deployment,) = (o for o in composer(root, "render", "-o", "-").objects if o["kind"] == "Deployment")
    return deployment["spec"]["template"]["spec"].get("affinity")


def test_pods_keep_to_the_architectures_their_images_exist_for(tmp_path: Path) -> None:
    values = [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]
    term = {"nodeSelectorTerms": [{"matchExpressions": values}]}
    mixed = fleet(tmp_path / "mixed", f"{AMD}, {ARM}")
    assert affinity(mixed) == {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    assert affinity(fleet(tmp_path / "alike")) is None


def test_a_licence_and_the_architectures_are_explained_by_their_lines(tmp_path: Path) -> None:
    root = fleet(tmp_path, f"{AMD}, {ARM}", "sold", HAS_LICENCE)

    def explained(field: str) -> str:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            assert main(["-C", str(root), "explain", "a", "Deployment/product", f"spec.template.spec.{field}"]) == 0
        return out.getvalue()

    secret = explained("containers.0.env.0.valueFrom.secretKeyRef.name")
    assert 'read licences.product.secret = "product-licence"\n    set by site a, sites/a.yaml:7:32' in secret
    affinity = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    values = explained(f"{affinity}.0.matchExpressions.0.values")
    assert "node a is amd64, sites/a.yaml:5:" in values
    assert "image sold exists for amd64, blueprints/product/v1/blueprint.yaml:15:22" in values


def test_an_image_for_none_of_the_nodes(tmp_path: Path) -> None:
    root = fleet(tmp_path, ARM, "sold", HAS_LICENCE)
    assert validated(root) == [
        "sites/a.yaml:6:16: error[K064] product cannot run here: its image registry.example.com/product-sold:6.2 exists for "
        "amd64 only, and the site's nodes are arm64"
    ]


def test_a_pod_that_nothing_keeps_to_its_architectures(tmp_path: Path) -> None:
    root = fleet(tmp_path, f"{AMD}, {ARM}", "sold", HAS_LICENCE)
    manifest = root / "blueprints/product/v1/manifests/deployment.yaml"
    text = manifest.read_text()
    own = "- {serviceAccountName: product, securityContext: {$use: pod-security}%s}\n"
    manifest.write_text(text.replace("- $use: pod\n", own % ""))
    (found,) = validated(root)
    assert "error[K065] Deployment/product: spec.template.spec.nodeSelector may run on nodes of arm64" in found
    manifest.write_text(text.replace("- $use: pod\n", own % ", nodeSelector: {kubernetes.io/arch: amd64}"))
    assert validated(root) == []


def test_images_are_listed_for_a_mirror(tmp_path: Path) -> None:
    root = fleet(tmp_path, f"{AMD}, {ARM}", "sold", HAS_LICENCE)
    ran = composer(root, "images", "--format", "list")
    assert (ran.code, ran.err) == (0, "2 images of 1 site\n")
    assert ran.out.splitlines() == [
        "registry.example.com/prepare@sha256:" + "a" * 64,
        "registry.example.com/product-sold:6.2",
    ]


def test_images_are_shown_with_what_is_known_of_them(tmp_path: Path) -> None:
    root = fleet(tmp_path, f"{AMD}, {ARM}", "sold", HAS_LICENCE)
    assert composer(root, "images", "a").out.splitlines()[5:] == [
        "registry.example.com/product-sold:6.2",
        "  for         amd64",
        "  licence     BUSL-1.1, needs a licence of product",
        "  components  product",
        "  sites       a",
    ]


@pytest.fixture(scope="module")
def example_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example(tmp_path_factory.mktemp("example"))


def test_images_of_the_example_by_site_and_architecture(example_fleet: Path) -> None:
    ran = composer(example_fleet, "images", "--format", "json", "-l", "kind=metal-works")
    images = {image["reference"]: image for image in json.loads(ran.out)["images"]}
    bento = images["ghcr.io/warpstreamlabs/bento:1.20.0"]
    assert (bento["licence"], bento["architectures"]) == ("MIT", ["amd64", "arm64"])
    components = [f"{name} of tenant acme" for name in ("press-alert", "press-mean", "stop-press")]
    sharing = [*components[:2], "relay", components[2]]
    assert bento["sites"] == {
        "berlin-01": {"components": sharing, "architectures": ["arm64"]},
        "lyon-01": {"components": components, "architectures": ["amd64"]},
    }


def test_every_image_of_a_lock_file_is_listed(example_fleet: Path) -> None:
    assert composer(example_fleet, "render", "lyon-01").code == 0
    lock = (example_fleet / "out/manifests/lyon-01/composer.lock.yaml").read_text()
    locked = lock.partition("images:\n")[2].partition("inventory:")[0]
    listed = composer(example_fleet, "images", "lyon-01", "--format", "list").out.splitlines()
    assert [line.strip("- ") for line in locked.splitlines()] == listed


def test_a_site_with_errors_is_said_to_be_missing(tmp_path: Path) -> None:
    root = fleet(tmp_path)
    (root / "sites/b.yaml").write_text(document("Site", "b", "{tenants: {none: {}}}"))
    ran = composer(root, "images", "--format", "list")
    assert ran.code == 3
    assert "L011" in ran.err
    assert ran.err.endswith("2 images of 1 site\n1 site failed, whose images are missing: b\n")
