"""Real Git servers: `git http-backend` behind lighttpd, git-shell behind OpenSSH, and Git's own way to a repository by a
file:// address."""

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
from pwd import getpwuid

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


_SSHD = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
AcceptEnv GIT_PROTOCOL
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
LogLevel ERROR
"""

_SSH = """
Host *
  IdentityFile {folder}/ci
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  BatchMode yes
"""


@dataclass(frozen=True)
class Server:
    """A server with one bare repository, *delivery.git*, reached by *address*; *ssh* is what GIT_SSH_COMMAND has to say."""

    address: str
    repository: Path
    ssh: str = ""

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


class Shell:
    """git-shell behind OpenSSH: a host key of its own, and one person's key (*ci*) that may do nothing else.

    It serves *delivery.git* in *folder*. The account is that of whoever runs the tests.
    """

    def __init__(self, folder: Path, programs: Mapping[str, str]) -> None:
        self.port = _free_port()
        self._program = programs["sshd"]
        self._file = folder / "sshd_config"
        self._file.write_text(_SSHD.format(folder=folder, port=self.port))
        for name in ("host", "ci"):
            new_key(folder / name, programs)
        served = 'restrict,command="GIT_CONFIG_GLOBAL=/dev/null git shell -c \\"$SSH_ORIGINAL_COMMAND\\""'
        (folder / "authorized").write_text(f"{served} {(folder / 'ci.pub').read_text()}")
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host.pub').read_text()}")
        (folder / "ssh_config").write_text(_SSH.format(folder=folder))
        self.ssh = f"{programs['ssh']} -F {folder}/ssh_config"
        self.address = f"ssh://{getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.port}{folder}/delivery.git"

    def start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where it locks up what has not logged in yet
        self._process = subprocess.Popen([self._program, "-D", "-e", "-f", str(self._file)])
        _wait_for(self.port)

    def kill(self) -> None:
        """Ends it and every Git that it runs at once."""
        for pid in [self._process.pid, *_below(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


def new_key(file: Path, programs: Mapping[str, str]) -> None:
    """A new key without a passphrase, and its public half beside it."""
    words = ("-q", "-t", "ed25519", "-N", "", "-C", file.name, "-f", str(file))
    subprocess.run([programs["ssh-keygen"], *words], check=True)


def _below(pid: int) -> list[int]:
    """The processes that this one started, and that those did."""
    own = Path(f"/proc/{pid}/task/{pid}/children")
    children = [int(word) for word in own.read_text().split()] if own.exists() else []
    return children + [lower for child in children for lower in _below(child)]


@contextmanager
def by_ssh(folder: Path, programs: Mapping[str, str]) -> Iterator[Server]:
    """*programs* are sshd, ssh and ssh-keygen."""
    repository = made(folder)
    shell = Shell(folder, programs)
    shell.start()
    try:
        yield Server(shell.address, repository, shell.ssh)
    finally:
        shell.kill()


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
