"""What the fleet lets tenants reach, told at the line that reaches too far."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.fleets import document
from tests.wire.sites import SITE, files, lines, rejected, wired

HERE = "  tenants: {acme: {}, globex: {}}\n"
SECRET = "  secrets: {mes: {externalSecret: {store: vault, key: '%s'}}}\n"
FUNCTION = """\
  functions:
    call: {blueprint: function-http@1, on: a, params: {image: "x.example.com/a:1", egress: [{cidr: %s, port: 443}]}}
"""
RANGES = SITE.replace("domain:", "ranges: [10.100.0.0/16, 'fd00:10::/56'], domain:")
BUS = """\
  gateways:
    hall: {blueprint: gateway-telegraf@1, bus: {tcp: "10.20.0.5:502", cidr: 10.20.0.0/24}, devices: {}}
"""


def fleet(policies: str) -> str:
    return f"  policies: {policies}\n" if policies else ""


@pytest.mark.parametrize(
    ("key", "policies"),
    [
        ("acme/mes", ""),
        ("acme/{site}/mes", ""),
        ("acme/a/b/c", ""),
        ("berlin-acme-mes", "{tenantSecrets: {keys: ['{site}-{tenant}-*']}}"),
        ("shared/berlin/mes", "{tenantSecrets: {keys: ['{tenant}/*', 'shared/{site}/*']}}"),
        ("anything", "{tenantSecrets: {keys: ['*']}}"),
        ("acme/mes", "{tenantSecrets: {stores: [other, vault]}}"),
    ],
)
def test_keys_of_the_tenants_own_part_of_a_store_are_fine(tmp_path: Path, key: str, policies: str) -> None:
    wired(tmp_path, files(HERE, fleet=fleet(policies), acme=SECRET % key, globex=""))


@pytest.mark.parametrize(
    ("key", "policies", "shown", "allowed"),
    [
        ("globex/mes", "", "globex/mes", "acme/*"),
        ("acme", "", "acme", "acme/*"),
        ("acme/", "", "acme/", "acme/*"),
        ("acmeevil/mes", "", "acmeevil/mes", "acme/*"),
        ("acme/../globex/mes", "", "acme/../globex/mes", "acme/*"),
        ("acme/%2e%2e/globex", "", "acme/%2e%2e/globex", "acme/*"),
        ("acme//mes", "", "acme//mes", "acme/*"),
        ("/acme/mes", "", "/acme/mes", "acme/*"),
        ("{site}/mes", "", "berlin/mes", "acme/*"),
        ("acme/mes", "{tenantSecrets: {keys: []}}", "acme/mes", "none"),
        ("acme/mes", "{tenantSecrets: {keys: ['{tenant}/{site}/*']}}", "acme/mes", "acme/berlin/*"),
    ],
)
def test_w013_a_key_outside_of_it_is_refused(tmp_path: Path, key: str, policies: str, shown: str, allowed: str) -> None:
    found = rejected(tmp_path, files(HERE, fleet=fleet(policies), acme=SECRET % key, globex=""))
    assert lines(found) == [
        f"sites/tenants/acme.yaml:5:55 W013 tenant acme may not name the key {shown!r} of a shared store"
    ]
    assert found[0].hint == f"keys it may name: {allowed}"
    assert [str(r.place) for r in found[0].related] == (["sites/fleet.yaml:5:30"] if policies else [])


def test_w013_tells_the_line_of_the_layer_that_set_the_key(tmp_path: Path) -> None:
    overlay = "  tenants:\n    acme:\n      secrets: {mes: {externalSecret: {key: globex/mes}}}\n"
    found = rejected(tmp_path, files(overlay, acme=SECRET % "acme/mes"))
    assert [str(d.place) for d in found] == ["sites/berlin.yaml:9:45"]


def test_w013_a_store_the_fleet_keeps_from_tenants(tmp_path: Path) -> None:
    policies = fleet("{tenantSecrets: {stores: [tenants]}}")
    found = rejected(tmp_path, files(HERE, fleet=policies, acme=SECRET % "acme/mes", globex=""))
    assert lines(found) == ["sites/tenants/acme.yaml:5:43 W013 tenant acme may not use the store 'vault'"]
    assert found[0].hint == "policies.tenantSecrets.stores has tenants"


@pytest.mark.parametrize(
    ("cidr", "policies"),
    [
        ("10.20.0.7/32", ""),
        ("192.0.2.0/24", ""),
        ("'2001:db8::/64'", ""),
        ("10.20.0.7/32", "{tenantEgress: {allow: [10.20.0.0/16]}}"),
        ("10.20.0.7/32", "{tenantEgress: {deny: [10.20.0.8/29]}}"),
    ],
)
def test_peers_outside_of_the_cluster_are_fine(tmp_path: Path, cidr: str, policies: str) -> None:
    wired(tmp_path, files(HERE, fleet=fleet(policies), acme=FUNCTION % cidr, globex=""))


@pytest.mark.parametrize(
    ("cidr", "policies", "why"),
    [
        ("0.0.0.0/0", "", "a range wider than /8"),
        ("16.0.0.0/4", "", "a range wider than /8"),
        ("'::/0'", "", "a range wider than /16"),
        ("169.254.169.254/32", "", "169.254.0.0/16 are link-local"),
        ("168.63.129.0/24", "", "168.63.129.16/32 is the address"),
        ("127.0.0.1/32", "", "127.0.0.0/8 are addresses of the machine"),
        ("'::ffff:10.42.0.1/128'", "", "::ffff:0:0/96 are IPv4"),
        ("'fe80::1/128'", "", "fe80::/10"),
        ("'64:ff9b::a9fe:a9fe/128'", "", "64:ff9b::/96 are IPv4"),
        ("10.42.7.0/24", "", "10.42.0.0/16 are the cluster's own"),
        ("10.43.0.1/32", "", "10.43.0.0/16 are the cluster's own"),
        ("10.0.0.0/8", "", "10.42.0.0/16 are the cluster's own"),
        ("10.20.0.7/32", "{tenantEgress: {allow: [192.0.2.0/24]}}", "outside of policies.tenantEgress.allow"),
        ("10.20.0.0/24", "{tenantEgress: {allow: [10.20.0.0/25]}}", "outside of policies.tenantEgress.allow"),
        ("10.20.0.7/32", "{tenantEgress: {allow: [10.20.0.0/16], deny: [10.20.0.4/30]}}", "policies.tenantEgress.deny"),
        ("10.42.0.1/32", "{tenantEgress: {allow: [10.42.0.0/16]}}", "10.42.0.0/16 are the cluster's own"),
    ],
)
def test_w014_everything_that_opens_a_wall_is_refused(tmp_path: Path, cidr: str, policies: str, why: str) -> None:
    (found,) = rejected(tmp_path, files(HERE, fleet=fleet(policies), acme=FUNCTION % cidr, globex=""))
    assert (found.code, str(found.place)) == ("W014", "sites/tenants/acme.yaml:6:100")
    assert found.message.startswith("call of tenant acme may not reach ")
    assert why in found.message
    assert [r.message for r in found.related] == (["the policy"] if "policies" in why else [])


def test_w014_goes_by_the_ranges_the_site_states(tmp_path: Path) -> None:
    stated = {**files(HERE, acme=FUNCTION % "10.100.3.0/24", globex=""), "berlin.yaml": RANGES + HERE}
    (found,) = rejected(tmp_path / "own", stated)
    assert "10.100.0.0/16 are the cluster's own pods and services" in found.message
    wired(tmp_path / "others", {**stated, "tenants/acme.yaml": document_of("10.42.3.0/24")})
    (found,) = rejected(tmp_path / "unstated", files(HERE, acme=FUNCTION % "10.42.3.0/24", globex=""))
    assert "spec.cluster.ranges" in found.hint


def document_of(cidr: str) -> str:
    return document("Tenant", "acme", "").rstrip() + "\n" + FUNCTION % cidr


def test_w014_a_bus_is_reached_by_the_gateway_of_its_owner_only(tmp_path: Path) -> None:
    (found,) = rejected(tmp_path / "globex", files(HERE, acme=FUNCTION % "10.20.0.5/32", globex=BUS))
    assert "10.20.0.0/24 is the bus of hall, a gateway of tenant globex" in found.message
    assert [str(r.place) for r in found.related] == ["sites/tenants/globex.yaml:6:77"]
    site = files(HERE + BUS, acme=FUNCTION % "10.20.0.5/32", globex="")
    (found,) = rejected(tmp_path / "site", site)
    assert "a gateway of the site" in found.message
    wired(tmp_path / "own", files(HERE, acme=BUS + FUNCTION % "10.20.0.5/32", globex=""))


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "10.42.0.0/16", "169.254.169.254/32"])
def test_w014_holds_for_the_bus_of_a_tenants_gateway_too(tmp_path: Path, cidr: str) -> None:
    (found,) = rejected(tmp_path, files(HERE, acme=BUS.replace("10.20.0.0/24", cidr), globex=""))
    assert (found.code, str(found.place)) == ("W014", "sites/tenants/acme.yaml:6:77")
    wired(tmp_path / "site", files(HERE + BUS.replace("10.20.0.0/24", cidr), acme="", globex=""))


def test_tenants_with_devices_in_one_network_may_both_name_it(tmp_path: Path) -> None:
    wired(tmp_path, files(HERE, acme=BUS, globex=BUS))


def test_the_platform_s_own_components_are_the_operator_s_business(tmp_path: Path) -> None:
    broker = "{ingress: {blueprint: mqtt-mosquitto@1, params: {egress: [{cidr: 10.42.0.1/32, port: 443}]}}}"
    site = SITE.replace("{ingress: {blueprint: mqtt-mosquitto@1}}", broker)
    wired(tmp_path, {**files(), "berlin.yaml": site})
