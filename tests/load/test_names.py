"""Names of documents and their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.model.names import branch_fault
from composer.stages.load import load_fleet, load_site
from composer.stages.load.listing import name_fault
from tests.load.fleets import document, findings_of, lines, site, write


@pytest.mark.parametrize(
    "name",
    [
        "Berlin",
        "berlin.lock",
        "berlin-next",
        "a..b",
        "-berlin",
        "berlin-",
        "ber_lin",
        "köln",
        "a b",
        "head",
        "nul",
        "x" * 64,
    ],
)
def test_a_file_with_a_bad_name_is_a_finding_and_no_site(tmp_path: Path, name: str) -> None:
    fleet, findings = load_fleet(write(tmp_path, {f"{name}.yaml": site("good"), "good.yaml": site("good")}))
    assert [(d.code, d.place.file) for d in findings] == [("D020", f"sites/{name}.yaml")]
    assert list(fleet.sites) == ["good"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("..", "D005"),
        ("../up", "D005"),
        ("a/b", "D005"),
        ("-dash", "D005"),
        ("Upper", "D005"),
        ("x.lock", "D005"),
        ('"a\\n"', "D005"),
        ("1.5", "D002"),
        ("x-next", "D020"),
    ],
)
def test_a_bad_name_inside_a_document_is_a_finding(tmp_path: Path, name: str, code: str) -> None:
    text = site("good").replace("name: good", f"name: {name}")
    found = findings_of(write(tmp_path, {"good.yaml": text}), "good")
    assert [(d.code, d.place.line) for d in found] == [(code, 3)]


@pytest.mark.parametrize("name", ["a", "0", "berlin-01", "x" * 63, "next", "lock", "con1"])
def test_good_names_are_left_alone(tmp_path: Path, name: str) -> None:
    root = write(tmp_path, {f"{name}.yaml": site(f'"{name}"')})
    assert load_fleet(root)[1] == []
    assert findings_of(root, name) == []


@pytest.mark.parametrize("name", ["a", "berlin-01", "x" * 63])
def test_good_names_make_good_branches(name: str) -> None:
    assert name_fault(name) == ""
    assert branch_fault(f"site/{name}") == ""


def test_a_file_whose_name_is_not_its_sites_is_told_both_ways_out(tmp_path: Path) -> None:
    root = write(tmp_path, {"eu/berlin-01.yaml": site("berlin-02")})
    assert lines(findings_of(root, "berlin-01")) == [
        "sites/eu/berlin-01.yaml:3:18 D022 metadata.name is 'berlin-02', but the file is called "
        "berlin-01.yaml | write name: berlin-01, or call the file berlin-02.yaml"
    ]


def test_two_sites_of_one_name_are_found_without_opening_them_and_neither_is_used(tmp_path: Path) -> None:
    root = write(tmp_path, {"eu/a.yaml": "{", "us/a.yaml": "{", "b.yaml": site("b")})
    fleet, findings = load_fleet(root)
    assert [(d.code, d.place.file, d.related[0].place.file) for d in findings] == [
        ("D023", "sites/us/a.yaml", "sites/eu/a.yaml")
    ]
    with pytest.raises(Rejected, match="D023"):
        load_site(fleet, "a")
    assert load_site(fleet, "b").data["metadata"]["name"] == "b"


def test_names_that_differ_only_in_case_are_shown_together(tmp_path: Path) -> None:
    _, findings = load_fleet(write(tmp_path, {"eu/Berlin.yaml": site("Berlin"), "berlin.yaml": site("berlin")}))
    assert [(d.code, d.place.file, d.related[0].place.file) for d in findings] == [
        ("D020", "sites/eu/Berlin.yaml", "sites/berlin.yaml")
    ]


def test_only_yaml_files_outside_of_the_special_folders_are_sites(tmp_path: Path) -> None:
    files = {
        "a.yaml": site("a"),
        "deep/er/b.yaml": site("b"),
        "deep/files/c.yaml": site("c"),
        "files/x.yaml": "{",
        "secrets/x.yaml": "{",
        ".hidden.yaml": "{",
        ".git/x.yaml": "{",
        "a.yaml~": "{",
        "#a.yaml#": "{",
        "a.yaml.orig": "{",
        "README.md": "{",
    }
    fleet, findings = load_fleet(write(tmp_path, files))
    assert dict(fleet.sites) == {
        "a": "sites/a.yaml",
        "b": "sites/deep/er/b.yaml",
        "c": "sites/deep/files/c.yaml",
    }
    assert findings == []


def test_a_file_called_yml_would_silently_be_missing_so_it_is_a_finding(tmp_path: Path) -> None:
    _, findings = load_fleet(write(tmp_path, {"a.yml": site("a"), "tenants/b.YAML": document("Tenant", "b")}))
    assert lines(findings) == [
        "sites/a.yml D025 a file that ends in .yml is not read | rename it to a.yaml",
        "sites/tenants/b.YAML D025 a file that ends in .YAML is not read | rename it to b.yaml",
    ]


def test_a_name_that_is_not_text_at_all_can_still_be_shown(tmp_path: Path) -> None:
    root = write(tmp_path, {})
    (root / "sites" / os.fsdecode(b"caf\xe9.yaml")).write_text(site("cafe"))
    _, findings = load_fleet(root)
    assert [d.place.file for d in findings] == ["sites/caf\\xe9.yaml"]
    assert all(d.message.encode("utf-8") for d in findings)


def test_a_linked_folder_is_not_followed_silently(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": site("a")})
    (root / "sites/loop").symlink_to(root / "sites")
    fleet, findings = load_fleet(root)
    assert list(fleet.sites) == ["a"]
    assert [d.place.file for d in findings] == ["sites/loop"]


def test_a_link_out_of_the_fleet_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(site("a"))
    root = write(tmp_path / "fleet", {})
    (root / "sites/a.yaml").symlink_to(outside)
    found = findings_of(root, "a")
    assert [d.place.file for d in found] == ["sites/a.yaml"]
    assert found[0].code.startswith("Y")


def test_a_profile_and_a_tenant_follow_the_same_rules_for_names(tmp_path: Path) -> None:
    files = {
        "profiles/one.yaml": document("Profile", "two"),
        "tenants/a/acme.yaml": document("Tenant", "acme"),
        "tenants/b/acme.yaml": document("Tenant", "acme"),
    }
    fleet, findings = load_fleet(write(tmp_path, files))
    assert [(d.code, d.place.file) for d in findings] == [
        ("D022", "sites/profiles/one.yaml"),
        ("D023", "sites/tenants/b/acme.yaml"),
    ]
    assert set(fleet.broken) == {("profiles", "one"), ("tenants", "acme")}
