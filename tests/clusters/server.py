"""A server that speaks the Kubernetes API as strict as a real one about verbs, queries and content types.

It holds many clusters. Each lies below a path of its own, as behind a gateway. Whatever would write is counted, and done nowhere.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "let-me-in-5d1f"
KINDS: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "v1": {
        "ConfigMap": ("configmaps", True),
        "Namespace": ("namespaces", False),
        "LimitRange": ("limitranges", True),
        "ResourceQuota": ("resourcequotas", True),
        "Secret": ("secrets", True),
        "Service": ("services", True),
        "ServiceAccount": ("serviceaccounts", True),
    },
    "cert-manager.io/v1": {"ClusterIssuer": ("clusterissuers", False)},
    "networking.k8s.io/v1": {"NetworkPolicy": ("networkpolicies", True)},
    "rbac.authorization.k8s.io/v1": {"Role": ("roles", True), "RoleBinding": ("rolebindings", True)},
    "scheduling.k8s.io/v1": {"PriorityClass": ("priorityclasses", False)},
    "source.toolkit.fluxcd.io/v1": {
        "GitRepository": ("gitrepositories", True),
        "OCIRepository": ("ocirepositories", True),
    },
    "kustomize.toolkit.fluxcd.io/v1": {"Kustomization": ("kustomizations", True)},
    "argoproj.io/v1alpha1": {"Application": ("applications", True), "AppProject": ("appprojects", True)},
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": ("customresourcedefinitions", False)},
}
_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+/[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?(?:/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?)?"
)


@dataclass
class Cluster:
    """What a cluster holds: path -> object. *refused*: path -> status and message for whoever applies there; *broken* is how
    it answers instead of all that: "slow", "dripping", "html", "redirect", "cut", or a status."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    forgetful: bool = False
    broken: str = ""


@dataclass(frozen=True)
class Request:
    verb: str
    cluster: str
    path: str
    query: Mapping[str, str]
    body: Any = None


class Api(ThreadingHTTPServer):
    """The server. *requests* are all that came, *writes* those that would have changed something."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.clusters: dict[str, Cluster] = {}
        self.requests: list[Request] = []
        self.writes: list[Request] = []
        self.scheme = "http"

    def forget(self) -> None:
        self.clusters.clear()
        self.requests.clear()
        self.writes.clear()

    def address(self, cluster: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{cluster}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell."""


