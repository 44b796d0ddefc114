"""What every packaged blueprint must bring along to run in production, looked at where the example fleet uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from composer.model.stack import Rendered
from composer.pipeline.line import Line
from composer.source.packaged import packaged
from composer.stages.load import load_blueprints, load_fleet
from tests.cli.kit import ROOT
from tests.load.fleets import DESIGN

FLEETS = (ROOT, DESIGN)
SHIPPED = {
    (name, major): b for name, majors in load_blueprints(packaged("blueprints")).items() for major, b in majors.items()
}
LABELS = ("name", "instance", "version", "component", "part-of", "managed-by")
CASES = 3


@pytest.fixture(scope="module")
def everything() -> list[tuple[str, Rendered]]:
    """Every object of every site of the example and the design, with its site."""
    found: list[tuple[str, Rendered]] = []
    for root in FLEETS:
        fleet, findings = load_fleet(root)
        assert findings == []
        line = Line(fleet)
        for site in fleet.sites:
            composed = line.compose(site)
            assert composed.ok, composed.findings
            found += [(f"{root.name} {site}", rendered) for rendered in composed.objects]
    return found


def pods(object_: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """(labels, spec) of the pods that a workload makes."""
    spec = object_.get("spec") or {}
    template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template")
    if isinstance(template, dict) and "containers" in (template.get("spec") or {}):
        yield template["metadata"]["labels"], template["spec"]


def workloads(everything: list[tuple[str, Rendered]]) -> Iterator[tuple[str, Rendered, Any, Any]]:
    for site, rendered in everything:
        for labels, spec in pods(rendered.object):
            yield f"{site} {rendered.component.label}", rendered, labels, spec


def test_the_example_uses_every_blueprint_that_makes_pods(everything: list[tuple[str, Rendered]]) -> None:
    roles = {rendered.component.blueprint.role for _, rendered, _, _ in workloads(everything)}
    assert {"ingress", "stream", "function", "gateway"} <= roles


def test_every_container_states_its_resources_probes_and_restrictions(everything: list[tuple[str, Rendered]]) -> None:
    seen = 0
    for where, rendered, _, spec in workloads(everything):
        assert spec["automountServiceAccountToken"] is False, where
        pod = spec["securityContext"]
        assert pod["runAsNonRoot"] is True, where
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, where
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            name = f"{where} {container['name']}"
            resources = container["resources"]
            assert {"cpu", "memory"} <= resources["requests"].keys(), name
            assert "memory" in resources["limits"], name
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert not own.get("privileged"), name
            seen += 1
        if rendered.object["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            assert all("livenessProbe" in container for container in spec["containers"]), where
            assert any("readinessProbe" in container for container in spec["containers"]), where
        assert not any("hostPath" in volume for volume in spec.get("volumes", ())), where
        assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), where
    assert seen > 20


def test_every_object_has_the_recommended_labels(everything: list[tuple[str, Rendered]]) -> None:
    wanted = {f"app.kubernetes.io/{label}" for label in LABELS}
    lacking = [
        f"{site} {rendered.object['kind']}/{rendered.object['metadata']['name']}: {sorted(wanted - labels)}"
        for site, rendered in everything
        if wanted - (labels := set(rendered.object["metadata"].get("labels") or {}))
    ]
    assert lacking == []


def chosen(policy: Any, labels: Mapping[str, str]) -> bool:
    selector = policy["spec"]["podSelector"]
    return all(labels.get(k) == v for k, v in (selector.get("matchLabels") or {}).items())


def test_every_namespace_with_pods_denies_by_default_both_ways(everything: list[tuple[str, Rendered]]) -> None:
    policies: dict[tuple[str, str], list[Any]] = {}
    for site, rendered in everything:
        if rendered.object["kind"] == "NetworkPolicy":
            policies.setdefault((site, rendered.object["metadata"]["namespace"]), []).append(rendered.object)
    places = {
        (site, rendered.object["metadata"]["namespace"]) for site, rendered in everything if [*pods(rendered.object)]
    }
    assert len(places) > 10
    for place in sorted(places):
        denying = [
            p
            for p in policies[place]
            if not p["spec"]["podSelector"] and not p["spec"].get("ingress") and not p["spec"].get("egress")
        ]
        assert any(set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"} for p in denying), place


def test_every_pod_has_a_policy_of_its_own_beside_the_default(everything: list[tuple[str, Rendered]]) -> None:
    policies = [(site, rendered.object) for site, rendered in everything if rendered.object["kind"] == "NetworkPolicy"]
    for site, rendered in everything:
        for labels, _ in pods(rendered.object):
            namespace = rendered.object["metadata"]["namespace"]
            own = [
                policy
                for where, policy in policies
                if where == site
                and policy["metadata"]["namespace"] == namespace
                and policy["spec"]["podSelector"].get("matchLabels")
                and chosen(policy, labels)
            ]
            assert any("Egress" in p["spec"]["policyTypes"] for p in own), f"{site} {rendered.component.label}"


def test_every_namespace_enforces_the_restricted_level(everything: list[tuple[str, Rendered]]) -> None:
    found = [r.object for _, r in everything if r.object["kind"] == "Namespace"]
    assert len(found) > 10
    for namespace in found:
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("blueprint", SHIPPED.values(), ids=lambda b: b.label)
def test_a_blueprint_comes_with_a_page_of_its_own_that_names_every_parameter(blueprint: Any) -> None:
    page = (blueprint.root / "README.md").read_text()
    assert len(page.split()) > 60
    words = set(re.findall(r"[A-Za-z0-9_]+", page))
    assert [name for name in blueprint.params.data if name not in words] == []


@pytest.mark.parametrize("blueprint", SHIPPED.values(), ids=lambda b: b.label)
def test_a_blueprint_comes_with_cases(blueprint: Any) -> None:
    cases = sorted(Path(blueprint.root / "tests").glob("*.yaml"))
    assert len(cases) >= CASES


@pytest.mark.parametrize("blueprint", SHIPPED.values(), ids=lambda b: b.label)
def test_every_image_of_a_blueprint_says_its_licence_and_architectures(blueprint: Any) -> None:
    for image in blueprint.images.values():
        assert image["licence"]
        assert image["architectures"]
