"""Publishing to a repository on a server: the fleet's branches over the wire."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.git.repository import open_repository
from tests.cli.kit import commit, composer, fleet, noted, start
from tests.conftest import Needs
from tests.load.fleets import document
from tests.publish.making import commit_by_hand, git
from tests.publish.server import Server, by_file, by_http, by_ssh
from tests.publish.test_repository import plant

NAMES = ("a", "b", "c")


@pytest.fixture(params=["file", "http", "ssh"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, needs: Needs, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    ways = {
        "file": lambda: by_file(folder),
        "http": lambda: by_http(folder, needs("lighttpd")),
        "ssh": lambda: by_ssh(folder, needs("sshd", "ssh", "ssh-keygen")),
    }
    with ways[request.param]() as found:
        monkeypatch.setenv("GIT_SSH_COMMAND", found.ssh)
        yield found


def remote_fleet(root: Path, address: str, text: str = "hello", names: tuple[str, ...] = NAMES) -> Path:
    """A committed fleet whose delivery repository is on a server."""
    spec = f'{{delivery: {{repository: "{address}", url: "https://git.example.com/delivery.git"}}}}'
    files = {f"{name}.yaml": noted(name, text) for name in names}
    fleet(root, {"fleet.yaml": document("Fleet", "test", spec), **files})
    commit(root)
    return root


def test_the_branches_are_on_the_server_and_a_second_run_finds_nothing_to_do(server: Server, tmp_path: Path) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    first = composer(root, "publish")
    assert first.code == 0, first.err
    assert f"3 sites published, 0 unchanged, in {server.address}" in first.err
    heads = server.heads()
    assert sorted(heads) == ["site/a", "site/b", "site/c"]
    again = composer(root, "publish")
    assert "0 sites published, 3 unchanged" in again.err
    assert server.heads() == heads
    assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_another_machine_without_any_memory_sees_the_same(server: Server, tmp_path: Path) -> None:
    assert composer(remote_fleet(tmp_path / "one", server.address), "publish").code == 0
    other = remote_fleet(tmp_path / "two", server.address, text="goodbye")
    diff = composer(other, "diff")
    assert "goodbye" in diff.out
    before = server.heads()
    assert composer(other, "publish").code == 0
    after = server.heads()
    assert all(git(server.repository, "rev-parse", f"{after[name]}^") == before[name] for name in before)


def test_a_branch_that_the_server_refuses_holds_no_other_up(server: Server, tmp_path: Path) -> None:
    server.hook("update", 'case "$1" in refs/heads/site/b) echo "site/b is protected" >&2; exit 1;; esac')
    root = remote_fleet(tmp_path / "fleet", server.address)
    ran = composer(root, "publish")
    assert ran.code == 3
    assert "error[B025]: the server did not take branch site/b" in ran.err
    assert "1 site not published: b" in ran.err
    assert sorted(server.heads()) == ["site/a", "site/c"]
    server.hook("update", "exit 0")
    again = composer(root, "publish")
    assert (again.code, sorted(server.heads())) == (0, ["site/a", "site/b", "site/c"])
    assert "1 site published, 2 unchanged" in again.err


def test_what_somebody_else_committed_on_the_server_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish").code == 0
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--branch", "site/a", str(server.repository), str(clone))
    (clone / "kustomization.yaml").write_text("resources: []\n")
    git(clone, "commit", "-q", "-a", "-m", "an emergency")
    git(clone, "push", "-q", "origin", "HEAD:site/a")
    theirs = server.heads()["site/a"]
    for name in NAMES:
        (root / f"sites/{name}.yaml").write_text(noted(name, "changed"))
    commit(root)
    ran = composer(root, "publish")
    assert (ran.code, server.heads()["site/a"]) == (3, theirs)
    assert "error[B020]" in ran.err
    assert composer(root, "publish", "--adopt").code == 0
    assert git(server.repository, "rev-parse", "site/a^") == theirs


def test_branches_on_the_server_are_verified_and_all_that_others_put_on_top_is_told(
    server: Server, tmp_path: Path
) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish").code == 0
    by_hand = [commit_by_hand(open_repository(server.repository), "site/a", {"x": text}) for text in ("1", "2", "3")]
    other = Path(shutil.copytree(root, tmp_path / "other", ignore=shutil.ignore_patterns("out")))
    ran = composer(other, "verify")
    assert ran.code == 1
    assert ran.err.count("error[B071]") == 3
    assert all(f"did not make: {commit[:12]} by Jane" in ran.err for commit in by_hand)
    assert "branch site/a holds 1 file besides what commit" in ran.err
    assert ran.err.endswith("2 sites equal, 1 different, 0 unproven, 0 without a branch\n")
    assert server.heads()["site/a"] == by_hand[-1]


def test_of_two_publishers_at_once_neither_loses_what_the_other_wrote(server: Server, tmp_path: Path) -> None:
    names = tuple(f"s{number:02d}" for number in range(30))
    texts = {"one": "from one", "two": "from two"}
    roots = [remote_fleet(tmp_path / key, server.address, text, names) for key, text in texts.items()]
    ends = [(process.communicate(), process.returncode) for process in [start(root, "publish") for root in roots]]
    assert {code for _, code in ends} <= {0, 1, 3, 5}, ends
    heads = server.heads()
    assert len(heads) == len(names)
    for root in roots:
        assert composer(root, "publish").code == 0
    for name, commit_before in heads.items():
        assert git(server.repository, "merge-base", "--is-ancestor", commit_before, name) == ""
    assert git(server.repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_programs_and_addresses_that_somebody_wrote_into_the_mirror_are_not_obeyed(
    server: Server, tmp_path: Path
) -> None:
    root = remote_fleet(tmp_path / "fleet", server.address)
    assert composer(root, "publish").code == 0
    (mirror,) = (root / "out/mirrors").glob("*.git")
    marker = tmp_path / "it-ran"
    plant(tmp_path / "program", marker)
    plant(mirror / "hooks/pre-push", marker)
    plant(mirror / "hooks/reference-transaction", marker)
    program = str(tmp_path / "program")
    for key, value in {
        "core.hooksPath": str(mirror / "hooks"),
        "core.sshCommand": program,
        "core.askPass": program,
        "credential.helper": program,
        "remote.delivery.uploadpack": program,
        "remote.delivery.receivepack": program,
        "remote.delivery.vcs": "ext",
        "remote.delivery.pushurl": f"ext::{program}",
        "remote.delivery.url": f"ext::{program}",
        "protocol.allow": "always",
        "http.proxy": "http://127.0.0.1:1",
        f"url.ext::{program}.insteadOf": server.address,
        "include.path": str(tmp_path / "more"),
    }.items():
        git(mirror, "config", key, value)
    (tmp_path / "more").write_text(f'[remote "delivery"]\n  uploadpack = {program}\n')
    (root / "sites/a.yaml").write_text(noted("a", "changed"))
    commit(root)
    ran = composer(root, "publish")
    assert (ran.code, not marker.exists()) == (0, True), ran.err
    assert composer(root, "verify").code == 0
    assert composer(root, "rollback", "a").code == 0
    assert not marker.exists()


def test_a_server_that_does_not_answer_is_a_finding_and_nothing_changes(tmp_path: Path) -> None:
    root = remote_fleet(tmp_path / "fleet", f"file://{tmp_path}/nowhere.git")
    ran = composer(root, "publish")
    assert ran.code == 5
    assert "error[B042]" in ran.err
    assert "sites/fleet.yaml:" in ran.err


HOSTILE = [
    "ext::sh -c touch% ../owned",
    "ext::touch",
    "fd::17",
    "git://example.com/x.git",
    "git+ssh://example.com/x.git",
    "--upload-pack=touch",
    "-u:x",
    "ssh://-oProxyCommand=touch+../owned/x.git",
    "-oProxyCommand=touch@host:x.git",
    "file://host;touch+owned/x.git",
    "out/\\e[31mred.git",
    "https://git.example.com/\\u202Etig.git",
    "https://git.example.com/x\\0.git",
    "https://git.example.com/x\\n[core]",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_that_could_run_a_program_or_deceive_is_refused(tmp_path: Path, address: str) -> None:
    root = remote_fleet(tmp_path / "fleet", address, names=("a",))
    ran = composer(root, "publish")
    assert ran.code in (2, 5), ran.err
    assert any(f"error[{code}]" in ran.err for code in ("B040", "B042", "D005", "Y006")), ran.err
    assert not any(character in ran.err for character in "\x1b\u202e\0")
    assert not list(tmp_path.rglob("owned"))
    assert not list((root / "out").rglob("refs/heads/site"))
