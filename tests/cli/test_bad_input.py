"""Bad input as people bring it: each mistake is a finding of its own site, and all other sites go on."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest

from tests.cli.kit import CLUSTER, FLEET, blueprint, composer, fleet, note, noted, notes, site
from tests.load.fleets import document
from tests.publish.making import git

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
UPLINK = "ca: files/hub.pem, identity: {secret: hub}"

SITES = {
    "tenant": (site("tenant", "tenants: {acne: {}}"), ["L011"], "did you mean 'acme'?"),
    "profile": (site("profile", "profiles: [smal]"), ["L010"], "did you mean 'small'?"),
    "blueprint": (site("blueprint", "components: {n: {blueprint: nite@1}}"), ["L001"], "did you mean 'note'?"),
    "major": (site("major", "components: {n: {blueprint: note@2}}"), ["L002"], "versions of note here: 1.0.0"),
    "version": (site("version", "components: {n: {blueprint: note@1.4.2}}"), ["L002"], "1.0.0"),
    "hub": (site("hub", f"uplink: {{site: hbu-a, {UPLINK}}}"), ["D030"], "did you mean 'hub-a'?"),
    "type": (site("type", note("text: [1]")), ["L122"], ""),
    "number": (site("number", note("text: 7")), ["L122"], 'write it in quotes: "7"'),
    "unit": (site("unit", "offline: 3 days"), ["D005"], ""),
    "no-unit": (site("no-unit", "offline: 72"), ["D002"], ""),
    "bound": (
        site("bound", "components: {ingress: {blueprint: mqtt-mosquitto@1, params: {maxConnections: 0}}}"),
        ["L123"],
        "",
    ),
    "key": (site("key", "compnents: {}"), ["D001"], "did you mean 'components'?"),
    "param": (site("param", note("txet: a")), ["L120"], "did you mean 'text'?"),
    "hub-a": (site("hub-a", f"uplink: {{site: hub-b, {UPLINK}}}"), ["D031"], ""),
    "hub-b": (site("hub-b", f"uplink: {{site: hub-a, {UPLINK}}}"), ["D031"], ""),
    "below": (site("below", f"uplink: {{site: hub-a, {UPLINK}}}"), ["D031"], ""),
    "bomb": (BOMB, ["Y015"], ""),
    "other-name": (site("another-name"), ["D022"], ""),
    "control": (site("control", note('text: "a\x01b"')), ["Y006"], ""),
    "unquoted": (site("unquoted", "offline: {{ x }}"), ["Y018"], ""),
    "image": (site("image", "components: {n: {blueprint: image@1}}"), ["K021"], ""),
    "namespace": (site("namespace", "components: {n: {blueprint: namespace@1}}"), ["K013"], ""),
    "field": (site("field", "components: {n: {blueprint: field@1}}"), ["K004"], "did you mean 'data'?"),
    "secret": (site("secret", "components: {n: {blueprint: secret@1}}"), ["K023"], ""),
    "raises": (site("raises", "components: {n: {blueprint: raises@1}}"), ["T011"], ""),
    "loops": (site("loops", "components: {n: {blueprint: loops@1}}"), ["T013"], ""),
    "gigabyte": (site("gigabyte", "components: {n: {blueprint: gigabyte@1}}"), ["T013"], ""),
    "half": (site("half", "components: {n: {blueprint: half@1}}"), ["T001"], "the character itself"),
    "halves": (site("halves", "components: {n: {blueprint: halves@1}}"), ["T001"], "the character itself"),
}
"""Site -> its document, the codes that stand in its way, and a part of their hints."""

RAW = {
    "fifty": (b"#" * 50_000_000, ["Y003"]),
    "latin": (noted("latin").replace("hello", "h\xf6llo").encode("latin-1"), ["Y005"]),
    "binary": (bytes(range(256)) * 40, ["Y005"]),
    "empty": (b"", ["Y008"]),
}

MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: n, namespace: edge-platform}
data: {text: "%s"}
"""
PROGRAM = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: n, namespace: edge-platform, labels: {a: b}}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: n
          image: docker.io/library/nginx:latest
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          readinessProbe: {tcpSocket: {port: 80}}
          livenessProbe: {tcpSocket: {port: 80}}
          resources: {requests: {cpu: 1m, memory: 1Mi}, limits: {memory: 1Mi}}
