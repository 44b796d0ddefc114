"""A real API server on the loopback: etcd and kube-apiserver as they come, with no node and no controller behind them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from composer.source.reader import parse_all

TOKEN = "everything-4c1e"
HOW = "for a real API server set COMPOSER_KUBE_APISERVER, COMPOSER_ETCD and COMPOSER_CRDS as CONTRIBUTING.md says"
FORBIDDEN = "forbidden"
DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")

Objects = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Binaries:
    """The programs, and the definitions by group and kind."""

    apiserver: str
    etcd: str
    definitions: Mapping[tuple[str, str], Any] = field(repr=False)


def binaries() -> Binaries:
    """What the environment names; the test is skipped where it names nothing."""
    apiserver, folder = os.environ.get("COMPOSER_KUBE_APISERVER"), os.environ.get("COMPOSER_CRDS")
    etcd = os.environ.get("COMPOSER_ETCD") or shutil.which("etcd")
    if not (apiserver and folder and etcd):
        pytest.skip(HOW)
    files = sorted(path for path in Path(folder).iterdir() if path.suffix in (".yaml", ".yml"))
    read = (each.data for path in files for each in parse_all(path.read_text(), path.name))
    found = [each for each in read if each and (each.get("apiVersion"), each.get("kind")) == DEFINITION]
    return Binaries(apiserver, etcd, {(each["spec"]["group"], each["spec"]["names"]["kind"]): each for each in found})


@dataclass(frozen=True, eq=False)
class Real:
    """An API server that answers at *host* to a token that may do everything."""

    host: str
    folder: Path
    pool: PoolManager = field(repr=False)

    def ask(
        self, verb: str, path: str, body: Any = None, content: str = "application/json", user: str = "", **query: str
    ) -> Any:
        """What it answers; fails the test where it refuses, with what it says. As *user*, it is asked with that one's rights."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content}
        headers |= {"Impersonate-User": user} if user else {}
        url = f"{self.host}{path}?{urlencode(query)}"
        answer = self.pool.request(verb, url, body=body and json.dumps(body), headers=headers)
        said = answer.json() if answer.headers["Content-Type"] == "application/json" else {"message": answer.data}
        assert answer.status != 403, f"{FORBIDDEN}: {verb} {path}: {said.get('message')}"
        assert answer.status < 300, f"{verb} {path}: {said.get('message')}"
        assert not answer.headers.get("Warning"), f"{verb} {path}: {answer.headers['Warning']}"
        return said

    def path(self, object_: Mapping[str, Any]) -> str:
        """Where the object lies, as the server's own list of resources says."""
        version, metadata = object_["apiVersion"], object_["metadata"]
        root = f"/{'apis' if '/' in version else 'api'}/{version}"
        resources = self.ask("GET", root)["resources"]
        found = next(r for r in resources if r["kind"] == object_["kind"] and "/" not in r["name"])
        inside = f"/namespaces/{metadata['namespace']}" if found["namespaced"] else ""
        return f"{root}{inside}/{found['name']}/{metadata['name']}"

    def apply(self, objects: Objects, manager: str, user: str = "") -> None:
        """Applies them as engines do: on the server's side, with force; no field may be unknown or there twice."""
        strict = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        for each in sorted(objects, key=lambda each: each["kind"] != "Namespace"):
            self.ask("PATCH", self.path(each), each, "application/apply-patch+yaml", user, **strict)

    def allows(self, user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Whether a user may do that, as the server itself says."""
        wanted = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": wanted},
        }
        answer = self.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])

    def put_namespace(self, name: str) -> None:
        self.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}], "somebody")

    def define(self, definitions: Objects) -> None:
        """Has the server know custom kinds."""
        self.apply(definitions, "somebody")
        for each in definitions:
            spec = each["spec"]
            wanted = {f"{spec['group']}/{v['name']}" for v in spec["versions"] if v["served"]}
            for version in sorted(wanted):
                wait(lambda version=version, spec=spec: self._knows(version, spec["names"]["plural"]))

    def _knows(self, version: str, plural: str) -> bool:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = self.pool.request("GET", f"{self.host}/apis/{version}", headers=headers)
        return answer.status == 200 and any(r["name"] == plural for r in answer.json()["resources"])


@contextmanager
def etcd(found: Binaries, folder: Path) -> Iterator[str]:
    """The store of all servers of a module; gives its address."""
    client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    words = ["--data-dir", str(folder / "data"), "--listen-client-urls", client, "--advertise-client-urls", client]
    words += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
    with running(folder / "etcd.log", found.etcd, "--unsafe-no-fsync", *words) as alive:
        pool = PoolManager(retries=False)
        wait(lambda: alive() and answers(pool, f"{client}/health"))
        yield client


@contextmanager
def serving(found: Binaries, store: str, folder: Path) -> Iterator[Real]:
    """An empty cluster of its own in the store."""
    (port,) = free_ports(1)
    folder.mkdir()
    key, tokens = folder / "accounts.key", folder / "tokens.csv"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    tokens.write_text(f'{TOKEN},admin,1,"system:masters"\n')
    words = ["--etcd-servers", store, "--etcd-prefix", f"/{folder.name}", "--bind-address", "127.0.0.1"]
    words += ["--secure-port", str(port), "--cert-dir", str(folder), "--token-auth-file", str(tokens)]
    words += ["--service-account-issuer", "https://kubernetes.default.svc", "--authorization-mode", "RBAC"]
    words += ["--service-account-signing-key-file", str(key), "--service-account-key-file", str(key)]
    words += ["--service-cluster-ip-range", "10.96.0.0/16"]
    host = f"https://127.0.0.1:{port}"
    with running(folder / "apiserver.log", found.apiserver, *words) as alive:
        certificate = folder / "apiserver.crt"
        wait(lambda: alive() and certificate.exists())
        pool = PoolManager(ca_certs=str(certificate), assert_hostname=False, retries=False)
        wait(lambda: alive() and answers(pool, f"{host}/readyz"))
        yield Real(host, folder, pool)


@contextmanager
def running(log: Path, *words: str) -> Iterator[Any]:
    """A program under way; gives what fails the test once it has ended."""
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, start_new_session=True)

    def alive() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        return True

    try:
        yield alive
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def answers(pool: PoolManager, url: str) -> bool:
    try:
        return pool.request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    except HTTPError:
        return False


def wait(ready: Any) -> None:
    while not ready():
        time.sleep(0.1)


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
