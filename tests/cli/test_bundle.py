"""`composer bundle` as people type it: what lies in the folder, and that it is the same everywhere."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.stages.publish.bundle import gzip_stored
from tests.cli.kit import commit, composer, fleet, note, noted, site
from tests.conftest import Needs
from tests.publish.making import git

REGISTRY = "components: {delivery: {params: {ociRepository: 'oci://registry.local/edge/delivery', ociTag: stable}}}"


def offline(root: Path) -> Path:
    """A fleet of one site that follows a registry."""
    return fleet(root, {"one.yaml": site("one", REGISTRY)})


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def blob(folder: Path, descriptor: Any) -> bytes:
    content = (folder / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
    assert (f"sha256:{sha256(content).hexdigest()}", len(content)) == (descriptor["digest"], descriptor["size"])
    return content


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed fleet whose site was bundled."""
    root = offline(tmp_path_factory.mktemp("offline"))
    commit(root)
    ran = composer(root, "bundle", "one")
    assert (ran.code, ran.err.count("warning")) == (0, 0)
    assert f"skopeo copy oci:{root}/out/bundles/one:stable docker://registry.local/edge/delivery:stable" in ran.err
    return root


def test_the_layout_holds_the_branch_as_flux_wants_it(packed: Path) -> None:
    folder = packed / "out/bundles/one"
    assert json.loads((folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (listed,) = json.loads((folder / "index.json").read_text())["manifests"]
    assert listed["annotations"] == {"org.opencontainers.image.ref.name": "stable"}
    manifest = json.loads(blob(folder, listed))
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.flux.config.v1+json"
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.cncf.flux.content.v1.tar+gzip"
    plain = gzip.decompress(blob(folder, layer))
    config = json.loads(blob(folder, manifest["config"]))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{sha256(plain).hexdigest()}"]
    assert composer(packed, "render", "one").code == 0
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        members = archive.getmembers()
        files = {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]
    assert files == held(packed / "out/manifests/one")
    assert list(files) == sorted(files)
    assert {(member.mtime, member.uid, member.gid, member.mode, member.uname) for member in members} == {
        (0, 0, 0, 0o644, "")
    }


def test_the_source_commit_and_its_date_stand_in_the_annotations(packed: Path) -> None:
    folder = packed / "out/bundles/one"
    manifest = json.loads(blob(folder, json.loads((folder / "index.json").read_text())["manifests"][0]))
    assert manifest["annotations"]["org.opencontainers.image.created"] == "2024-05-06T05:08:09Z"
    head = git(packed, "rev-parse", "HEAD")
    assert manifest["annotations"]["org.opencontainers.image.revision"] == f"sha1:{head}"


def test_the_images_for_the_mirror_lie_beside_it(packed: Path) -> None:
    listed = composer(packed, "images", "one", "--format", "list").out
    assert (packed / "out/bundles/one/images.txt").read_text() == listed


def test_the_tar_is_the_layout(packed: Path) -> None:
    folder = packed / "out/bundles/one"
    with tarfile.open(folder / "one.tar") as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]
    assert {name.partition("/")[0] for name in files} == {"blobs", "index.json", "oci-layout"}
    assert files.items() <= held(folder).items()


def test_the_same_commit_gives_the_same_bytes_everywhere(packed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(packed, copy, ignore=shutil.ignore_patterns("out"))
    assert composer(copy, "bundle", "one", PYTHONHASHSEED="7", TZ="Asia/Tokyo", LANG="C").code == 0
    assert held(copy / "out/bundles/one") == held(packed / "out/bundles/one")


def test_packing_again_replaces_what_was_packed_and_leaves_the_rest(tmp_path: Path) -> None:
    root = offline(tmp_path)
    assert composer(root, "bundle", "one", "--allow-dirty").code == 0
    (root / "out/bundles/one/README").write_text("mine")
    before = held(root / "out/bundles/one")
    (root / "sites/one.yaml").write_text(site("one", REGISTRY.replace("}}}", "}}, " + note("text: more")[13:])))
    assert composer(root, "bundle", "one", "--allow-dirty").code == 0
    after = held(root / "out/bundles/one")
    assert len(before) == len(after)
    assert after["README"] == b"mine"
    assert after["index.json"] != before["index.json"]


@pytest.mark.parametrize("link", ["out/bundles/one", "out/bundles", "out"])
def test_a_link_on_the_way_is_refused(tmp_path: Path, link: str) -> None:
    root = offline(tmp_path / "fleet")
    target = tmp_path / "target"
    target.mkdir()
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(target)
    ran = composer(root, "bundle", "one", "--allow-dirty")
    assert (ran.code, "B030" in ran.err) == (5, True)
    assert list(target.iterdir()) == []


def test_a_named_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    root = offline(tmp_path / "fleet")
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    ran = composer(root, "bundle", "one", "--allow-dirty", "-o", str(tmp_path / "link"))
    assert (ran.code, "B030" in ran.err) == (5, True)
    assert list((tmp_path / "target").iterdir()) == []


def test_changes_that_are_not_committed_are_refused(tmp_path: Path) -> None:
    root = offline(tmp_path)
    ran = composer(root, "bundle", "one")
    assert (ran.code, "B041" in ran.err) == (5, True)
    assert not (root / "out").exists()


def test_a_bundle_that_leads_back_to_git_is_warned_of(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"one.yaml": noted("one")})
    ran = composer(root, "bundle", "one", "--allow-dirty", "--format", "concise")
    assert (ran.code, "warning[B100]" in ran.err) == (0, True)


def test_a_site_with_errors_is_not_packed(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"one.yaml": site("one", "components: {note: {blueprint: not@1}}")})
    assert composer(root, "bundle", "one", "--allow-dirty").code == 1
    assert not (root / "out").exists()


def test_a_registry_tool_copies_it(packed: Path, tmp_path: Path, needs: Needs) -> None:
    skopeo = needs("skopeo")["skopeo"]
    folder = packed / "out/bundles/one"
    for source in (f"oci:{folder}:stable", f"oci-archive:{folder}/one.tar:stable"):
        raw = subprocess.run([skopeo, "inspect", "--raw", source], check=True, capture_output=True).stdout
        assert raw == blob(folder, json.loads((folder / "index.json").read_text())["manifests"][0])
        target = tmp_path / source.partition(":")[0]
        subprocess.run([skopeo, "copy", "--quiet", "--preserve-digests", source, f"dir:{target}"], check=True)
        assert (target / "manifest.json").read_bytes() == raw


@given(st.binary(max_size=300) | st.sampled_from([0xFFFE, 0xFFFF, 0x10000, 0x1FFFF]).map(lambda size: b"x" * size))
def test_what_is_stored_is_unpacked_as_it_was(content: bytes) -> None:
    assert gzip.decompress(gzip_stored(content)) == content


@pytest.mark.parametrize("date", ["253402300800 +0000", "99999999999999 +1400"])
def test_a_commit_from_a_year_with_five_figures_is_packed(tmp_path: Path, date: str) -> None:
    root = offline(tmp_path)
    commit(root, date=f"@{date}")
    ran = composer(root, "bundle", "one")
    assert (ran.code, "one:stable" in ran.out) == (0, True)