"""
MANIFESTS = {
    "image": PROGRAM,
    "namespace": MANIFEST.replace("edge-platform", "nowhere") % "x",
    "field": MANIFEST.replace("\ndata:", "\ndat:") % "x",
    "secret": MANIFEST.replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:") % "x",
    "raises": MANIFEST % "{{ [1, 2] | join('') | int / 0 }}",
    "loops": MANIFEST % "{{ range(1000000000) | sum }}",
    "gigabyte": MANIFEST % "{{ 'x' * 1000000000 }}",
    "half": MANIFEST % "{{ '\\\\ud800' }}",
    "halves": MANIFEST % "{{ text('t.j2') }}",
}
TEXTS = {"halves": "{{ '\\udfff'|json }}"}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet of every mistake there is, and one good site."""
    root = fleet(
        tmp_path_factory.mktemp("bad"),
        {
            "tenants/acme.yaml": document("Tenant", "acme"),
            "profiles/small.yaml": document("Profile", "small"),
            "files/hub.pem": "",
            "good.yaml": noted("good"),
            **{f"{name}.yaml": text for name, (text, _, _) in SITES.items()},
        },
    )
    for name, (content, _) in RAW.items():
        (root / f"sites/{name}.yaml").write_bytes(content)
    outside = tmp_path_factory.mktemp("outside") / "link.yaml"
    outside.write_text(site("link"))
    (root / "sites/link.yaml").symlink_to(outside)
    for name, manifest in MANIFESTS.items():
        blueprint(root, name, manifest, "{}")
    for name, text in TEXTS.items():
        (root / f"blueprints/{name}/v1/files").mkdir()
        (root / f"blueprints/{name}/v1/files/t.j2").write_text(text)
    return root


@pytest.fixture(scope="module")
def told(bad: Path) -> dict[str, list[Any]]:
    """The errors of each site, in one run over all of them."""
    ran = composer(bad, "validate", "--format", "json")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    found: dict[str, list[Any]] = {}
    for finding in ran.findings:
        for name in finding["sites"] if finding["severity"] == "error" else ():
            found.setdefault(name, []).append(finding)
    return found


def codes(findings: list[Any]) -> list[str]:
    return sorted({finding["code"] for finding in findings})


@pytest.mark.parametrize("name", SITES)
def test_a_mistake_is_a_finding_of_its_site(told: dict[str, list[Any]], name: str) -> None:
    _, expected, hint = SITES[name]
    assert codes(told[name]) == expected
    assert any(hint in finding["hint"] for finding in told[name])


@pytest.mark.parametrize("name", [*RAW, "link"])
def test_a_file_that_cannot_be_used_is_a_finding_of_its_site(told: dict[str, list[Any]], name: str) -> None:
    expected = ["Y004"] if name == "link" else RAW[name][1]
    assert codes(told[name]) == expected
    assert {finding["file"] for finding in told[name]} == {f"sites/{name}.yaml"}


def test_the_good_site_is_written_and_none_of_the_bad(bad: Path) -> None:
    ran = composer(bad, "render")
    assert ran.code == 3
    assert ran.err.splitlines()[-2].startswith("1 site rendered, ")
    assert [folder.name for folder in (bad / "out/manifests").iterdir()] == ["good"]


@pytest.mark.parametrize("name", ["raises", "loops", "gigabyte"])
def test_a_template_that_runs_away_is_found_at_its_line(told: dict[str, list[Any]], name: str) -> None:
    (finding,) = told[name]
    assert (finding["file"], finding["line"]) == (f"blueprints/{name}/v1/manifests/object.yaml", 5)


def test_names_that_cannot_be_branches_are_refused_whatever_the_others_are(tmp_path: Path) -> None:
    names = ["Upper", "-dash", "dot..dot", "a.lock", "b-next", "with space", "ümlaut", "x" * 64, "a_b"]
    root = notes(tmp_path, "good")
    for name in names:
        (root / f"sites/{name}.yaml").write_text(document("Site", f'"{name}"', f"{{cluster: {{{CLUSTER}}}}}"))
    (root / "sites/slash.yaml").write_text(document("Site", '"a/b"', f"{{cluster: {{{CLUSTER}}}}}"))
    ran = composer(root, "validate", "--format", "json")
    assert ran.code == 1
    refused = {Path(finding["file"]).stem for finding in ran.findings if finding["code"] in ("D020", "D022", "D005")}
    assert refused == {*names, "slash"}
    assert composer(root, "validate", "good").code == 1
    rendered = composer(root, "render")
    assert sorted(folder.name for folder in (root / "out/manifests").iterdir()) == ["good"]
    assert rendered.code == 3


def test_two_sites_of_one_name_are_both_left_out(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"eu/a.yaml": noted("a"), "us/a.yaml": noted("a"), "b.yaml": noted("b")})
    ran = composer(root, "validate", "--format", "json")
    assert ran.code == 1
    assert {finding["code"] for finding in ran.findings} == {"D023"}
    assert composer(root, "render").code == 3
    assert [folder.name for folder in (root / "out/manifests").iterdir()] == ["b"]


def test_a_fleet_yaml_with_mistakes_stops_everything_with_2(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"fleet.yaml": FLEET.replace("engine: flux", "engine: fluxx"), "a.yaml": noted("a")})
    ran = composer(root, "render")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'flux'?" in ran.err
    assert not (root / "out").exists()


