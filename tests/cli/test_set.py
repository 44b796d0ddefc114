"""`composer set`: what changes in a document, what is refused, and that nothing half is ever written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kit import FLEET, composer, environment, fleet, note, noted, notes, site
from tests.load.fleets import document
from tests.report.hostile import harmless

SITE = """\
# The first site.
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata:
  name: a   # as the file
  labels: {ring: 'canary', region: eu}
spec:
  profiles: [small]
  cluster:
    domain: a.example.com
    version: "1.33"     # with the next wave: 1.34
    capabilities: {cert-manager: "1.18", flux: "2.6"}
    nodes:
      - {name: box, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}

      # the spare one
      - {name: box-2, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}
  components:
    note:
      blueprint: note@1
      params: {text: hello}  # said by everyone
"""

TWO_NODES = SITE[SITE.index("      - {name: box,") : SITE.index("onents:")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fleet(
        tmp_path,
        {
            "eu/a.yaml": SITE,
            "b.yaml": noted("b"),
            "profiles/small.yaml": document("Profile", "small", "{offline: 24h}"),
            "tenants/acme.yaml": document("Tenant", "acme", "\n  quota: {cpu: '1'}  # small"),
        },
    )


def text(root: Path, file: str = "eu/a.yaml") -> str:
    return (root / "sites" / file).read_text()


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        (["spec.components.note.params.text=goodbye"], "{text: hello}", "{text: goodbye}"),
        (["spec.components.note.params.text='1'"], "{text: hello}", '{text: "1"}'),
        (["metadata.labels.ring=early"], "'canary'", "'early'"),
        (["metadata.labels.[example.com/team]=xy"], "region: eu}", "region: eu, example.com/team: xy}"),
        (["spec.cluster.version='1.34'"], '"1.33"', '"1.34"'),
        (["spec.cluster.nodes.0.memory=16Gi"], "memory: 8Gi, storage: 64Gi}\n\n", "memory: 16Gi, storage: 64Gi}\n\n"),
        (
            ["spec.cluster.nodes[name=box-2].memory=16Gi", "spec.cluster.nodes[name=box].cpu='8'"],
            TWO_NODES,
            TWO_NODES.replace('"4"', '"8"', 1).replace("8Gi, storage: 64Gi}\n  comp", "16Gi, storage: 64Gi}\n  comp"),
        ),
        (["spec.offline=72h"], "everyone\n", "everyone\n  offline: 72h\n"),
        (["spec.offline", "72h"], "everyone\n", "everyone\n  offline: 72h\n"),
        (["spec.cluster.nodes[name=box-2].arch", "arm64"], "box-2, arch: amd64", "box-2, arch: arm64"),
        (["spec.components.note.params.text", "a=b"], "{text: hello}", "{text: a=b}"),
        (["spec.components.two.blueprint=note@1"], "everyone\n", "everyone\n    two: {blueprint: note@1}\n"),
        (["spec.components.two={blueprint: note@1, params: {text: x}}"], "everyone\n", None),
        (["--remove", "spec.components.note.params.text"], "{text: hello}", "{}"),
        (["--remove", "metadata.labels.region"], ", region: eu}", "}"),
    ],
)
def test_only_what_was_asked_for_changes(root: Path, words: list[str], old: str, new: str | None) -> None:
    new = new or f"{old}    two: {{blueprint: note@1, params: {{text: x}}}}\n"
    ran = composer(root, "set", "a", *words)
    changes = "2 changes" if sum("=" in word.split("]")[-1] for word in words) == 2 else "1 change"
    assert (ran.code, ran.out, ran.err) == (0, "", f"sites/eu/a.yaml: {changes} made\n")
    assert SITE.count(old) == 1
    assert text(root) == SITE.replace(old, new)
    assert [file.name for file in (root / "sites/eu").iterdir()] == ["a.yaml"]


def test_null_is_written_where_a_lower_layer_is_to_be_undone(root: Path) -> None:
    assert composer(root, "set", "a", "spec.offline=null").code == 0
    assert text(root).endswith("  offline: null\n")


@pytest.mark.parametrize(
    ("words", "file", "old", "new"),
    [
        (["--tenant", "acme", "spec.quota.memory=1Gi"], "tenants/acme.yaml", "'1'}", "'1', memory: 1Gi}"),
        (["--profile", "small", "spec.offline=48h"], "profiles/small.yaml", "24h", "48h"),
        (["--fleet", "spec.delivery.engine=argocd"], "fleet.yaml", "flux", "argocd"),
    ],
)
def test_shared_documents_are_changed_too(root: Path, words: list[str], file: str, old: str, new: str) -> None:
    before = text(root, file)
    assert composer(root, "set", "--force", *words).code == 0
    assert text(root, file) == before.replace(old, new)


def test_a_dry_run_shows_the_change_and_writes_nothing(root: Path) -> None:
    ran = composer(root, "set", "a", "spec.cluster.version='1.34'", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:2] == ["--- a/sites/eu/a.yaml", "+++ b/sites/eu/a.yaml"]
    assert '-    version: "1.33"     # with the next wave: 1.34\n' in ran.out
    assert '+    version: "1.34"     # with the next wave: 1.34\n' in ran.out
    assert text(root) == SITE


def test_what_a_dry_run_shows_moves_no_cursor_and_is_no_command(tmp_path: Path) -> None:
    held = site("a", "# \u202e ::error::comment", note('text: "##[error] \u2067"')).replace("\n", "\r\n")
    root = fleet(tmp_path, {"a.yaml": held})
    ran = composer(root, "set", "a", "spec.components.note.params.text=b", "--dry-run")
    assert ran.code == 0
    assert harmless(ran.out)
    assert "\\u202e" in ran.out
    assert "\\r" not in ran.out


def test_what_is_so_already_changes_nothing(root: Path) -> None:
    stamp = (root / "sites/eu/a.yaml").stat().st_mtime_ns
    ran = composer(
        root,
        "set",
        "a",
        "spec.cluster.version='1.33'",
        "spec.components.note={blueprint: note@1, params: {text: hello}}",
    )
    assert (ran.code, ran.err) == (0, "sites/eu/a.yaml says so already\n")
    assert (root / "sites/eu/a.yaml").stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["a", "spec.ofline=72h"], "D001", "did you mean 'offline'?"),
        (["a", "spec.cluster.version=1.34"], "D002", '"1.34"'),
        (["a", "spec.components.note.params.text=[1]"], "L122", "sites/eu/a.yaml:21:"),
        (["a", "spec.profiles=[smal]"], "L010", "did you mean 'small'?"),
        (["a", "metadata.name=c"], "D022", "sites/eu/a.yaml:5:"),
        (["--profile", "small", "spec.offline=soon"], "D005", "sites/profiles/small.yaml"),
        (["--profile", "small", "spec.components={x: {blueprint: nite@1}}"], "L001", "site: a"),
        (["--fleet", "spec.delivery.engine=fluxx"], "D004", "did you mean 'flux'?"),
    ],
)
def test_what_would_be_a_mistake_is_not_written(root: Path, words: list[str], code: str, told: str) -> None:
    before = {file: file.read_bytes() for file in (root / "sites").rglob("*.yaml")}
    ran = composer(root, "set", *words)
    assert (ran.code, ran.out) == (1, "")
    assert f"error[{code}]" in ran.err
    assert told in ran.err
    assert "is as it was; --force writes it all the same" in ran.err
    assert {file: file.read_bytes() for file in (root / "sites").rglob("*.yaml")} == before


def test_force_writes_a_mistake_and_a_second_set_mends_it(root: Path) -> None:
    assert composer(root, "set", "a", "spec.profiles=[smal]", "--force").code == 0
    assert "profiles: [smal]" in text(root)
    assert composer(root, "set", "a", "spec.profiles.0=small").code == 0
    assert text(root) == SITE


def test_mistakes_that_were_there_before_stand_in_nobodys_way(root: Path) -> None:
    two = SITE.replace("[small]", "[smal]").replace("text: hello", "txet: hello")
    (root / "sites/eu/a.yaml").write_text(two)
    ran = composer(root, "set", "a", "--remove", "spec.components.note.params.txet")
    assert (ran.code, ran.err) == (0, "sites/eu/a.yaml: 1 change made\n")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere", "spec.offline=1h"], "X001", "there is no site 'nowhere'"),
        (["--tenant", "acne", "spec.x=1"], "X007", "did you mean 'acme'?"),
        (["--profile", "smal", "spec.x=1"], "X013", "did you mean 'small'?"),
        (["a"], "X002", "nothing to set"),
        (["spec.offline=1h"], "X002", "name a site"),
        (["a", "spec.offline"], "X002", "is not PATH=VALUE"),
        (["a", "=1"], "X002", "is not PATH=VALUE"),
        (["a", "spec.offline="], "X002", "no value behind the equals sign"),
        (["a", "spec.offline={a"], "X002", "is no YAML value"),
        (["a", "spec..offline=1h"], "X010", "is not a path"),
        (["a", "spec.profiles.name=x"], "X010", "has 1 items"),
        (["a", "spec.profiles.2=x"], "X010", "the next one is 1"),
        (["a", "spec.cluster.nodes[name=box-3].cpu=1"], "X010", "none is 'name=box-3'"),
        (["a", "spec.cluster.domain.x=1"], "X010", "holds nothing called 'x'"),
        (["a", "--remove", "spec.offline"], "X010", "has nothing at spec.offline"),
        (["a", "--remove", "spec.profiles.1"], "X010", "has nothing at spec.profiles.1"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(root: Path, words: list[str], code: str, told: str) -> None:
    ran = composer(root, "set", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[{code}]" in ran.err
    assert told in ran.err
    assert text(root) == SITE


def test_a_link_mode_mark_and_line_breaks_of_a_file_stay(tmp_path: Path) -> None:
    root = notes(tmp_path, "b")
    real = root / "sites/files/real.yaml"
    real.parent.mkdir()
    real.write_bytes(b"\xef\xbb\xbf" + noted("a").replace("\n", "\r\n").encode())
    real.chmod(0o640)
    (root / "sites/a.yaml").symlink_to("files/real.yaml")
    assert composer(root, "set", "a", "spec.offline=1h").code == 0
    assert (root / "sites/a.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_bytes() == b"\xef\xbb\xbf" + noted("a").replace("\n", "\r\n").encode() + b"  offline: 1h\r\n"


TIED = SITE.replace("{text: hello}", "&said {text: hello}") + "    other: {blueprint: note@1, params: *said}\n"


def test_what_an_alias_ties_to_another_value_is_left_to_the_person(root: Path) -> None:
    (root / "sites/eu/a.yaml").write_text(TIED)
    for name in ("note", "other"):
        ran = composer(root, "set", "a", f"spec.components.{name}.params.text=goodbye")
        assert (ran.code, ran.out, text(root)) == (2, "", TIED)
        assert "error[X011]" in ran.err
    assert composer(root, "set", "a", "spec.components.other.params={text: goodbye}").code == 0
    assert text(root) == TIED.replace("*said", "{text: goodbye}")


def test_tabs_in_comments_and_texts_stay_and_tabs_that_are_no_yaml_are_a_finding(root: Path) -> None:
    tabbed = SITE.replace("# said by", "#\tsaid\tby\t").replace("text: hello", "text: 'a\tb'")
    (root / "sites/eu/a.yaml").write_text(tabbed)
    assert composer(root, "set", "a", "spec.offline=1h").code == 0
    assert text(root) == f"{tabbed}  offline: 1h\n"
    indented = SITE.replace("    note:", "\tnote:")
    (root / "sites/eu/a.yaml").write_text(indented)
    ran = composer(root, "set", "a", "spec.offline=1h")
    assert (ran.code, text(root)) == (2, indented)
    assert "error[Y007]" in ran.err
    assert "sites/eu/a.yaml:19:1" in ran.err


def test_a_file_that_cannot_be_replaced_is_a_finding(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": site("a", note("text: " + "x" * 5000))})
    before = text(root, "a.yaml")
    ran = composer(
        root, "set", "a", "spec.offline=1h", wrapper=("prlimit", "--fsize=4096"), PYTHONPYCACHEPREFIX=os.devnull
    )
    assert ran.code == 2
    assert "error[X012]" in ran.err
    assert text(root, "a.yaml") == before
    assert sorted(file.name for file in (root / "sites").iterdir()) == ["a.yaml", "fleet.yaml"]


def test_other_commands_start_without_the_editor() -> None:
    program = (
        "import sys, composer.cli.main, composer.pipeline.render, composer.pipeline.publish;"
        "print(sorted(m for m in sys.modules if 'ruamel' in m))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment())
    assert ran.stdout == "[]\n"


def test_the_fleet_of_the_tests_is_what_it_seems(root: Path) -> None:
    assert FLEET in text(root, "fleet.yaml")
    assert composer(root, "validate").code == 0


def test_a_path_deeper_than_documents_go_leads_nowhere(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    ran = composer(root, "set", "a", f"{'a.' * 3000}b=1")
    assert (ran.code, "error[X010]" in ran.err) == (2, True)
    assert "leads deeper than documents go" in ran.err
