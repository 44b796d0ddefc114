"""What is copied to branches: certificates and encrypted secrets, and nothing that can be read and should not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.stages.load import load_fleet, read_certificates, read_sops
from tests.load.fleets import document, site, write

ENCRYPTED = "ENC[AES256_GCM,data:Y2g=,iv:YQ==,tag:Yg==,type:str]"
SOPS = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: mes, namespace: tenant-acme}}
stringData: {{token: "{ENCRYPTED}", empty: ""}}
sops: {{age: [], lastmodified: "2026-01-01T00:00:00Z", mac: "{ENCRYPTED}", version: 3.9.0}}
"""
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBvTCCAWOg\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"


def sops_findings(root: Path, text: str) -> list[Diagnostic]:
    fleet, _ = load_fleet(write(root, {"a.yaml": site("a"), "secrets/mes.yaml": text}))
    with pytest.raises(Rejected) as rejected:
        read_sops(fleet, "secrets/mes.yaml", "mes", "tenant-acme")
    return list(rejected.value.diagnostics)


def certificates(root: Path, text: str) -> str:
    fleet, _ = load_fleet(write(root, {"a.yaml": site("a"), "files/ca.pem": text}))
    return read_certificates(fleet, "files/ca.pem")


def test_an_encrypted_secret_is_read_byte_for_byte(tmp_path: Path) -> None:
    fleet, _ = load_fleet(write(tmp_path, {"a.yaml": site("a"), "secrets/mes.yaml": SOPS}))
    assert read_sops(fleet, "secrets/mes.yaml", "mes", "tenant-acme") == SOPS.encode()


@pytest.mark.parametrize(
    ("written", "instead", "code"),
    [
        (f'token: "{ENCRYPTED}"', "token: hunter2", "D052"),
        (f'token: "{ENCRYPTED}"', 'token: "ENC[hunter2"', "D052"),
        (f'token: "{ENCRYPTED}"', 'token: "ENC[hunter2]"', "D052"),
        (f'{{token: "{ENCRYPTED}", empty: ""}}', "hunter2", "D052"),
        ("sops:", "note: hunter2\nsops:", "D052"),
        (
            "namespace: tenant-acme",
            "namespace: tenant-acme, annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}",
            "D052",
        ),
        (f'mac: "{ENCRYPTED}"', "mac: hunter2", "D051"),
        ("name: mes", "name: hunter2", "D050"),
        ("stringData:", "data: {token: hunter2\nstringData:", "Y"),
        ("stringData:", "stringData: {token: hunter2}\nstringData:", "Y"),
    ],
)
def test_what_can_be_read_in_an_encrypted_secret_is_refused_and_not_shown(
    tmp_path: Path, written: str, instead: str, code: str
) -> None:
    assert written in SOPS
    findings = sops_findings(tmp_path, SOPS.replace(written, instead, 1))
    assert all(finding.code.startswith(code) for finding in findings)
    shown = [finding.place.source for finding in findings]
    shown += [related.place.source for finding in findings for related in finding.related]
    assert not "".join(shown)
    assert code == "D050" or "hunter2" not in "".join(finding.message for finding in findings)


def test_of_a_certificate_file_only_the_certificates_are_taken(tmp_path: Path) -> None:
    text = f"the hub's CA, password hunter2\n{CERTIFICATE}and the old one\n{CERTIFICATE}"
    assert certificates(tmp_path, text) == CERTIFICATE * 2


@pytest.mark.parametrize(
    "text", [KEY, CERTIFICATE + KEY, KEY + CERTIFICATE, "", "hunter2\n", CERTIFICATE + KEY[:40], CERTIFICATE[:50]]
)
def test_a_certificate_file_with_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Rejected, match="D053"):
        certificates(tmp_path, text)


@pytest.mark.parametrize(
    "url",
    [
        "https://bot:hunter2@git.example.com/edge.git",
        "https://hunter2@git.example.com/edge.git",
        "HTTPS://hunter2@git.example.com/edge.git",
        "ssh://git:hunter2@git.example.com/edge.git",
    ],
)
@pytest.mark.parametrize("key", ["repository", "url"])
def test_the_address_of_the_delivery_repository_holds_no_login_and_none_is_shown(
    tmp_path: Path, key: str, url: str
) -> None:
    root = write(tmp_path, {"fleet.yaml": document("Fleet", "f", f'{{delivery: {{{key}: "{url}"}}}}')})
    with pytest.raises(Rejected) as rejected:
        load_fleet(root)
    (finding,) = rejected.value.diagnostics
    assert finding.code == "D005"
    assert "hunter2" not in f"{finding}"


def test_the_address_of_the_delivery_repository_may_name_the_user_of_ssh(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"fleet.yaml": document("Fleet", "f", '{delivery: {url: "ssh://git@git.example.com/e.git"}}')}
    )
    assert load_fleet(root)[1] == []


def test_a_secret_written_where_its_reference_belongs_is_not_shown(tmp_path: Path) -> None:
    root = write(tmp_path, {"tenants/acme.yaml": document("Tenant", "acme", "{secrets: {mes: hunter2}}")})
    (finding,) = load_fleet(root)[1]
    assert finding.code == "D002"
    assert "hunter2" not in f"{finding}"
