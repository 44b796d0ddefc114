"""What people read when a document is wrong: every mistake, at its line, in their own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.stages.load import check_references, load_fleet, load_site
from tests.load.fleets import change, design_copy, document, findings_of, lines, site, write

HERE = Path(__file__).parent
BERLIN = "sites/eu/de/berlin-01.yaml"


def test_a_dozen_mistakes_are_a_dozen_findings_in_one_run_in_file_order(tmp_path: Path) -> None:
    root = design_copy(tmp_path)
    change(
        root,
        BERLIN,
        ("profiles: [k3s-small]", "profile: [k3s-small]"),
        ('version: "1.33"', "version: 1.30"),
        ("domain: berlin-01.edge.example.com", "domain: {site}"),
        ("{name: box-a, arch: arm64", "{arch: arm46"),
        ("licences: {} ", "licences: [] "),
        ("offline: 72h", "offline: 72"),
        ("dailyBudget: 2GB", "dailyBudget: plenty"),
        ("cidr: 10.20.0.5/32", "cidr: 10.20.0.5/24"),
        ("unit: 1}", "unit: 300}"),
        ("acme: {streams", "Acme: {streams"),
    )
    assert lines(findings_of(root, "berlin-01")) == (HERE / "dozen.txt").read_text().splitlines()


MISTAKES = [block.split("\n    ") for block in (HERE / "mistakes.txt").read_text().strip().split("\n\n")]
"""What somebody wrote as the spec of a site, and what is said about it."""


@pytest.mark.parametrize(("spec", "expected"), MISTAKES)
def test_a_mistake_is_told_in_the_users_words(tmp_path: Path, spec: str, expected: str) -> None:
    found = [line.split(" ", 1)[1] for line in lines(findings_of(write(tmp_path, {"a.yaml": site("a", spec)}), "a"))]
    assert found == [expected]


def test_a_long_value_is_not_repeated_whole(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": site("a", f"{{offline: {'x' * 5000}}}")})
    assert len(findings_of(root, "a")[0].message) < 250


def test_null_may_stand_at_any_entry_of_an_overlay(tmp_path: Path) -> None:
    spec = """{
      cluster: null, uplink: null, offline: null, licences: {emqx: null}, components: {ingress: null},
      tenants: {acme: {
        quota: {cpu: null}, devices: {d: {names: null}}, uplink: {up: null},
        gateways: {g: {bus: {cidr: null}}},
        streams: {s: {to: {rate: null}, from: null}}, functions: {f: {emits: {keep: null}}}}}}"""
    assert findings_of(write(tmp_path, {"a.yaml": site("a", spec)}), "a") == []


def test_a_document_of_another_kind_is_one_finding_that_says_where_it_belongs(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": document("Tenant", "a", "{quota: {cpu: 1}}")})
    assert lines(findings_of(root, "a")) == [
        "sites/a.yaml:2:7 D009 kind is 'Tenant'; expected Site | tenants stand in sites/tenants/"
    ]


def test_an_unknown_api_version_has_a_code_of_its_own(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": site("a").replace("v1alpha1", "v9")})
    assert [d.code for d in findings_of(root, "a")] == ["D008"]


@pytest.mark.parametrize("text", ["- a list\n", "just text\n", "3\n"])
def test_a_file_that_is_no_document_is_one_finding(tmp_path: Path, text: str) -> None:
    assert [d.code for d in findings_of(write(tmp_path, {"a.yaml": text}), "a")] == ["D010"]


def test_a_document_without_name_and_spec_lacks_both(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": "apiVersion: edge-composer.io/v1alpha1\nkind: Site\nmetadata: {}\n"})
    assert [d.message for d in findings_of(root, "a")] == [
        "the document: 'spec' is missing",
        "metadata: 'name' is missing",
    ]


def test_yaml_mistakes_of_a_site_are_its_own_findings(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": site("a") + "spec: {}\n", "b.yaml": site("b")})
    fleet, findings = load_fleet(root)
    assert findings == []
    assert check_references(fleet, load_site(fleet, "b")) == []
    with pytest.raises(Rejected) as rejected:
        load_site(fleet, "a")
    assert [d.code[0] for d in rejected.value.diagnostics] == ["Y"]
