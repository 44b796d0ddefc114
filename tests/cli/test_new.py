"""`composer new`: documents from a form, by options and by questions, and what is refused."""

from __future__ import annotations

import os
import pty
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from composer.pipeline.forms import FORMS, filled
from composer.source.reader import read_document
from composer.stages.load import load_fleet
from tests.cli.kit import commit, composer, fleet, noted, start
from tests.load.fleets import document
from tests.publish.making import git

PROFILE = """{
  cluster: {version: "1.33", capabilities: {cert-manager: "1.18", flux: "2.6"}},
  components: {ingress: {blueprint: mqtt-mosquitto@1}}
}"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "eu/a.yaml": noted("a"),
        "profiles/small.yaml": document("Profile", "small", PROFILE),
        "tenants/acme.yaml": document("Tenant", "acme", "{quota: {cpu: '1', memory: 1Gi}}"),
    }
    return fleet(tmp_path, files)


def made(root: Path, before: str) -> list[str]:
    """The files that are there now and were not at *before*, a commit."""
    git(root, "add", "--all")
    return git(root, "diff", "--cached", "--name-only", "--diff-filter=A", before).splitlines()


def test_a_site_is_made_of_options_and_is_in_order(root: Path) -> None:
    words = ("--profiles", "small", "--tenants", "acme", "--labels", "ring=canary,region=eu", "--folder", "eu/de")
    ran = composer(root, "new", "site", "bern", *words, "--cpu", "8")
    assert (ran.code, ran.out, ran.err) == (0, "", "sites/eu/de/bern.yaml written\n")
    assert (root / "sites/eu/de/bern.yaml").read_text() == (
        """\
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata:
  name: bern
  labels: {ring: canary, region: eu}
spec:
  profiles: [small]
  cluster:
    domain: bern.edge.example.com
    nodes:
      - {name: box, arch: amd64, cpu: "8", memory: 8Gi, storage: 64Gi}
  tenants: {acme: {}}
