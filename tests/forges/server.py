"""Forges on the loopback interface: what they take and answer on the wire, as their API documentation has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-token-of-the-test"
ME, OTHER = 7, 8
LOGINS = {ME: "composer-bot[bot]", OTHER: "mallory"}


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass
class Server:
    """A forge with one pull request: *comments* are [id, author, body]; *fail* answers requests of a method otherwise."""

    kind: str
    url: str = ""
    page: int = 100
    comments: list[list[Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    fail: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def written(self) -> list[str]:
        """What was asked for, without reading."""
        return [f"{r.method} {r.path}" for r in self.requests if r.method != "GET" and not r.path.endswith("/graphql")]

    def answer(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        """Status, data and headers."""
        self.requests.append(request)
        for key in (f"{request.method} {request.path}", request.method):
            if key in self.fail:
                return (*self.fail[key], {})
        if not self._knows(request.headers):
            return 401, {"message": "Bad credentials"}, {}
        return API[self.kind](self, request)

    def _knows(self, headers: dict[str, str]) -> bool:
        if self.kind == "gitlab":
            return headers.get("private-token") == TOKEN
        return headers.get("authorization") == f"token {TOKEN}"

    def listing(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        """A page of the comments, with the address of the next one."""
        size = min(int(request.query.get("per_page", ["30"])[0]), self.page)
        number = int(request.query.get("page", ["1"])[0])
        start = (number - 1) * size
        shown = [self.shown(comment) for comment in self.comments[start : start + size]]
        more = start + size < len(self.comments)
        next_ = f'<{self.url}{request.path}?per_page={size}&page={number + 1}>; rel="next"'
        return 200, shown, {"Link": next_} if more else {}

    def create(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        comment = [1_000 + len(self.comments), ME, self._body(request)]
        self.comments.append(comment)
        return 201, self.shown(comment), {}

    def update(self, request: Request, id: int) -> tuple[int, Any, dict[str, str]]:
        comment = next(comment for comment in self.comments if comment[0] == id)
        comment[2] = self._body(request)
        return 200, self.shown(comment), {}

    def _body(self, request: Request) -> str:
        assert request.headers["content-type"].startswith("application/json")
        assert request.body.keys() <= {"body", "note_id"}, request.body
        return str(request.body["body"])

    def shown(self, comment: list[Any]) -> dict[str, Any]:
        id, author, body = comment
        if self.kind == "gitlab":
            return {"id": id, "body": body, "system": False, "author": {"id": author, "username": LOGINS[author]}}
        return {"id": id, "body": body, "user": {"id": author, "login": LOGINS[author]}}


def _github(server: Server, request: Request) -> tuple[int, Any, dict[str, str]]:
    if (request.method, request.path) == ("POST", "/graphql"):
        assert request.body["query"] == "query { viewer { login } }"
        return 200, {"data": {"viewer": {"login": LOGINS[ME]}}}, {}
    return _issues(server, request, "/repos/acme/fleet/issues")


def _gitea(server: Server, request: Request) -> tuple[int, Any, dict[str, str]]:
    if (request.method, request.path) == ("GET", "/api/v1/user"):
        return 200, {"id": ME, "login": LOGINS[ME]}, {}
    return _issues(server, request, "/api/v1/repos/acme/fleet/issues")


def _issues(server: Server, request: Request, root: str) -> tuple[int, Any, dict[str, str]]:
    match = re.fullmatch(rf"{root}/comments/(\d+)", request.path)
    if match and request.method == "PATCH":
        return server.update(request, int(match[1]))
    if request.path == f"{root}/12/comments":
        return server.listing(request) if request.method == "GET" else server.create(request)
    return 404, {"message": "Not Found"}, {}


def _gitlab(server: Server, request: Request) -> tuple[int, Any, dict[str, str]]:
    root = "/api/v4/projects/42/merge_requests/12/notes"
    if (request.method, request.path) == ("GET", "/api/v4/user"):
        return 200, {"id": ME, "username": LOGINS[ME]}, {}
    match = re.fullmatch(rf"{root}/(\d+)", request.path)
    if match and request.method == "PUT":
        return server.update(request, int(match[1]))
    if request.path == root:
        return server.listing(request) if request.method == "GET" else server.create(request)
    return 404, {"message": "404 Not found"}, {}


API = {"github": _github, "gitea": _gitea, "gitlab": _gitlab}


@contextmanager
def serving(kind: str) -> Iterator[Server]:
    """The forge, as long as the block lasts."""
    forge = Server(kind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(
                self.command, parts.path, parse_qs(parts.query), headers, json.loads(content) if content else None
            )
            status, data, more = forge.answer(request)
            text = data if isinstance(data, bytes) else json.dumps(data).encode()
            self.send_response(status)
            kind = "text/html" if isinstance(data, bytes) else "application/json"
            for name, value in {"Content-Type": kind, "Content-Length": str(len(text)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        forge.url = f"http://127.0.0.1:{http.server_port}"
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield forge
        http.shutdown()
        thread.join()
