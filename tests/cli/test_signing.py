"""Signed branches, with real SSH and GPG keys: Git's own configuration names them, and never the delivery repository's."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from composer.git.repository import open_repository
from tests.cli.kit import commit, composer, delivery, fleet, noted, notes
from tests.conftest import find_programs
from tests.load.fleets import document
from tests.publish.making import commit_by_hand, git
from tests.publish.test_repository import plant


@dataclass(frozen=True)
class Key:
    """Somebody's key: what Git is to be told of it, the environment it needs, and the name it is known by."""

    configuration: dict[str, str]
    environment: dict[str, str]
    signer: str


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Key:
    program = find_programs("ssh-keygen")["ssh-keygen"]
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("key", "other"):
        subprocess.run([program, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)], check=True)
    (folder / "signers").write_text(f"ci@example.com {(folder / 'key.pub').read_text()}")
    configuration = {
        "gpg.format": "ssh",
        "user.signingKey": str(folder / "key"),
        "gpg.ssh.allowedSignersFile": str(folder / "signers"),
    }
    return Key(configuration, {}, "ci@example.com")


@pytest.fixture(scope="module")
def gpg() -> Iterator[Key]:
    program = find_programs("gpg", "gpgconf")
    # Not below pytest's folder: the path of the agent's socket must be short.
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:
        environment = {"GNUPGHOME": home}
        words = [
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-gen-key",
            "CI <ci@example.com>",
            "ed25519",
            "sign",
            "never",
        ]
        subprocess.run([program["gpg"], *words], check=True, env=environment, capture_output=True)
        yield Key({"user.signingKey": "ci@example.com"}, environment, "CI <ci@example.com>")
        subprocess.run([program["gpgconf"], "--kill", "all"], check=True, env=environment)


@pytest.fixture(params=["ssh", "gpg"])
def key(request: pytest.FixtureRequest) -> Key:
    found: Key = request.getfixturevalue(request.param)
    return found


def configured(root: Path, key: Key, *, sign: bool = True) -> Path:
    """The fleet with a key in its own Git configuration."""
    commit(root)
    for name, value in {**key.configuration, **({"commit.gpgSign": "true"} if sign else {})}.items():
        git(root, "config", name, value)
    return root


def committed(root: Path) -> None:
    """The fleet's own commit, without a signature."""
    git(root, "add", "--all")
    git(root, "-c", "commit.gpgSign=false", "commit", "-q", "-m", "a change")


def header(root: Path, branch: str) -> str:
    return git(delivery(root), "cat-file", "commit", branch).partition("\n\n")[0]


