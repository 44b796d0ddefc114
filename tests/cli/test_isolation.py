"""`composer isolation` as people type it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from composer.cli.main import main
from tests.cli.kit import site
from tests.load.fleets import document, write
from tests.report.hostile import harmless

FLEET = str(Path(__file__).parents[1] / "fleets/isolation")


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["-C", FLEET, "isolation", "works", *words]) == 0
    return capsys.readouterr().out


def test_every_right_is_shown_with_the_line_that_implies_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(capsys).split())
    assert "gateway hall publish meter/m-1/state sites/works.yaml:17" in text
    assert "relay relay publish from/globex/meter/m-2/state sites/tenants/acme.yaml:5" in text
    assert "globex acme meter/m-2/state 5/s sites/works.yaml:18 sites/tenants/acme.yaml:5" in text


def test_widened_rights_and_declared_limits_are_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(capsys).split())
    assert "acme: class guest publish guest/{device}/value the names of these devices are not told" in text
    assert "class press press/{device}/telemetry 2/s nobody: declared" in text
    assert "messages from globex 5/s ConfigMap/relay data.[limits.yaml], acme_globex_hall_m-2" in text


def test_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(capsys, "--format", "json"))
    assert list(found["tenants"]) == ["acme", "acme-eu", "globex"]
    assert [(each["owner"], each["reader"]) for each in found["shared"]] == [
        ("globex", "acme"),
        ("acme", "acme-eu"),
        ("acme-eu", "globex"),
    ]
    bus = [row for row in found["network"] if row["component"] == "hall" and row["port"] == 502]
    assert [(row["peer"], row["widened"], row["place"]) for row in bus] == [
        ("10.20.0.5/32", None, "sites/works.yaml:15")
    ]


EXAMPLE = str(Path(__file__).parents[2])


def test_at_a_hub_the_rights_of_a_bridge_are_implied_by_the_documents_of_its_site(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["-C", EXAMPLE, "isolation", "hub-eu"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "bridge rome-01 publish sites/rome-01/fridge/log sites/tenants/bistro.yaml:35" in text
    assert "bridge rome-02 publish sites/rome-02/fridge/log sites/eu/it/rome-02.yaml:20" in text
    assert (
        "ingress every address 8883 addresses of sites and load balancers are not known sites/eu/de/berlin-01.yaml:"
        in text
    )


def test_what_delivery_may_touch_is_told_with_the_line_that_implies_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(capsys, "--format", "json"))["delivery"]
    jobs = [row for row in found if row["tenant"] == "acme" and row["kind"] == "Job"]
    assert [(row["account"], row["namespace"]) for row in jobs] == [("flux-system/delivery-acme", "tenant-acme")]
    assert all(row["place"].startswith("sites/works.yaml:") for row in found if row["tenant"])
    assert "flux-system/delivery-acme get list watch v1/Pod apps/ReplicaSet tenant-acme" in " ".join(
        shown(capsys).split()
    )


def test_markdown_has_a_section_for_each_tenant(capsys: pytest.CaptureFixture[str]) -> None:
    assert "## Tenant acme-eu\n\n| principal | may | topics | because |\n" in shown(capsys, "--format", "markdown")


def test_a_topic_cannot_leave_its_cell(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = Path(shutil.copytree(FLEET, tmp_path / "fleet"))
    guest = root / "sites/tenants/acme.yaml"
    topic = "guest/{device}/@everyone `x` | <b> \u202e"
    guest.write_text(guest.read_text().replace("guest/{device}/value", topic))
    for words in ((), ("--format", "markdown"), ("--format", "json")):
        assert main(["-C", str(root), "isolation", "works", *words]) == 0
        output = capsys.readouterr().out
        assert "@everyone" in output
        assert harmless(output)
        if "markdown" in words:
            assert "| ``guest/{device}/@everyone `x` \\x7c <b> \\u202e`` |" in output


def test_a_site_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", FLEET, "isolation", "work"]) == 2
    assert "did you mean 'works'?" in capsys.readouterr().err


ARGO = (
    'capabilities: {cert-manager: "1.18", argocd: "3.5"}',
    'capabilities: {cert-manager: "1.18", argocd: "3.5", argocd-impersonation: "3.5"}',
)


@pytest.mark.parametrize(("capabilities", "apart"), [(ARGO[0], False), (ARGO[1], True)])
def test_who_applies_a_tenants_folder_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], capabilities: str, apart: bool
) -> None:
    fleet = document("Fleet", "test", '{delivery: {engine: argocd, url: "https://git.example.com/delivery.git"}}')
    one = site("one", "tenants: {acme: {}}").replace('capabilities: {cert-manager: "1.18", flux: "2.6"}', capabilities)
    write(tmp_path, {"fleet.yaml": fleet, "one.yaml": one, "tenants/acme.yaml": document("Tenant", "acme")})
    assert main(["-C", str(tmp_path), "isolation", "one", "--format", "json"]) == 0
    rows = [row for row in json.loads(capsys.readouterr().out)["delivery"] if row["tenant"] == "acme"]
    assert {row["namespace"] for row in rows} == {"tenant-acme"}
    account = "edge-platform/delivery-acme" if apart else "argocd/argocd-application-controller"
    assert {row["account"] for row in rows} == {account}
    reasons = {row["widened"] for row in rows}
    assert (reasons == {None}) is apart
    assert apart or all("only its AppProject keeps it to this" in reason for reason in reasons)
