"""How clusters are reached: TLS and client certificates, lists page by page, programs that give credentials, many at once."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from composer.clusters import Kubeconfig, Refused, Unreachable, ask_all
from tests.cli.kit import composer, fleet, noted, start
from tests.clusters.server import TOKEN, Api, Cluster, kubeconfig, serving

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GIVEN = json.dumps(
    {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": TOKEN}}
)


def made(folder: Path, name: str, *words: str) -> Path:
    """A key and a certificate in one file."""
    base = folder / name
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    files = ["-keyout", f"{base}.key", "-out", f"{base}.crt", "-subj", f"/CN={name}"]
    subprocess.run([*request, *files, *words], check=True, capture_output=True)
    (pem := base.with_suffix(".pem")).write_text(
        base.with_suffix(".key").read_text() + base.with_suffix(".crt").read_text()
    )
    return pem


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's certificate that is its own authority, another authority, and somebody's client certificate."""
    folder = tmp_path_factory.mktemp("tls")
    made(folder, "server", "-addext", "subjectAltName=IP:127.0.0.1")
    made(folder, "other")
    made(folder, "somebody")
    return folder


@pytest.fixture(scope="module")
def secure(authority: Path) -> Iterator[Api]:
    """A server that wants a client certificate."""
    with serving(authority / "server.pem", authority / "somebody.crt") as started:
        yield started


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def identity(authority: Path) -> dict[str, str]:
    """The person of a kubeconfig, with the key in it."""
    names = {"client-certificate-data": "somebody.crt", "client-key-data": "somebody.key"}
    return {"token": TOKEN, **{key: encoded(authority / name) for key, name in names.items()}}


def items(paths: Path, folder: Path, context: str) -> list[Any]:
    return list(Kubeconfig(str(paths), folder).connect(context, 5).items(DEFINITIONS))


def test_certificates_in_a_kubeconfig_are_used_and_nothing_of_them_stays(
    authority: Path, secure: Api, tmp_path: Path
) -> None:
    secure.clusters["a"] = Cluster({f"{DEFINITIONS}/x": {"metadata": {"name": "x"}}})
    root = fleet(tmp_path / "fleet", {})
    ca = encoded(authority / "server.crt")
    known = kubeconfig(
        tmp_path / "config", {"a": secure.address("a")}, identity(authority), **{"certificate-authority-data": ca}
    )
    (folder := tmp_path / "temporary").mkdir()
    ran = composer(root, "crds", "import", "--context", "a", KUBECONFIG=str(known), TMPDIR=str(folder))
    assert "K051" in ran.err  # it was read, and is no definition
    assert list(folder.iterdir()) == []
    assert (TOKEN in ran.err, "PRIVATE" in ran.err) == (False, False)


@pytest.mark.parametrize(
    ("changes", "user", "reason"),
    [
        (
            {"certificate-authority": "other.crt"},
            True,
            "its certificate or ours is not accepted: self-signed certificate",
        ),
        ({}, True, "its certificate or ours is not accepted: self-signed certificate"),
        ({"certificate-authority": "absent.crt"}, True, "context a: file does not exist: "),
        ({"certificate-authority": "server.crt", "tls-server-name": "elsewhere"}, True, "hostname mismatch"),
        ({"certificate-authority": "server.crt"}, False, "its certificate or ours is not accepted"),
    ],
)
def test_a_server_that_is_not_who_it_should_be_is_not_asked(
    authority: Path, secure: Api, tmp_path: Path, changes: dict[str, str], user: bool, reason: str
) -> None:
    secure.forget()
    known = kubeconfig(
        authority / "config", {"a": secure.address("a")}, identity(authority) if user else {"token": TOKEN}, **changes
    )
    with pytest.raises(Unreachable) as raised:
        items(known, tmp_path, "a")
    assert reason in str(raised.value)
    assert secure.requests == []


def test_a_list_is_asked_for_page_by_page(api: Api, tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(5)]
    api.clusters["a"] = Cluster({f"{DEFINITIONS}/{name}": {"metadata": {"name": name}} for name in names})
    known = kubeconfig(tmp_path / "config", {"a": api.address("a")})
    assert [item["metadata"]["name"] for item in items(known, tmp_path, "a")] == names
    assert [request.query for request in api.requests] == [
        {"limit": "100"},
        {"limit": "100", "continue": "2"},
        {"limit": "100", "continue": "4"},
    ]