@contextmanager
def serving(certificate: Path | None = None, clients: Path | None = None) -> Iterator[Api]:
    """The server under way: with TLS where there is a certificate (with its key in one file), for those alone whom the
    authority *clients* knows."""
    server = Api()
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(path: Path, servers: Mapping[str, str], user: Mapping[str, Any] | None = None, **cluster: Any) -> Path:
    """A kubeconfig with a context for each server, all of the same user."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "",
        "clusters": [{"name": f"{name}-c", "cluster": {"server": url, **cluster}} for name, url in servers.items()],
        "users": [{"name": "somebody", "user": user or {"token": TOKEN}}],
        "contexts": [{"name": name, "context": {"cluster": f"{name}-c", "user": "somebody"}} for name in servers],
    }
    path.write_text(json.dumps(config))
    return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def do_GET(self) -> None:
        self._handle()

    do_PATCH = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that the base class wants

    def log_message(self, *_: Any) -> None:
        pass

    def _handle(self) -> None:
        url = urlsplit(self.path)
        _, name, *rest = unquote(url.path).split("/")
        query = {key: values[-1] for key, values in parse_qs(url.query, strict_parsing=bool(url.query)).items()}
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, name, "/" + "/".join(rest), query, json.loads(content) if content else None)
        self.server.requests.append(request)
        if self.command != "GET" and query.get("dryRun") != "All":
            self.server.writes.append(request)
        cluster = self.server.clusters.get(name)
        if cluster and cluster.broken:
            self._broken(cluster.broken)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "Unauthorized")
        elif "application/json" not in self.headers.get("Accept", ""):
            self._refuse(406, "only application/json is spoken here")
        elif cluster is None:
            self._refuse(404, "the server could not find the requested resource")
        else:
            self._answer(cluster, request)

    def _answer(self, cluster: Cluster, request: Request) -> None:
        found = _PATH.fullmatch(request.path)
        version = found and (found["core"] or found["group"])
        kinds = KINDS.get(version or "", {})
        if not found or version in cluster.unknown or not kinds:
            self._refuse(404, "the server could not find the requested resource")
        elif not found["plural"]:
            listed = [{"name": p, "namespaced": n, "kind": k, "verbs": ["get"]} for k, (p, n) in kinds.items()]
            listed += [{"name": f"{each['name']}/status", "namespaced": True, "kind": each["kind"]} for each in listed]
            self._send(200, {"kind": "APIResourceList", "groupVersion": version, "resources": listed})
        elif request.verb == "PATCH" and found["name"]:
            self._apply(cluster, request, found)
        elif request.verb != "GET":
            self._refuse(405, "this does not go here")
        elif found["name"]:
            self._get(cluster, request.path, found)
        else:
            self._list(cluster, request)

    def _get(self, cluster: Cluster, path: str, found: re.Match[str]) -> None:
        if path in cluster.refused and cluster.refused[path][0] == 403:
            self._refuse(*cluster.refused[path])
        elif path in cluster.objects:
            self._send(200, cluster.objects[path])
        else:
            self._absent(found["plural"], found["name"])

    def _list(self, cluster: Cluster, request: Request) -> None:
        if cluster.forgetful and "continue" in request.query:
            self._refuse(410, "The provided continue parameter is too old to display a consistent list result")
            return
        inside = [each for path, each in cluster.objects.items() if path.startswith(f"{request.path}/")]
        at, limit = int(request.query.get("continue") or 0), min(2, int(request.query.get("limit") or len(inside)))
        more = str(at + limit) if at + limit < len(inside) else ""
        self._send(200, {"kind": "List", "metadata": {"continue": more}, "items": inside[at : at + limit]})

    def _apply(self, cluster: Cluster, request: Request, found: re.Match[str]) -> None:
        if self.headers.get("Content-Type") != "application/apply-patch+yaml":
            self._refuse(415, f"the body of the request was in an unknown format: {self.headers.get('Content-Type')}")
        elif not request.query.get("fieldManager"):
            self._refuse(422, "PatchOptions is invalid: fieldManager: Required value: is required for apply patch")
        elif request.query.get("force") not in ("true", "false"):
            self._refuse(400, "force has to be true or false")
        elif request.body["metadata"]["name"] != found["name"]:
            self._refuse(400, "the name of the object does not match the name on the URL")
        elif found["namespace"] and f"/api/v1/namespaces/{found['namespace']}" not in cluster.objects:
            self._absent("namespaces", found["namespace"])
        elif request.path in cluster.refused:
            self._refuse(*cluster.refused[request.path])
        else:
            live = cluster.objects.get(request.path)
            warned = cluster.warnings.get(request.path, "")
            self._send(200 if live else 201, stored(request.body, live), warned)

    def _absent(self, plural: str, name: str) -> None:
        self._refuse(404, f'{plural} "{name}" not found', {"name": name, "kind": plural})

    def _refuse(self, status: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status}
        self._send(status, body | ({"details": details} if details else {}))

    def _send(self, status: int, body: Any, warning: str = "") -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if warning:
            self.send_header("Warning", f'299 - "{warning}"')
        self.end_headers()
        self.wfile.write(content)

    def _broken(self, how: str) -> None:
        if how == "slow":
            time.sleep(3)
        elif how == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif how == "redirect":
            self.send_response(302)
            self.send_header("Location", f"{self.server.address('elsewhere')}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how == "dripping":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(30):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
        elif how == "html":
            self.send_response(200)
            self.send_header("Content-Length", "17")
            self.end_headers()
            self.wfile.write(b"<html>log in here")
        else:
            self._refuse(int(how), f"something with {how}")


def stored(applied: Mapping[str, Any], live: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The object as the server keeps it: with its own metadata, defaults and a status."""
    metadata = {
        **((live or {}).get("metadata") or {}),
        **applied["metadata"],
        "uid": "5f0c",
        "resourceVersion": "2" if live else "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "somebody", "time": str(time.monotonic_ns())}],
    }
    kept = deepcopy({**applied, "metadata": metadata})
    if applied["kind"] == "Service":
        kept["spec"] = {"sessionAffinity": "None", "type": "ClusterIP", **kept["spec"]}
    return kept
