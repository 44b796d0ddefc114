"""A connection to one API server: plain data for a path, or why there is none. Credentials are in no message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError, NameResolutionError, ProtocolError, ProxyError, SSLError, TimeoutError

PAGE = 100
"""How many items are asked of a server at a time."""

MOST_BYTES = 64 << 20
"""The largest answer that is read. A page of large definitions comes to ten megabytes."""

_JSON = "application/json"
_APPLY = "application/apply-patch+yaml"
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
_REASONS = {403: "it does not allow this", 429: "it is asked too often"}


class Unreachable(Exception):  # noqa: N818 - the name says what happened
    """The server cannot be asked, for the reason that the text gives."""


class Refused(Exception):  # noqa: N818 - the name says what happened
    """The server answered, and would not do it. *message* is its own, *details* what it says of the object."""

    def __init__(self, status: int, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(": ".join(filter(None, (_REASONS.get(status, ""), message))) or f"status {status}")
        self.status = status
        self.message = message
        self.details = details

    @property
    def is_missing(self) -> bool:
        return self.status == 404


class Answer(NamedTuple):
    """What a server answered, and what it warned of."""

    data: Any
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Connection:
    """An API server at *host*, asked through *pool* with *headers*, which hold the credentials; an answer may take *seconds*."""

    host: str
    pool: PoolManager = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    seconds: float

    def get(self, path: str, **query: str) -> Any:
        """What is at the path. Raises Refused and Unreachable."""
        return self._ask("GET", path, query).data

    def items(self, path: str) -> Iterator[Any]:
        """Every item of a list, which is asked for page by page. Raises Refused and Unreachable."""
        query = {"limit": str(PAGE)}
        while True:
            page = self.get(path, **query)
            yield from page.get("items") or ()
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return
            query["continue"] = more

    def apply_dry(self, path: str, object_: Mapping[str, Any], manager: str) -> Answer:
        """The object as it would be if *manager* applied this one, which nothing comes of. Raises Refused and Unreachable."""
        query = {"dryRun": "All", "fieldManager": manager, "force": "true"}
        return self._ask("PATCH", path, query, json.dumps(object_).encode())

    def _ask(self, verb: str, path: str, query: Mapping[str, str], body: bytes | None = None) -> Answer:
        assert verb == "GET" or query.get("dryRun") == "All"
        url = f"{self.host}{quote(path)}{'?' if query else ''}{urlencode(query)}"
        headers = {**self.headers, "Accept": _JSON, **({"Content-Type": _APPLY} if body else {})}
        try:
            answer = self.pool.request(
                verb,
                url,
                body=body,
                headers=headers,
                timeout=Timeout(self.seconds),
                retries=False,
                preload_content=False,
            )
            content = _content(answer)
        except (HTTPError, OSError, ValueError) as problem:
            raise Unreachable(reason_of(problem, self.seconds)) from None
        return Answer(_read(answer.status, content), _warnings(answer))


def _warnings(answer: BaseHTTPResponse) -> tuple[str, ...]:
    """The warnings of the header, as RFC 7234 writes them; a server repeats those that hold of several objects."""
    said = (text for line in answer.headers.getlist("Warning") for text in _WARNING.findall(line))
    return tuple(dict.fromkeys(text.replace('\\"', '"') for text in said))


def _content(answer: BaseHTTPResponse) -> bytes:
    """All of the answer, after which the connection is free for the next."""
    content = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        answer.close()
        raise Unreachable("its answer is too large")
    answer.drain_conn()
    answer.release_conn()
    return content


def _read(status: int, content: bytes) -> Any:
    try:
        data = json.loads(content)
    except ValueError:
        data = None
    if 200 <= status < 300:
        if not isinstance(data, dict):
            raise Unreachable("what answers is no Kubernetes API")
        return data
    said = data if isinstance(data, dict) and data.get("kind") == "Status" else {}
    message, details = said.get("message"), said.get("details")
    if status == 401:
        raise Unreachable(": ".join(filter(None, ("it does not accept the credentials", str(message or "")))))
    if 300 <= status < 400 or (status >= 500 and not said):
        raise Unreachable(f"it answers with status {status}")
    raise Refused(status, str(message or ""), details if isinstance(details, dict) else {})


def reason_of(problem: BaseException, seconds: float) -> str:
    """Why a server cannot be asked, in a few words without addresses in memory, secrets or line breaks."""
    if isinstance(problem, ProxyError) and problem.original_error:
        return f"the proxy: {reason_of(problem.original_error, seconds)}"
    system = _system(problem)
    reasons = (
        (isinstance(problem, NameResolutionError), "the name of the server is not known"),
        (isinstance(problem, SSLError), f"its certificate or ours is not accepted: {_verification(problem)}"),
        (system is not None, str((system and system.strerror) or "").lower()),
        (isinstance(problem, TimeoutError), f"no answer within {seconds:g} s"),
        (isinstance(problem, ProtocolError), "the connection broke off"),
        # Of a header that cannot be sent, the text would repeat the token.
        (not isinstance(problem, HTTPError | OSError), "the request cannot be made: a token or address is malformed"),
    )
    return next((reason for holds, reason in reasons if holds and reason), type(problem).__name__)


def _verification(problem: BaseException) -> str:
    """What OpenSSL says of a certificate, or of the handshake."""
    for cause in _chain(problem):
        said = getattr(cause, "verify_message", "") or getattr(cause, "reason", "")
        if isinstance(said, str) and said:
            return said.lower().replace("_", " ")
    return "the handshake failed"


def _system(problem: BaseException) -> OSError | None:
    """What the operating system said, if that is behind it."""
    causes = (cause for cause in _chain(problem) if isinstance(cause, OSError) and cause.errno)
    return next(causes, None)


def _chain(problem: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = problem
    while seen is not None:
        yield seen
        inner = next((part for part in seen.args if isinstance(part, BaseException)), None)
        seen = inner or seen.__cause__ or seen.__context__