def test_commits_are_signed_and_verify_says_who_did(tmp_path: Path, key: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a", "b"), key)
    first = composer(root, "publish", **key.environment)
    assert first.code == 0, first.err
    for name in ("a", "b"):
        assert "\ngpgsig -----BEGIN " in header(root, f"site/{name}")
        shown = git(delivery(root), "rev-parse", "--short=12", f"site/{name}")
        assert f"site/{name} {shown} {name}: 14 added" in first.out
    ran = composer(root, "verify", **key.environment)
    assert ran.code == 0, ran.err
    assert [line.partition(", ")[2] for line in ran.out.splitlines()] == [f"signed by {key.signer}"] * 2
    sites = json.loads(composer(root, "verify", "--format", "json", **key.environment).out)["sites"]
    assert {site["signature"]["trust"] for site in sites} == {"good"}
    before = git(delivery(root), "for-each-ref")
    assert "0 sites published, 2 unchanged" in composer(root, "publish", **key.environment).err
    assert git(delivery(root), "for-each-ref") == before
    (root / "sites/a.yaml").write_text(noted("a", "more"))
    committed(root)
    assert composer(root, "publish", **key.environment).code == 0
    assert git(delivery(root), "rev-parse", "site/a~") in before
    assert composer(root, "verify", **key.environment).code == 0
    assert git(delivery(root), "fsck", "--full", "--strict", "--no-dangling") == ""
    signed = git(delivery(root), "rev-parse", "site/a")
    assert not (delivery(root) / f"objects/{signed[:2]}/{signed[2:]}").exists()


def test_what_is_rolled_back_is_signed_too(tmp_path: Path, ssh: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a"), ssh)
    assert composer(root, "publish").code == 0
    assert composer(root, "rollback", "a", "--to", git(delivery(root), "rev-parse", "site/a")).code == 0
    assert composer(root, "verify").out.rpartition(", ")[2] == "signed by ci@example.com\n"
    assert composer(root, "rollback", "a", "--release").code == 0
    ran = composer(root, "verify")
    assert (ran.code, ran.out.rpartition(", ")[2]) == (0, "signed by ci@example.com\n")


def test_a_signature_changes_nothing_else_of_a_commit(tmp_path: Path, ssh: Key) -> None:
    plain, signed = (notes(tmp_path / name, "a") for name in ("plain", "signed"))
    configured(plain, ssh, sign=False)
    configured(signed, ssh)
    for root in (plain, signed):
        assert composer(root, "publish").code == 0
    shown = [
        git(delivery(root), "log", "-1", "--format=%T%n%P%n%an%ae%ad%cn%ce%cd%n%B", "site/a")
        for root in (plain, signed)
    ]
    assert shown[0] == shown[1]
    assert "gpgsig" not in header(plain, "site/a")


def test_a_key_that_signs_for_nobody_known_is_told(tmp_path: Path, ssh: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a"), ssh)
    git(root, "config", "user.signingKey", ssh.configuration["user.signingKey"].replace("key", "other"))
    assert composer(root, "publish").code == 0
    ran = composer(root, "verify")
    assert ran.code == 0
    assert "(untrusted)" in ran.out
    assert "warning[B081]: commit " in ran.err
    git(root, "config", "--unset", "gpg.ssh.allowedSignersFile")
    ran = composer(root, "verify")
    assert "(unchecked)" in ran.out
    assert "policies.signatures.allowedSigners" in composer(root, "explain", "B081").out


def test_a_signature_put_on_another_commit_is_bad(tmp_path: Path, key: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a"), key)
    assert composer(root, "publish", **key.environment).code == 0
    content = git(delivery(root), "cat-file", "commit", "site/a").replace("a: 14 added", "a: 15 added")
    made = git(delivery(root), "hash-object", "-t", "commit", "-w", "--stdin", content=f"{content}\n".encode())
    git(delivery(root), "update-ref", "refs/heads/site/a", made)
    ran = composer(root, "verify", **key.environment)
    assert (ran.code, ran.out.partition(" ")[0]) == (1, "differs")
    assert "has a signature that is not for what it holds" in ran.err
    assert "error[B081]" in ran.err


def test_where_no_key_can_sign_nothing_is_published(tmp_path: Path, ssh: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a", "b"), ssh)
    git(root, "config", "user.signingKey", str(tmp_path / "no-such-key"))
    ran = composer(root, "publish")
    assert ran.code == 5
    assert "error[B024]: nothing was published: " in ran.err
    assert git(delivery(root), "for-each-ref") == ""
    assert git(delivery(root), "fsck", "--full", "--strict", "--no-dangling") == ""
    git(root, "config", "user.signingKey", ssh.configuration["user.signingKey"])
    assert composer(root, "publish").code == 0


def demanding(root: Path, ssh: Key, policy: str) -> Path:
    """A fleet whose policy is about signatures, with the list of signers in it."""
    (root / "sites/files").mkdir(parents=True)
    shutil.copy(ssh.configuration["gpg.ssh.allowedSignersFile"], root / "sites/files/allowed-signers")
    spec = f'{{delivery: {{url: "https://git.example.com/delivery.git"}}, policies: {{signatures: {policy}}}}}'
    return fleet(root, {"fleet.yaml": document("Fleet", "test", spec), "a.yaml": noted("a"), "b.yaml": noted("b")})


def test_a_fleet_may_demand_signatures_and_say_whose(tmp_path: Path, ssh: Key) -> None:
    root = demanding(tmp_path / "fleet", ssh, "{required: true, allowedSigners: files/allowed-signers}")
    configured(root, ssh, sign=False)
    git(root, "config", "--unset", "gpg.ssh.allowedSignersFile")
    assert composer(root, "publish").code == 0
    ran = composer(root, "verify")
    assert (ran.code, ran.err) == (0, "2 sites equal, 0 different, 0 unproven, 0 without a branch\n")
    git(root, "config", "user.signingKey", ssh.configuration["user.signingKey"].replace("key", "other"))
    (root / "sites/a.yaml").write_text(noted("a", "more"))
    committed(root)
    assert composer(root, "publish").code == 0
    ran = composer(root, "verify")
    assert ran.code == 1
    assert "error[B081]: commit " in ran.err
    assert "branch site/a is signed with a key that nobody is known to own (SHA256:" in ran.err
    assert "1 site equal, 1 different" in ran.err
    git(root, "config", "--unset", "user.signingKey")
    (root / "sites/b.yaml").write_text(noted("b", "more"))
    committed(root)
    ran = composer(root, "publish")
    assert (ran.code, "error[B024]" in ran.err) == (5, True)


def test_a_branch_without_the_signature_that_is_demanded_is_not_proved(tmp_path: Path, ssh: Key) -> None:
    root = configured(demanding(tmp_path / "fleet", ssh, "{allowedSigners: files/allowed-signers}"), ssh, sign=False)
    assert composer(root, "publish").code == 0
    assert composer(root, "verify").code == 0
    text = (root / "sites/fleet.yaml").read_text()
    (root / "sites/fleet.yaml").write_text(text.replace("{allowedSigners", "{required: true, allowedSigners"))
    ran = composer(root, "verify", "a")
    assert ran.code == 1
    assert "branch site/a is not signed" in ran.err
    (root / "sites/files/allowed-signers").unlink()
    ran = composer(root, "verify", "a")
    assert (ran.code, "sites/files/allowed-signers" in ran.err) == (2, True)


def test_keys_and_programs_of_the_delivery_repository_are_not_obeyed(tmp_path: Path, ssh: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a"), ssh)
    assert composer(root, "publish").code == 0
    marker, program = tmp_path / "it-ran", tmp_path / "program"
    plant(program, marker)
    forged = {
        "commit.gpgSign": "false",
        "user.signingKey": ssh.configuration["user.signingKey"].replace("key", "other"),
        "gpg.format": "openpgp",
        "gpg.program": str(program),
        "gpg.ssh.program": str(program),
        "gpg.ssh.defaultKeyCommand": str(program),
        "gpg.ssh.allowedSignersFile": "/dev/null",
        "log.showSignature": "true",
    }
    for name, value in forged.items():
        git(delivery(root), "config", name, value)
    (root / "sites/a.yaml").write_text(noted("a", "more"))
    committed(root)
    assert composer(root, "publish").code == 0
    ran = composer(root, "verify")
    assert (ran.code, ran.out.rpartition(", ")[2]) == (0, "signed by ci@example.com\n")
    assert not marker.exists()


def test_the_person_s_own_configuration_counts_too_and_not_outside_of_git(tmp_path: Path, ssh: Key) -> None:
    own = tmp_path / "gitconfig"
    for name, value in {**ssh.configuration, "commit.gpgSign": "true"}.items():
        subprocess.run(["git", "config", "--file", str(own), name, value], check=True)
    root = notes(tmp_path / "fleet", "a")
    outside = composer(root, "publish", "--allow-dirty", GIT_CONFIG_GLOBAL=str(own))
    assert (outside.code, "gpgsig" in header(root, "site/a")) == (0, False)
    commit(root)
    (root / "sites/a.yaml").write_text(noted("a", "more"))
    committed(root)
    assert composer(root, "publish", GIT_CONFIG_GLOBAL=str(own)).code == 0
    ran = composer(root, "verify", GIT_CONFIG_GLOBAL=str(own))
    assert (ran.code, ran.out.rpartition(", ")[2]) == (0, "signed by ci@example.com\n")


def test_a_branch_that_somebody_moves_while_commits_are_signed_stays_where_it_is(tmp_path: Path, ssh: Key) -> None:
    root = configured(notes(tmp_path / "fleet", "a", "b"), ssh)
    assert composer(root, "publish").code == 0
    theirs = commit_by_hand(open_repository(delivery(root)), "site/a", {"x": "1"})
    git(delivery(root), "update-ref", "refs/heads/site/a", f"{theirs}^")
    program = tmp_path / "program"
    program.write_text(
        f'#!/bin/sh\ngit --git-dir={delivery(root)} update-ref refs/heads/site/a {theirs}\nexec ssh-keygen "$@"\n'
    )
    program.chmod(0o755)
    git(root, "config", "gpg.ssh.program", str(program))
    for name in ("a", "b"):
        (root / f"sites/{name}.yaml").write_text(noted(name, "more"))
    committed(root)
    ran = composer(root, "publish")
    assert ran.code == 3
    assert "error[B022]: somebody else moved branch site/a meanwhile" in ran.err
    assert git(delivery(root), "rev-parse", "site/a") == theirs
    assert "gpgsig" in header(root, "site/b")


def test_killed_while_it_signs_publishing_leaves_every_branch_as_it_was_and_the_next_run_converges(
    tmp_path: Path, ssh: Key
) -> None:
    root = configured(notes(tmp_path / "fleet", "a", "b", "c"), ssh)
    program = tmp_path / "program"
    program.write_text(
        "#!/bin/sh\n"
        f"if [ -e {tmp_path}/second ]; then\n"
        "  kill -9 $(sed -n 's/^PPid:[[:space:]]*//p' /proc/$PPID/status)\n"
        "  exit 1\n"
        "fi\n"
        f"touch {tmp_path}/second\n"
        'exec ssh-keygen "$@"\n'
    )
    program.chmod(0o755)
    git(root, "config", "gpg.ssh.program", str(program))
    assert composer(root, "publish").code == -9
    assert git(delivery(root), "for-each-ref") == ""
    git(root, "config", "--unset", "gpg.ssh.program")
    ran = composer(root, "publish")
    assert (ran.code, ran.err.partition(",")[0]) == (0, "3 sites published")
    assert composer(root, "verify").code == 0
    assert git(delivery(root), "fsck", "--full", "--strict", "--no-dangling") == ""


SHARD = '{name: eu, matchLabels: {region: eu}, repository: out/eu.git, url: "https://git.example.com/eu.git"}'
PROMOTED = document(
    "Fleet", "test", f'{{delivery: {{mode: promote, url: "https://git.example.com/d.git", shards: [{SHARD}]}}}}'
)


def unsigned(repository: Path) -> list[str]:
    """The commits of all branches that are not signed."""
    commits = git(repository, "rev-list", "--branches").split()
    return [each for each in commits if "\ngpgsig " not in git(repository, "cat-file", "commit", each)]


def test_proposed_branches_are_signed_from_their_first_commit_on(tmp_path: Path, key: Key) -> None:
    root = fleet(tmp_path / "fleet", {"fleet.yaml": PROMOTED, "a.yaml": noted("a"), "b.yaml": noted("b")})
    configured(root, key, sign=False)
    assert composer(root, "publish", "a").code == 0
    git(root, "config", "commit.gpgSign", "true")
    ran = composer(root, "publish", **key.environment)
    assert (ran.code, "1 site published, 1 unchanged" in ran.err) == (0, True), ran.err
    repository = delivery(root)
    assert [git(repository, "merge-base", f"site/{x}", f"site/{x}-next") for x in "ab"] == [
        git(repository, "rev-parse", f"site/{x}") for x in "ab"
    ]
    assert sorted(unsigned(repository)) == sorted(git(repository, "rev-list", "site/a-next").split())
    # Where what was proposed is taken away, the next proposal begins at what the cluster has.
    for name in ("a", "b"):
        git(repository, "branch", "-q", "-D", f"site/{name}-next")
    assert composer(root, "publish", **key.environment).code == 0
    for name in ("a", "b"):
        assert git(repository, "rev-parse", f"site/{name}-next^") == git(repository, "rev-parse", f"site/{name}")
    assert composer(root, "verify", **key.environment).code == 0
    assert git(repository, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_a_signed_site_under_promotion_changes_repositories(tmp_path: Path, ssh: Key) -> None:
    root = configured(fleet(tmp_path / "fleet", {"fleet.yaml": PROMOTED, "a.yaml": noted("a")}), ssh)
    assert composer(root, "publish").code == 0
    (root / "sites/a.yaml").write_text(noted("a", labels="{region: eu}"))
    committed(root)
    held = composer(root, "publish")
    assert (held.code, "have it promoted there" in " ".join(held.err.split())) == (5, True), held.err
    assert composer(root, "publish", "--move").code == 0
    there = root / "out/eu.git"
    assert git(there, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/site/a",
        "refs/heads/site/a-next",
        "refs/notes/hydrator.metadata",
    ]
    assert unsigned(there) == []
    said = json.loads(git(there, "notes", "--ref=hydrator.metadata", "show", "site/a-next"))
    assert said == {"drySha": git(root, "rev-parse", "HEAD")}
    assert composer(root, "verify").out.rpartition(", ")[2] == "signed by ci@example.com\n"
    gone = composer(root, "remove", "--stray", "a", "--yes")
    assert (gone.code, git(delivery(root), "for-each-ref", "--format=%(refname)", "refs/heads")) == (
        0,
        "refs/heads/site/a",
    )
    assert "what clusters follow stays" in gone.err
    assert "0 sites published, 1 unchanged" in composer(root, "publish").err


def test_how_many_sign_at_a_time_makes_no_difference(tmp_path: Path, ssh: Key) -> None:
    heads = []
    for jobs in ("1", "4"):
        root = configured(notes(tmp_path / jobs, *"abcdefg"), ssh)
        assert composer(root, "publish", "--jobs", jobs).code == 0
        heads.append(git(delivery(root), "for-each-ref"))
    assert heads[0] == heads[1]
