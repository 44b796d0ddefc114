"""Which schemas a site's Kubernetes version means, and which Secrets its documents vouch for."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Place, Rejected, Severity
from composer.pipeline.line import Line
from composer.stages.check import CheckContext, check
from composer.stages.load import load_fleet
from tests.check.sites import context, prelude, rendered
from tests.cli.kit import blueprint, fleet, site
from tests.load.fleets import document

ROOT = Path(__file__).parents[2]


def findings(version: str) -> list[Diagnostic]:
    try:
        return check(prelude(), context(version))
    except Rejected as rejected:
        return list(rejected.diagnostics)


@pytest.mark.parametrize("version", ["1.28", "1.33", "v1.33", "1.33.4", "v1.33.4+k3s1", "1.37"])
def test_a_known_version_is_used_without_a_word(version: str) -> None:
    assert findings(version) == []


@pytest.mark.parametrize("version", ["1.27", "1.9", "1.3", "0.99", "newest", ""])
def test_a_version_too_old_to_be_known_is_an_error_at_its_line(version: str) -> None:
    (found,) = findings(version)
    assert (found.code, found.place, found.severity) == (
        "K007",
        Place("sites/berlin-01.yaml", 9, 14),
        Severity.ERROR,
    )
    assert f"Kubernetes {version} cannot be checked; the oldest known version is 1.28" in found.message


@pytest.mark.parametrize("version", ["1.38", "1.100", "2.0"])
def test_a_version_newer_than_all_known_is_checked_against_the_newest_with_a_warning(version: str) -> None:
    (found,) = findings(version)
    assert (found.code, found.place.line, found.severity) == ("K008", 9, Severity.WARNING)
    assert "against 1.37" in found.message


def test_each_version_knows_its_own_fields() -> None:
    spec = "{nodeAllocatableUpdatePeriodSeconds: 10}"
    driver = f"[{{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {{name: a}}, spec: {spec}}}]"
    objects = [*prelude(), *rendered(driver)]
    assert [d.code for d in check(objects, context("1.32"))] == ["K004"]
    assert check(objects, context("1.34")) == []


def test_documents_vouch_for_the_secrets_they_name() -> None:
    fleet, problems = load_fleet(ROOT / "tests/fleets/design")
    assert problems == []
    composed = Line(fleet).compose("berlin-01")
    assert composed.wiring, composed.findings
    found = CheckContext.of(composed.wiring)
    assert found.kubernetes == "1.33"
    assert found.fleet == ROOT / "tests/fleets/design"
    assert found.version_place().file == "sites/eu/de/berlin-01.yaml"
    assert "bridge-hub-eu" in found.secrets["edge-platform"]
    assert "bridge-hub-eu" not in found.secrets["tenant-acme"]


def test_what_delivers_a_tenants_folder_has_its_rights_and_no_more(tmp_path: Path) -> None:
    role = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: more, namespace: tenant-acme}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
"""
    binding = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: more, namespace: tenant-acme}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %s}
subjects: [{kind: ServiceAccount, name: delivery-acme, namespace: flux-system}]
"""
    root = fleet(
        tmp_path,
        {
            "tenants/acme.yaml": document("Tenant", "acme"),
            "a.yaml": site("a", "tenants: {acme: {}}", "components: {n: {blueprint: more@1}}"),
        },
    )
    blueprint(root, "more", binding % "more", "{}")
    (root / "blueprints/more/v1/manifests/role.yaml").write_text(role)
    (found,) = Line(load_fleet(root)[0]).compose("a").findings
    assert (found.code, str(found.place)) == ("K017", "blueprints/more/v1/manifests/object.yaml:6:12")
    assert "gives ServiceAccount flux-system/delivery-acme rights" in found.message
    (root / "blueprints/more/v1/manifests/object.yaml").write_text(binding % "delivery")
    assert Line(load_fleet(root)[0]).compose("a").findings == ()
