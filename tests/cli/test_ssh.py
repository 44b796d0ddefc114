"""Delivery repositories behind OpenSSH: whose key and which server, and a server that ends in the middle of a push."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.kit import commit, composer, noted, start
from tests.cli.test_remote import NAMES, remote_fleet
from tests.conftest import Needs
from tests.publish.making import git
from tests.publish.server import Server, Shell, made, new_key
from tests.publish.test_repository import plant

PROGRAMS = ("sshd", "ssh", "ssh-keygen")


@dataclass(frozen=True)
class Served:
    """A server that runs, what starts and ends it, and where its keys are."""

    server: Server
    shell: Shell
    folder: Path


@pytest.fixture
def served(tmp_path: Path, needs: Needs) -> Iterator[Served]:
    folder = tmp_path / "server"
    folder.mkdir()
    shell = Shell(folder, needs(*PROGRAMS))
    shell.start()
    try:
        yield Served(Server(shell.address, made(folder), shell.ssh), shell, folder)
    finally:
        shell.kill()


def test_a_server_that_nobody_knows_and_a_key_that_it_does_not_know_are_findings(
    served: Served, tmp_path: Path, needs: Needs
) -> None:
    root = remote_fleet(tmp_path / "fleet", served.server.address, names=("a",))
    known = served.folder / "known"
    kept = known.read_text()
    known.write_text("")
    stranger = composer(root, "publish", GIT_SSH_COMMAND=served.server.ssh)
    known.write_text(kept)
    new_key(tmp_path / "other", needs(*PROGRAMS))
    (tmp_path / "other").replace(served.folder / "ci")
    refused = composer(root, "publish", GIT_SSH_COMMAND=served.server.ssh)
    for ran, words in ((stranger, "Host key verification failed"), (refused, "Permission denied (publickey)")):
        assert (ran.code, ran.out) == (5, "")
        assert "error[B042]" in ran.err
        assert words in ran.err
    assert served.server.heads() == {}


def test_ssh_is_what_the_persons_configuration_says_and_not_what_the_mirrors_does(
    served: Served, tmp_path: Path
) -> None:
    """The address is one of the short kind, whose host only the person's own `ssh_config` knows."""
    config = served.folder / "ssh_config"
    port = served.shell.port
    config.write_text(f"Host delivery\n  HostName 127.0.0.1\n  Port {port}\n{config.read_text()}")
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[core]\n\tsshCommand = "{served.server.ssh}"\n')
    user = served.server.address.removeprefix("ssh://").partition("@")[0]
    root = remote_fleet(tmp_path / "fleet", f"{user}@delivery:{served.server.repository}")
    assert composer(root, "publish", GIT_CONFIG_GLOBAL=str(settings)).code == 0
    (mirror,) = (root / "out/mirrors").glob("*.git")
    plant(tmp_path / "program", tmp_path / "it-ran")
    git(mirror, "config", "core.sshCommand", str(tmp_path / "program"))
    assert composer(root, "verify", GIT_CONFIG_GLOBAL=str(settings)).code == 0
    assert not (tmp_path / "it-ran").exists()


def test_a_server_that_is_killed_in_a_push_leaves_each_branch_old_or_new_and_the_next_run_does_the_rest(
    served: Served, tmp_path: Path
) -> None:
    server, ssh = served.server, served.server.ssh
    root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish", GIT_SSH_COMMAND=ssh).code == 0
    before = server.heads()
    for name in NAMES:
        (root / f"sites/{name}.yaml").write_text(noted(name, "changed"))
    commit(root)
    reached = tmp_path / "reached"
    server.hook("update", f'case $1 in */b) touch "{reached}"; exec sleep 600;; esac')
    process = start(root, "publish", GIT_SSH_COMMAND=ssh)
    while not reached.exists() and process.poll() is None:
        time.sleep(0.01)
    served.shell.kill()
    _, err = process.communicate()
    assert (process.returncode, err.count("error[B026]")) == (1, 3), err
    after = server.heads()
    moved = [name for name in after if after[name] != before[name]]
    assert moved in ([], ["site/a"])
    assert all(git(server.repository, "rev-parse", f"{name}^") == before[name] for name in moved)
    served.shell.start()
    server.hook("update", "exit 0")
    again = composer(root, "publish", GIT_SSH_COMMAND=ssh)
    assert f"{3 - len(moved)} sites published, {len(moved)} unchanged" in again.err
    assert git(server.repository, "rev-list", "--count", "--branches") == "6"
    assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""
