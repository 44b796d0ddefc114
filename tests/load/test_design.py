"""The documents that the design prints are the first test case."""

from __future__ import annotations

from composer.stages.load import check_references, load_fleet, load_site, read_certificates
from tests.load.fleets import DESIGN

ROOT = DESIGN.parent.parent.parent


def test_the_design_s_documents_load_without_findings() -> None:
    fleet, findings = load_fleet(DESIGN)
    assert findings == []
    assert list(fleet.sites) == ["berlin-01", "hub-eu"]
    assert list(fleet.tenants) == ["acme", "globex"]
    assert list(fleet.profiles) == ["k3s-small"]
    assert [check_references(fleet, load_site(fleet, name)) for name in fleet.sites] == [[], []]


def test_the_example_fleet_loads_without_findings() -> None:
    fleet, findings = load_fleet(ROOT)
    assert findings == []
    assert [d for name in fleet.sites for d in check_references(fleet, load_site(fleet, name))] == []


def test_the_example_fleet_is_what_the_readme_promises() -> None:
    """A hub, edge sites of three kinds, three tenants of which two share a gateway."""
    fleet, _ = load_fleet(ROOT)
    sites = {name: load_site(fleet, name).data for name in fleet.sites}
    kinds = [data["metadata"]["labels"]["kind"] for data in sites.values()]
    assert kinds.count("hub") == 1
    assert len(kinds) >= 6
    assert set(kinds) >= {"metal-works", "restaurant", "wind-park"}
    assert len(fleet.tenants) == 3
    assert len(fleet.profiles) >= 2
    gateways = [g for data in sites.values() for g in (data["spec"].get("gateways") or {}).values()]
    assert any({d["tenant"] for d in g["devices"].values()} == {"acme", "globex"} for g in gateways)


def test_values_stand_where_they_were_written() -> None:
    fleet, _ = load_fleet(DESIGN)
    berlin = load_site(fleet, "berlin-01")
    place = berlin.place(("spec", "gateways", "hall-3", "devices", "plc-2", "readers", "acme", "rate"))
    assert place.file == "sites/eu/de/berlin-01.yaml"
    assert place.source[place.column - 1 : place.column - 1 + place.width] == "1/s"


def test_a_referenced_file_is_read_from_sites() -> None:
    fleet, _ = load_fleet(DESIGN)
    assert read_certificates(fleet, "files/hub-eu.pem").startswith("-----BEGIN CERTIFICATE-----\n")


def test_editors_find_the_schema_of_every_example_document() -> None:
    fleet, _ = load_fleet(ROOT)
    shared = [d.file for d in (fleet.document, *fleet.profiles.values(), *fleet.tenants.values())]
    for path in [*shared, *fleet.sites.values()]:
        first, *rest = (ROOT / path).read_text(encoding="utf-8").splitlines()
        schema = (ROOT / path).parent / first.removeprefix("# yaml-language-server: $schema=")
        kind = next(line for line in rest if line.startswith("kind: ")).removeprefix("kind: ")
        assert schema.resolve() == ROOT / f"schemas/{kind.lower()}.schema.json"