def test_an_output_folder_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    root = notes(tmp_path / "fleet", "a")
    victim = tmp_path / "victim"
    victim.mkdir()
    (root / "out").mkdir()
    (root / "out/manifests").symlink_to(victim)
    ran = composer(root, "render")
    assert ran.code == 1
    assert "error[B030]" in ran.err
    (tmp_path / "own").mkdir()
    (tmp_path / "own/a").symlink_to(victim)
    ran = composer(root, "render", "-o", str(tmp_path / "own"))
    assert ran.code == 1
    assert "error[B030]" in ran.err
    assert list(victim.iterdir()) == []


def test_a_link_on_the_way_to_the_output_is_not_written_through_where_it_may_have_come_with_the_fleet(
    tmp_path: Path,
) -> None:
    root, victim, machine = notes(tmp_path / "fleet", "a"), tmp_path / "victim", tmp_path / "machine"
    victim.mkdir()
    (root / "out").symlink_to(victim)
    machine.symlink_to(tmp_path)
    through = ("out", "out/deep/er", str(root / "out/deep"), f"{machine}/fleet/out/deep", "../fleet/out/deep")
    for words in ((), *(("-o", path) for path in through)):
        ran = composer(root, "render", *words)
        assert ran.code == 1, words
        assert "error[B030]" in ran.err
        assert f"{root}/out" in ran.err or f"{machine}/fleet/out" in ran.err
    assert list(victim.iterdir()) == []
    assert composer(root, "render", "-o", f"{machine}/machine/own").code == 0
    assert (tmp_path / "own/a/kustomization.yaml").is_file()
    assert composer(tmp_path, "-C", "fleet", "render", "-o", "machine/own").code == 1


@pytest.mark.parametrize(
    "output", ["sites", "sites/eu", ".", "..", "blueprints", "schemas", ".git", "link", "/", "out/delivery.git/refs"]
)
def test_the_fleets_own_folders_are_no_output(tmp_path: Path, output: str) -> None:
    root = notes(tmp_path / "fleet", "a", "b")
    (root / "link").symlink_to("sites")
    before = sorted(tmp_path.rglob("*"))
    ran = composer(root, "render", "-o", output)
    assert (ran.code, ran.out) == (2, "")
    assert "error[X008]" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte, which takes no more after a few files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None or os.system(f"mount -t tmpfs -o size=512k none '{disk}'"):
        require = pytest.fail if os.environ.get("COMPOSER_REQUIRE_SERVICES") == "1" else pytest.skip
        require("SKIPPED: only root can mount a small disk")
    yield disk
    os.system(f"umount '{disk}'")


def test_a_full_disk_is_a_finding_and_what_was_there_stays_whole(full_disk: Path, tmp_path: Path) -> None:
    root = fleet(tmp_path / "fleet", {"a.yaml": noted("a"), "b.yaml": noted("b", "x" * 400_000), "c.yaml": noted("c")})
    assert composer(root, "render", "a", "-o", str(full_disk)).code == 0
    before = sorted(f.name for f in (full_disk / "a").rglob("*"))
    (full_disk / "ballast").write_bytes(b"x" * 200_000)
    ran = composer(root, "render", "-o", str(full_disk))
    assert ran.code == 3
    assert "error[B031]: cannot write: No space left on device" in ran.err
    assert sorted(f.name for f in (full_disk / "a").rglob("*")) == before
    assert not (full_disk / "b").exists()


def test_a_disk_too_full_to_publish_leaves_every_branch_and_converges_once_there_is_room(
    full_disk: Path, tmp_path: Path
) -> None:
    where = FLEET.replace("engine: flux", f"engine: flux, repository: {full_disk}/delivery.git")
    root = fleet(tmp_path / "fleet", {"fleet.yaml": where, "a.yaml": noted("a"), "b.yaml": noted("b")})
    assert composer(root, "publish", "--allow-dirty").code == 0
    repository = full_disk / "delivery.git"
    before = git(repository, "for-each-ref")
    noise = "".join(random.Random(1).choices(ascii_letters, k=700_000))  # what cannot be packed much smaller
    (root / "sites/a.yaml").write_text(noted("a", "changed"))
    (root / "sites/b.yaml").write_text(noted("b", noise))
    ran = composer(root, "publish", "--allow-dirty")
    assert ran.code == 1
    assert "Out of diskspace" in ran.err  # in git's words
    assert "2 sites not published: a, b" in ran.err
    assert git(repository, "for-each-ref") == before
    assert git(repository, "fsck", "--full", "--strict") == ""
    (root / "sites/b.yaml").write_text(noted("b", "small"))
    ran = composer(root, "publish", "--allow-dirty")
    assert (ran.code, ran.out.count("site/")) == (0, 2)
    assert git(repository, "fsck", "--full", "--strict") == ""


def test_a_limit_on_files_is_a_finding_too(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": noted("a"), "b.yaml": noted("b", "x" * 200_000)})
    ran = composer(root, "render", wrapper=("prlimit", "--fsize=65536"))
    assert ran.code == 3
    assert "error[B031]" in ran.err
    assert [folder.name for folder in (root / "out/manifests").iterdir()] == ["a"]
