"""Real Git servers: `git http-backend` behind lighttpd, and Git's own way to a repository by a file:// address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.publish.making import git

_CONFIGURATION = """
server.document-root = "{folder}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_cgi", "mod_setenv")
server.upload-dirs = ("{folder}")
server.errorlog = "{folder}/errors.log"
alias.url = ("/git" => "{backend}")
cgi.assign = ("" => "")
setenv.add-environment = ("GIT_PROJECT_ROOT" => "{folder}", "GIT_HTTP_EXPORT_ALL" => "1", "REMOTE_USER" => "ci")
"""

_LOG_IN = """
auth.backend = "plain"
auth.backend.plain.userfile = "{folder}/users"
auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
"""


@dataclass(frozen=True)
class Server:
    """A server with one bare repository, *delivery.git*, reached by *address*."""

    address: str
    repository: Path

    def heads(self) -> dict[str, str]:
        """Branch -> commit."""
        rows = git(self.repository, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return dict(row.split() for row in rows.splitlines())

    def hook(self, name: str, script: str) -> None:
        """A hook of the server, as its owner would set it up."""
        file = self.repository / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


def made(folder: Path) -> Path:
    """An empty bare repository in *folder* that takes pushes over http."""
    repository = folder / "delivery.git"
    git(folder, "init", "-q", "--bare", "-b", "main", str(repository))
    git(repository, "config", "http.receivepack", "true")
    git(repository, "config", "receive.unpackLimit", "1")  # what arrives stays one file, as much of it does
    return repository


@contextmanager
def by_file(folder: Path) -> Iterator[Server]:
    repository = made(folder)
    yield Server(f"file://{repository}", repository)


class Web:
    """`git http-backend` behind lighttpd, in a process group of its own, so that it can be killed with all it started.

    It serves *delivery.git* in *folder*; with *log_in*, `user:password`, to nobody else.
    """

    def __init__(self, folder: Path, programs: Mapping[str, str], port: int = 0, log_in: str = "") -> None:
        self.port = port or _free_port()
        backend = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
        self._program = programs["lighttpd"]
        self._file = folder / "lighttpd.conf"
        text = _CONFIGURATION + (_LOG_IN if log_in else "")
        self._file.write_text(text.format(folder=folder, port=self.port, backend=f"{backend}/git-http-backend"))
        (folder / "users").write_text(f"{log_in}\n")

    def start(self, *wrapper: str) -> None:
        """*wrapper* is put before its command."""
        command = [*wrapper, self._program, "-D", "-f", str(self._file)]
        self._process = subprocess.Popen(command, start_new_session=True)
        _wait_for(self.port)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def kill(self) -> None:
        """Ends it and every Git that it runs at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def by_http(folder: Path, programs: Mapping[str, str], log_in: str = "") -> Iterator[Server]:
    """With *log_in*, `user:password`, the server is closed to everybody else."""
    repository = made(folder)
    web = Web(folder, programs, log_in=log_in)
    web.start()
    try:
        yield Server(address(web.port), repository)
    finally:
        web.stop()


def address(port: int) -> str:
    """Where the repository is behind a web server at this port."""
    return f"http://127.0.0.1:{port}/git/delivery.git"


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the web server does not answer")
