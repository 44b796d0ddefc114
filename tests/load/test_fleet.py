"""One bad document stops those who use it, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.stages.load import check_references, load_fleet, load_site, read_certificates
from tests.load.fleets import change, design_copy, document, lines, site, write


def test_a_folder_without_fleet_yaml_is_no_fleet(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="D024 there is no fleet here"):
        load_fleet(tmp_path)


def test_a_fleet_yaml_with_mistakes_stops_everything_with_all_of_them(tmp_path: Path) -> None:
    root = design_copy(tmp_path)
    change(root, "sites/fleet.yaml", ("engine: flux", "engine: fluxx"), ("interval: 1s", "interval: often"))
    with pytest.raises(Rejected) as rejected:
        load_fleet(root)
    assert [d.code for d in rejected.value.diagnostics] == ["D004", "D005"]


def test_bad_profiles_and_tenants_are_kept_by_name(tmp_path: Path) -> None:
    files = {
        "profiles/bad.yaml": document("Profile", "bad", "{ofline: 3h}"),
        "profiles/good.yaml": document("Profile", "good", "{offline: 3h}"),
        "tenants/bad.yaml": "spec: [",
        "tenants/good.yaml": document("Tenant", "good"),
        "a.yaml": site("a"),
    }
    fleet, findings = load_fleet(write(tmp_path, files))
    assert list(fleet.profiles) == ["good"]
    assert list(fleet.tenants) == ["good"]
    assert set(fleet.broken) == {("profiles", "bad"), ("tenants", "bad")}
    assert {finding for found in fleet.broken.values() for finding in found} == set(findings)
    assert check_references(fleet, load_site(fleet, "a")) == []


def test_a_file_that_is_not_there_is_found_wherever_it_is_named(tmp_path: Path) -> None:
    root = design_copy(tmp_path)
    change(root, "sites/eu/de/berlin-01.yaml", ("files/hub-eu.pem", "files/hub-us.pem"))
    change(root, "sites/tenants/acme.yaml", ("files/alert.schema.json", "files/alarm.schema.json"))
    change(root, "sites/profiles/k3s-small.yaml", ("spec:\n", "spec:\n  uplink: {ca: files/none.pem}\n"))
    fleet, findings = load_fleet(root)
    assert lines([*findings, *check_references(fleet, load_site(fleet, "berlin-01"))]) == [
        "sites/profiles/k3s-small.yaml:5:16 D032 spec.uplink.ca: there is no file sites/files/none.pem "
        "| paths in documents start at the folder sites/",
        "sites/tenants/acme.yaml:29:16 D032 spec.functions.stop-press.accepts: there is no file "
        "sites/files/alarm.schema.json | did you mean 'alert.schema.json'?",
        "sites/eu/de/berlin-01.yaml:17:48 D032 spec.uplink.ca: there is no file sites/files/hub-us.pem "
        "| did you mean 'hub-eu.pem'?",
    ]


@pytest.mark.parametrize(
    "spec",
    [
        "{deviceProfiles: {p: {publish: [{topic: a, schema: files/none}]}}}",
        "{devices: {d: {publish: [{topic: a}, {topic: b, schema: files/none}]}}}",
        "{streams: {s: {to: {schema: files/none}}}}",
        "{functions: {f: {accepts: files/none}}}",
        "{functions: {f: {emits: {topic: a, schema: files/none}}}}",
        "{functions: {f: {emits: [{topic: a, schema: files/none}]}}}",
        "{secrets: {s: {sops: secrets/none.yaml}}}",
    ],
)
def test_every_field_that_names_a_file_is_looked_after(tmp_path: Path, spec: str) -> None:
    files = {
        "tenants/t.yaml": document("Tenant", "t", spec),
        "a.yaml": site("a", f"{{tenants: {{t: {spec}}}}}"),
    }
    fleet, findings = load_fleet(write(tmp_path, files))
    assert [d.code for d in findings] == ["D032"]
    assert [d.code for d in check_references(fleet, load_site(fleet, "a"))] == ["D032"]


def test_a_path_with_the_sites_name_in_it_is_looked_for_at_each_site(tmp_path: Path) -> None:
    overlay = "{tenants: {t: {secrets: {s: {sops: 'secrets/{site}.yaml'}}}}}"
    files = {
        "tenants/t.yaml": document("Tenant", "t", "{secrets: {s: {sops: 'secrets/{site}.yaml'}}}"),
        "a.yaml": site("a", overlay),
        "b.yaml": site("b", overlay),
        "secrets/a.yaml": "{}",
    }
    fleet, findings = load_fleet(write(tmp_path, files))
    assert findings == []
    assert check_references(fleet, load_site(fleet, "a")) == []
    assert [d.code for d in check_references(fleet, load_site(fleet, "b"))] == ["D032"]


def test_use_of_a_tenant_that_is_not_in_the_fleet_is_found(tmp_path: Path) -> None:
    use = "{uses: [{tenant: glbex, gateway: g, device: d, topics: [a]}]}"
    files = {
        "tenants/acme.yaml": document("Tenant", "acme", use),
        "tenants/globex.yaml": document("Tenant", "globex"),
    }
    _, findings = load_fleet(write(tmp_path, files))
    assert lines(findings) == [
        "sites/tenants/acme.yaml:4:24 D034 spec.uses.0.tenant: there is no tenant 'glbex' | did you mean 'globex'?"
    ]


def test_a_referenced_file_cannot_be_a_link_out_of_the_fleet(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    root = write(tmp_path / "fleet", {"a.yaml": site("a")})
    (root / "sites/files").mkdir()
    (root / "sites/files/ca.pem").symlink_to(tmp_path / "key")
    fleet, _ = load_fleet(root)
    with pytest.raises(Rejected, match="Y0"):
        read_certificates(fleet, "files/ca.pem")


@pytest.mark.parametrize(
    ("protocol", "point", "lacks"),
    [
        ("modbus", "{name: a, register: holding, address: 1}", ["type"]),
        ("modbus", "{name: a, type: INT16}", ["register", "address"]),
        ("modbus", "{name: a, register: coil, address: 1}", []),
        ("opcua", "{name: a}", ["node"]),
        ("opcua", "{name: a, node: ns=2;s=x}", []),
    ],
)
def test_points_of_the_fleets_device_profiles_say_where_to_read(
    tmp_path: Path, protocol: str, point: str, lacks: list[str]
) -> None:
    profile = f"{{protocol: {protocol}, points: [{point}], publish: []}}"
    root = write(tmp_path, {"fleet.yaml": document("Fleet", "f", f"{{deviceProfiles: {{p: {profile}}}}}")})
    try:
        found = load_fleet(root)[1]
    except Rejected as rejected:
        found = list(rejected.diagnostics)
    path = "spec.deviceProfiles.p.points.0"
    assert [d.message for d in found] == [f"{path}: a point of {protocol} needs {key!r}" for key in lacks]
    assert {d.code for d in found} <= {"D012"}