def test_a_page_that_expired_is_said(api: Api, tmp_path: Path) -> None:
    api.clusters["a"] = Cluster(
        {f"{DEFINITIONS}/{name}": {"metadata": {"name": name}} for name in "abc"}, forgetful=True
    )
    known = kubeconfig(tmp_path / "config", {"a": api.address("a")})
    with pytest.raises(Refused, match="too old") as raised:
        items(known, tmp_path, "a")
    assert raised.value.status == 410


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (f"echo '{GIVEN}'", ""),
        (f"echo no {TOKEN} >&2; exit 1", "it does not accept the credentials: Unauthorized"),
        ("sleep 3", "no answer within 1 s"),
    ],
)
def test_a_program_may_give_the_credentials_and_what_it_says_is_not_repeated(
    api: Api, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, state: str
) -> None:
    api.clusters["a"] = Cluster()
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", command]}
    known = kubeconfig(tmp_path / "config", {"a": api.address("a")}, {"exec": {**program, "interactiveMode": "Never"}})
    (said,) = ask_all(lambda name: _says(known, tmp_path, name), lambda _, why: why, ["a"], 1)
    assert said == state
    told = capfd.readouterr()
    assert TOKEN not in told.out + told.err


def test_a_token_may_stand_in_a_file_with_a_line_break(api: Api, tmp_path: Path) -> None:
    api.clusters["a"] = Cluster()
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    known = kubeconfig(tmp_path / "config", {"a": api.address("a")}, {"tokenFile": "token"})
    assert items(known, tmp_path, "a") == []


@pytest.mark.parametrize("user", [{"token": f"{TOKEN}\nx"}, {"username": TOKEN, "password": "wrong"}])
def test_a_token_that_cannot_be_used_is_not_repeated(api: Api, tmp_path: Path, user: dict[str, str]) -> None:
    api.clusters["a"] = Cluster()
    known = kubeconfig(tmp_path / "config", {"a": api.address("a")}, user)
    with pytest.raises(Unreachable) as raised:
        items(known, tmp_path, "a")
    assert TOKEN not in str(raised.value)


def test_an_address_that_holds_a_password_is_not_repeated(tmp_path: Path) -> None:
    known = kubeconfig(tmp_path / "config", {"a": f"https://me:{TOKEN}@127.0.0.1:1:2/"})
    with pytest.raises(Unreachable) as raised:
        items(known, tmp_path, "a")
    assert TOKEN not in str(raised.value)


def _says(known: Path, folder: Path, context: str) -> str:
    return "".join(str(item) for item in items(known, folder, context))


def test_many_are_asked_at_the_same_time_and_told_in_order() -> None:
    names = [f"n{number}" for number in range(60)]
    thirty = Barrier(30)

    def ask(name: str) -> str:
        thirty.wait()
        if name == "n7":
            raise Unreachable("gone")
        return name

    found = list(ask_all(ask, lambda name, why: f"{name}: {why}", names, 30))
    assert found == ["n7: gone" if name == "n7" else name for name in names]


def test_what_went_wrong_in_the_composer_is_raised() -> None:
    def ask(_: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(ask_all(ask, lambda name, _: name, ["a"], 5))


def test_ctrl_c_leaves_no_key_behind(authority: Path, secure: Api, tmp_path: Path) -> None:
    secure.forget()
    secure.clusters["a"] = Cluster(broken="slow")
    root = fleet(tmp_path / "fleet", {"a.yaml": noted("a")})
    assert composer(root, "publish", "--allow-dirty").code == 0
    changes = {"certificate-authority-data": encoded(authority / "server.crt")}
    known = kubeconfig(tmp_path / "config", {"a": secure.address("a")}, identity(authority), **changes)
    (folder := tmp_path / "temporary").mkdir()
    process = start(root, "status", KUBECONFIG=str(known), TMPDIR=str(folder))
    while not secure.requests:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    keys = [file for file in folder.rglob("*") if file.is_file()]
    assert keys
    assert {file.stat().st_mode & 0o077 for file in keys} == {0}
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, (out, err)
    assert list(folder.iterdir()) == []
    assert TOKEN not in json.dumps([out, err])