"""
    )
    assert composer(root, "validate").code == 0


def test_what_no_profile_says_gets_a_default(root: Path) -> None:
    composer(root, "set", "--fleet", "spec.delivery.engine=argocd", "--force")
    assert composer(root, "new", "site", "lone").code == 0
    cluster = read_document(root, "sites/lone.yaml").data["spec"]["cluster"]
    assert (cluster["version"], cluster["capabilities"]) == ("1.33", {"cert-manager": "1.18", "argocd": "3.0"})


def test_tenants_and_profiles_are_made_and_can_be_listed_at_once(root: Path) -> None:
    assert composer(root, "new", "tenant", "globex", "--devices", "meter=4, lamp", "--messages", "20").code == 0
    spec = read_document(root, "sites/tenants/globex.yaml").data["spec"]
    assert spec["quota"]["messagesPerSecond"] == 20
    assert [(name, device["count"]) for name, device in spec["devices"].items()] == [("meter", 4), ("lamp", 1)]
    assert composer(root, "new", "profile", "big", "--offline", "48h").code == 0
    assert composer(root, "new", "site", "bern", "--profiles", "big", "--tenants", "globex acme").code == 0
    validated = composer(root, "validate", "bern")
    assert (validated.code, "1 site: 0 errors" in validated.err) == (0, True)


def test_a_new_blueprint_passes_its_own_cases_and_serves_a_site(root: Path) -> None:
    ran = composer(root, "new", "blueprint", "greeter", "--summary", 'Says "hello": to all. # yes')
    assert (ran.code, ran.out) == (0, "")
    tested = composer(root, "test", "greeter")
    assert (tested.code, tested.err) == (0, "2 cases, 0 failed\n")
    described = read_document(root, "blueprints/greeter/v1/blueprint.yaml").data
    assert (described["metadata"]["name"], described["spec"]["summary"]) == ("greeter", 'Says "hello": to all. # yes')
    assert composer(root, "set", "a", "spec.components.hello={blueprint: greeter@1, params: {replicas: 2}}").code == 0


class Terminal:
    """The composer with a terminal for its questions."""

    def __init__(self, root: Path, *words: str) -> None:
        self.ours, self.theirs = pty.openpty()
        # sh opens the terminal as standard input and error, as a person's shell does.
        line = f'exec "$0" "$@" < {os.ttyname(self.theirs)} 2> {os.ttyname(self.theirs)}'
        self.process = start(root, *words, wrapper=("sh", "-c", line))

    def answer(self, *lines: str) -> tuple[int, str]:
        """The exit code after these lines and Ctrl-D, and everything that stood on the terminal."""
        os.write(self.ours, "".join(f"{line}\n" for line in lines).encode() + b"\x04")
        self.process.communicate()
        os.close(self.theirs)
        shown = b""
        try:
            while piece := os.read(self.ours, 65536):
                shown += piece
        except OSError:  # the end of a terminal
            pass
        os.close(self.ours)
        return self.process.returncode, shown.decode()


def test_a_terminal_is_asked_once_more_where_an_answer_cannot_be_one(root: Path) -> None:
    words = ("new", "site", "bern", "--arch", "arm64", "--cpu", "4", "--memory", "8Gi")
    code, shown = Terminal(root, *words).answer("smal", "small", "bern.example.com", "16Gi", "a", "acme", "ring")
    assert code == 2  # the last answer cannot be one, and no other comes
    assert "profiles, lowest first (small) [-]: " in shown
    assert "did you mean 'small'?" in shown
    assert "DNS domain of the cluster [bern.edge.example.com]: " in shown
    assert "version of Kubernetes" not in shown
    assert "expected KEY=VALUE" in shown
    assert not (root / "sites/bern.yaml").exists()


def test_enter_takes_the_default_and_a_dash_leaves_the_value_out(root: Path) -> None:
    code, shown = Terminal(root, "new", "tenant", "globex").answer("2", "", "-", "", "", "")
    assert (code, "sites/tenants/globex.yaml written" in shown) == (0, True)
    quota = {"cpu": "2", "memory": "1Gi", "connections": 50, "messagesPerSecond": 50}
    assert read_document(root, "sites/tenants/globex.yaml").data["spec"] == {"quota": quota}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("site", "a"), "E003", "sites/eu/a.yaml"),
        (("site", "Bern"), "D020", "upper-case"),
        (("site", "bern-next"), "D020", "-next"),
        (("site", "../bern"), "D020", "slash"),
        (("site", "com1"), "D020", "Windows"),
        (("tenant", "acme"), "E003", "sites/tenants/acme.yaml"),
        (("profile", "small"), "E003", "sites/profiles/small.yaml"),
        (("blueprint", "note"), "E003", "blueprints/note"),
        (("blueprint", "stream-bento"), "E003", "blueprints/stream-bento"),
        (("site", "fleet"), "E004", "sites/fleet.yaml"),
        (("site", "b", "--folder", "tenants/x"), "E004", "sites/tenants/x/b.yaml"),
        (("site", "b", "--folder", "../.."), "E004", ""),
        (("site", "b", "--folder", ".hidden"), "E004", ""),
        (("site", "b", "--folder", "link"), "E004", ""),
        (("site", "b", "--profiles", "smal", "--tenants", "acne"), "X013", "error[X007]"),
        (("site", "b", "--labels", "canary"), "X002", "KEY=VALUE"),
        (("tenant", "b", "--connections", "many"), "X002", "whole number"),
    ],
)
def test_what_cannot_be_made_leaves_the_fleet_as_it_was(
    root: Path, words: tuple[str, ...], code: str, told: str
) -> None:
    (root / "sites/link").symlink_to("eu")
    before = commit(root)
    ran = composer(root, "new", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[{code}]" in ran.err
    assert told in ran.err
    assert git(root, "status", "--porcelain") == ""
    assert made(root, before) == []


def test_a_document_with_errors_is_written_only_by_force(root: Path) -> None:
    words = ("new", "site", "bern", "--memory", "lots", "--capabilities", "")
    ran = composer(root, *words)
    assert ran.code == 1
    assert "error[D005]: sites/bern.yaml" in ran.err or "sites/bern.yaml:" in ran.err
    assert "is not written; --force writes it all the same" in ran.err
    assert not (root / "sites/bern.yaml").exists()
    assert composer(root, *words, "--force").code == 0
    assert (root / "sites/bern.yaml").exists()


@given(st.dictionaries(st.sampled_from(["domain", "kubernetes", "arch", "cpu", "memory", "storage"]), st.text()))
@example({"domain": "a: b # c", "cpu": "no", "memory": "'", "storage": "1e3"})
def test_an_answer_arrives_in_the_document_as_it_was_given(texts: dict[str, str]) -> None:
    answers: dict[str, Any] = {question.flag: texts.get(question.flag) or None for question in FORMS["site"]}
    if any(not text.isprintable() for text in texts.values()):
        return
    cluster = filled("site", "bern", answers, "sites/bern.yaml").data["spec"]["cluster"]
    found = {"domain": cluster.get("domain"), "kubernetes": cluster.get("version"), **cluster["nodes"][0]}
    assert {flag: found.get(flag) for flag in texts} == {flag: text or None for flag, text in texts.items()}


def test_every_default_is_a_document_in_order(root: Path) -> None:
    for kind in ("site", "tenant", "profile"):
        assert composer(root, "new", kind, "fresh").code == 0
    loaded, findings = load_fleet(root)
    assert (findings, sorted(loaded.sites)) == ([], ["a", "fresh"])
