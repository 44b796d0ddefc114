"""The library of blueprints."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.source.packaged import packaged
from composer.stages.load import load_blueprints, load_fleet
from composer.stages.render import compile_blueprint
from tests.load.fleets import write

MANIFEST = """\
apiVersion: edge-composer.io/v1alpha1
kind: Blueprint
metadata: {name: NAME}
spec: {version: VERSION, summary: A test., role: stream, scope: tenant}
"""


def blueprint(root: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A blueprint of the fleet in *root*."""
    folder = root / "blueprints" / name / f"v{version.partition('.')[0]}"
    manifest = MANIFEST.replace("NAME", name).replace("VERSION", version)
    for path, text in {"blueprint.yaml": manifest, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def fragment(root: Path, name: str, text: str) -> None:
    (root / "blueprints/_lib").mkdir(parents=True, exist_ok=True)
    (root / f"blueprints/_lib/{name}.yaml").write_text(text)


def test_every_packaged_blueprint_can_be_read() -> None:
    root = packaged("blueprints").parent
    found = load_blueprints(root)
    names = {manifest.parts[-3] for manifest in packaged("blueprints").glob("*/v*/blueprint.yaml")}
    assert set(found) == names
    for name, majors in found.items():
        for major, read in majors.items():
            assert (read.name, read.major, read.origin) == (name, major, "packaged")
            assert read.folder == f"blueprints/{name}/v{major}"
            assert (read.root / "blueprint.yaml").is_file()
            assert all(document.file == f"{read.folder}/{path}" for path, document in read.manifests.items())


def test_a_fleets_own_blueprint_shadows_the_packaged_one_of_its_name(tmp_path: Path) -> None:
    blueprint(tmp_path, "stream-bento", "7.0.0", {})
    found = load_blueprints(tmp_path)
    assert list(found["stream-bento"]) == [7]
    assert found["stream-bento"][7].origin == "fleet"
    assert found["base"][1].origin == "packaged"


def test_a_blueprint_is_read_when_it_is_asked_for_and_not_before(tmp_path: Path) -> None:
    write(tmp_path, {})
    blueprint(tmp_path, "broken", "1.0.0", {"blueprint.yaml": "{"})
    blueprint(tmp_path, "good", "1.0.0", {})
    fleet, findings = load_fleet(tmp_path)
    assert findings == []
    assert fleet.blueprints["good"][1] is fleet.blueprints["good"][1]
    assert list(fleet.blueprints["broken"]) == [1]
    for _ in range(2):
        with pytest.raises(Rejected, match=r"blueprints/broken/v1/blueprint.yaml"):
            fleet.blueprints["broken"][1]


def test_versions_stand_side_by_side(tmp_path: Path) -> None:
    for version in ("10.1.0", "2.0.0", "1.4.2"):
        blueprint(tmp_path, "mine", version, {})
    (tmp_path / "blueprints/mine/draft").mkdir()
    majors = load_blueprints(tmp_path)["mine"]
    assert [(major, majors[major].version) for major in majors] == [
        (1, "1.4.2"),
        (2, "2.0.0"),
        (10, "10.1.0"),
    ]
    assert 3 not in majors
    with pytest.raises(KeyError):
        majors[3]


def test_a_blueprint_says_what_its_folder_is_called(tmp_path: Path) -> None:
    folder = blueprint(tmp_path, "mine", "1.0.0", {})
    shutil.copytree(folder, tmp_path / "blueprints/yours/v2")
    with pytest.raises(Rejected) as rejected:
        load_blueprints(tmp_path)["yours"][2]
    assert [(d.code, d.message) for d in rejected.value.diagnostics] == [
        ("D040", "metadata.name is 'mine', but the folder is called yours"),
        ("D040", "spec.version is 1.0.0, but the folder is called v2"),
    ]


def test_manifests_files_and_used_fragments_are_read(tmp_path: Path) -> None:
    files = {
        "params.yaml": "size: {type: integer, default: 3}\n",
        "manifests/deployment.yaml": "kind: Deployment\nmetadata: {$use: names}\nspec: {$use: {name: pod}}\n",
        "manifests/more/service.yaml": "- {kind: Service}\n",
        "files/app.toml.j2": "size = {{ params.size }}\n",
        "README.md": "# Mine\n",
    }
    blueprint(tmp_path, "mine", "1.0.0", files)
    fragment(tmp_path, "names", "name: a\n")
    fragment(tmp_path, "pod", "securityContext: {$use: secure}\n")
    fragment(tmp_path, "secure", "runAsNonRoot: true\n")
    fragment(tmp_path, "unused", "a: b\n")
    read = load_blueprints(tmp_path)["mine"][1]
    assert list(read.manifests) == ["manifests/deployment.yaml", "manifests/more/service.yaml"]
    assert dict(read.files) == {"files/app.toml.j2": "size = {{ params.size }}\n"}
    assert list(read.fragments) == ["names", "pod", "secure"]
    assert read.params.data == {"size": {"type": "integer", "default": 3}}


def test_a_fleets_blueprint_may_use_packaged_fragments_and_replace_them(tmp_path: Path) -> None:
    shared = packaged("blueprints") / "_lib/metadata.yaml"
    blueprint(tmp_path, "mine", "1.0.0", {"manifests/a.yaml": "metadata: {$use: metadata}\n"})
    assert load_blueprints(tmp_path)["mine"][1].fragments["metadata"].text == shared.read_text()
    fragment(tmp_path, "metadata", "name: own\n")
    assert load_blueprints(tmp_path)["mine"][1].fragments["metadata"].data == {"name": "own"}


def test_fragments_that_use_each_other_come_to_an_end(tmp_path: Path) -> None:
    blueprint(tmp_path, "mine", "1.0.0", {"manifests/a.yaml": "a: {$use: one}\n"})
    fragment(tmp_path, "one", "a: {$use: two}\n")
    fragment(tmp_path, "two", "a: {$use: one}\n")
    assert list(load_blueprints(tmp_path)["mine"][1].fragments) == ["one", "two"]


def test_a_fragment_cannot_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a: b\n")
    blueprint(tmp_path, "mine", "1.0.0", {"manifests/a.yaml": "a: {$use: ../../secret}\n"})
    fragment(tmp_path, "one", "a: b\n")
    assert load_blueprints(tmp_path)["mine"][1].fragments == {}


def test_texts_are_shared_as_fragments_are_and_count_for_who_names_them_alone(tmp_path: Path) -> None:
    library = tmp_path / "blueprints/_lib"
    fragment(tmp_path, "one", "a: \"{{ text('used.j2') }}\"\n")
    for name, text in {"used": "{% include 'inner.j2' %}", "inner": "x", "idle": "x", "own": "shared"}.items():
        (library / f"{name}.j2").write_text(text)
    manifest = "a: \"{{ text('used.j2') ~ text('own.j2') ~ text('../../secret.j2') }}\"\n"
    blueprint(tmp_path, "mine", "1.0.0", {"manifests/a.yaml": manifest, "files/own.j2": "own"})
    read = load_blueprints(tmp_path)["mine"][1]
    assert dict(read.files) == {
        "files/own.j2": "own",
        "files/used.j2": "{% include 'inner.j2' %}",
        "files/inner.j2": "x",
    }
    assert read.shared == {"files/used.j2", "files/inner.j2"}
    before = digest(tmp_path)
    (library / "idle.j2").write_text("y")
    assert digest(tmp_path) == before
    (library / "inner.j2").write_text("{{ nobody }}")
    assert digest(tmp_path) != before
    with pytest.raises(Rejected) as rejected:
        compile_blueprint(load_blueprints(tmp_path)["mine"][1])
    assert [d.place.file for d in rejected.value.diagnostics if "nobody" in d.message] == ["blueprints/_lib/inner.j2"]


def digest(root: Path) -> str:
    return load_blueprints(root)["mine"][1].digest


def test_the_digest_changes_with_what_is_rendered_and_with_nothing_else(tmp_path: Path) -> None:
    files = {
        "manifests/a.yaml": "a: {$use: one}\n",
        "files/a.j2": "a",
        "params.yaml": "a: {type: string}\n",
        "README.md": "a",
        "tests/case.yaml": "case: a\n",
    }
    folder = blueprint(tmp_path, "mine", "1.0.0", files)
    fragment(tmp_path, "one", "a: b\n")
    fragment(tmp_path, "unused", "a: b\n")
    before = digest(tmp_path)
    for path in ("README.md", "tests/case.yaml", "../../_lib/unused.yaml"):
        (folder / path).write_text("# other\n")
    assert digest(tmp_path) == before
    seen = {before}
    for path in ("manifests/a.yaml", "files/a.j2", "params.yaml", "blueprint.yaml", "../../_lib/one.yaml"):
        with (folder / path).open("a") as file:
            file.write("# other\n")
        seen.add(digest(tmp_path))
    (folder / "files/a.j2").rename(folder / "files/b.j2")
    seen.add(digest(tmp_path))
    assert len(seen) == 7


def test_the_digest_is_the_same_in_another_folder(tmp_path: Path) -> None:
    for name in ("here", "there/deep"):
        blueprint(tmp_path / name, "mine", "1.0.0", {"manifests/a.yaml": "a: 1\n", "files/a.j2": "a"})
    assert digest(tmp_path / "here") == digest(tmp_path / "there/deep")


def test_a_linked_template_folder_or_file_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.yaml").write_text("a: 1\n")
    root = tmp_path / "fleet"
    folder = blueprint(root, "mine", "1.0.0", {"manifests/b.yaml": "a: 1\n"})
    (folder / "manifests/a.yaml").symlink_to(tmp_path / "outside/a.yaml")
    with pytest.raises(Rejected, match="Y0"):
        load_blueprints(root)["mine"][1]
    (folder / "manifests/a.yaml").unlink()
    (folder / "manifests/more").symlink_to(tmp_path / "outside")
    with pytest.raises(Rejected, match="Y0"):
        load_blueprints(root)["mine"][1]


def test_a_manifest_called_yml_is_not_left_out_silently(tmp_path: Path) -> None:
    blueprint(tmp_path, "mine", "1.0.0", {"manifests/a.yml": "a: 1\n"})
    with pytest.raises(Rejected, match="D025"):
        load_blueprints(tmp_path)["mine"][1]


def test_blueprint_yaml_is_checked_against_its_schema(tmp_path: Path) -> None:
    manifest = MANIFEST.replace("NAME", "mine").replace("VERSION", "1.0").replace("role: stream", "roll: stream")
    blueprint(tmp_path, "mine", "1.0.0", {"blueprint.yaml": manifest})
    with pytest.raises(Rejected) as rejected:
        load_blueprints(tmp_path)["mine"][1]
    assert sorted(d.code for d in rejected.value.diagnostics) == ["D001", "D002", "D003"]


def test_what_bootstrap_names_has_to_be_there(tmp_path: Path) -> None:
    folder = blueprint(tmp_path, "one", "1.0.0", {"manifests/source.yaml": "{}"})
    manifest = folder / "blueprint.yaml"
    spec = "scope: tenant, bootstrap: {objects: [manifests/source.yaml, manifests/sauce.yaml]}"
    manifest.write_text(manifest.read_text().replace("scope: tenant", spec))
    with pytest.raises(Rejected) as rejected:
        load_blueprints(tmp_path)["one"][1]
    (finding,) = rejected.value.diagnostics
    assert (finding.code, finding.hint) == ("L020", "did you mean 'manifests/source.yaml'?")
