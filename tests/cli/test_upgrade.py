"""`composer upgrade`: another version of a blueprint, ring by ring, in whichever documents name it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.pipeline.edit import edited
from composer.pipeline.upgrade import plan_upgrade
from composer.source.reader import read_document
from composer.stages.load import load_fleet, load_site
from composer.stages.resolve import Resolver
from tests.cli.kit import ROOT, blueprint, composer, example, fleet, noted, site
from tests.load.fleets import document, write

STREAM = "stream-bento"


def second_version(root: Path, name: str, source: Path) -> None:
    """The fleet's own versions 1 and 2 of a blueprint, which differ in their version alone."""
    for major in (1, 2):
        folder = root / f"blueprints/{name}/v{major}"
        if folder != source:
            shutil.copytree(source, folder)
        file = folder / "blueprint.yaml"
        file.write_text(file.read_text().replace("version: 1.0.0", f"version: {major}.0.0"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The example fleet with two versions of its streams' blueprint."""
    second_version(example(tmp_path), STREAM, ROOT / f"blueprints/{STREAM}/v1")
    return tmp_path


def versions(root: Path, name: str) -> dict[str, set[str]]:
    """Site -> how its uses of the blueprint are referred to, as the composer resolves them."""
    loaded, _ = load_fleet(root)
    resolver = Resolver(loaded)
    found: dict[str, set[str]] = {}
    for each in loaded.sites:
        for layers in resolver.uses(load_site(loaded, each)).values():
            said = next((x.data["blueprint"] for x in reversed(layers) if x.data.get("blueprint")), "")
            if said.partition("@")[0] == name:
                found.setdefault(each, set()).add(said)
    return found


def texts(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root / "sites")): p.read_text() for p in sorted((root / "sites").rglob("*.yaml"))}


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """File -> its lines that are new."""
    pairs = {name: (text.splitlines(), after[name].splitlines()) for name, text in before.items()}
    return {name: [line for line in new if line not in old] for name, (old, new) in pairs.items() if old != new}


def test_a_ring_goes_first_and_the_last_step_leaves_the_shared_documents_right(root: Path) -> None:
    before = texts(root)
    ran = composer(root, "upgrade", STREAM, "--to", "2", "-l", "ring=canary")
    assert (ran.code, ran.out) == (0, "")
    assert "sites/eu/de/berlin-01.yaml: 2 changes made" in ran.err
    assert "sites/tenants/acme.yaml stays as it is for" in ran.err
    canaries = texts(root)
    changed = differing(before, canaries)
    assert "eu/de/berlin-01.yaml" in changed
    assert all(name.startswith(("eu/", "north-sea/")) for name in changed)
    (line,) = changed["eu/de/berlin-01.yaml"]
    assert "press-mean: {params: {window: 60s}, to: {rate: 7/s}, blueprint: stream-bento@2}," in line
    assert line.endswith("press-alert: {blueprint: stream-bento@2}}    # this site's uplink is thin")
    loaded, _ = load_fleet(root)
    ring = {name for name in loaded.sites if "ring: canary" in canaries[loaded.sites[name].removeprefix("sites/")]}
    assert {name for name, said in versions(root, STREAM).items() if said == {f"{STREAM}@2"}} == ring

    ran = composer(root, "upgrade", STREAM, "--to", "2")
    assert (ran.code, ran.out) == (0, "")
    assert "stays as it is" not in ran.err
    assert {said for some in versions(root, STREAM).values() for said in some} == {f"{STREAM}@2"}
    for name, lines in differing(canaries, texts(root)).items():
        assert [line.replace("@2", "@1") for line in lines] == [
            x for x in lines_of(canaries[name]) if "@1" in x and STREAM in x
        ]
    assert composer(root, "validate").code == 0
    assert composer(root, "upgrade", STREAM, "--to", "2").err == "the chosen sites use stream-bento@2 already\n"


def lines_of(text: str) -> list[str]:
    return text.splitlines()


def test_a_dry_run_shows_the_changes_of_every_document_and_writes_none(root: Path) -> None:
    before = texts(root)
    ran = composer(root, "upgrade", STREAM, "--to", "2.0.0", "--dry-run")
    assert ran.code == 0
    assert "+++ b/sites/tenants/acme.yaml" in ran.out
    assert "+      blueprint: stream-bento@2.0.0\n" in ran.out
    assert texts(root) == before


def small(root: Path) -> Path:
    """Two sites whose note comes from one profile, and one that has its own."""
    fleet(
        root,
        {
            "profiles/small.yaml": document(
                "Profile", "small", "{components: {note: {blueprint: note@1, params: {text: x}}}}"
            ),
            "a.yaml": site("a", "profiles: [small]"),
            "b.yaml": site("b", "profiles: [small]"),
            "c.yaml": noted("c"),
        },
    )
    second_version(root, "note", root / "blueprints/note/v1")
    return root


def test_parameters_that_the_new_version_does_not_take_are_findings_and_nothing_is_written(tmp_path: Path) -> None:
    root = small(tmp_path)
    (root / "blueprints/note/v2/params.yaml").write_text("words: {type: string, default: '', meta: {help: A text.}}")
    manifest = root / "blueprints/note/v2/manifests/object.yaml"
    manifest.write_text(manifest.read_text().replace("params.texts", "{}").replace("params.text", "params.words"))
    before = texts(root)
    ran = composer(root, "upgrade", "note", "a", "c", "--to", "2")
    assert (ran.code, ran.out) == (1, "")
    assert "error[L120]" in ran.err
    assert "the documents are as they were" in ran.err
    assert texts(root) == before
    assert composer(root, "upgrade", "note", "a", "c", "--to", "2", "--force").code == 0
    assert versions(root, "note") == {"a": {"note@2"}, "b": {"note@1"}, "c": {"note@2"}}


def test_a_site_that_cannot_be_looked_at_counts_as_one_that_goes_on_as_it_is(tmp_path: Path) -> None:
    root = small(tmp_path)
    (root / "sites/b.yaml").write_text("kind: [")
    assert composer(root, "upgrade", "note", "a", "c", "--to", "2").code == 0
    assert "note@1" in (root / "sites/profiles/small.yaml").read_text()
    assert "components: {note: {blueprint: note@2}}" in (root / "sites/a.yaml").read_text()
    ran = composer(root, "upgrade", "note", "b", "--to", "1")
    assert ran.code == 2
    assert "sites/b.yaml:1" in ran.err


def test_what_the_composer_gives_every_site_is_said_where_the_choice_is_made(tmp_path: Path) -> None:
    root = small(tmp_path)
    second_version(root, "base", ROOT / "blueprints/base/v1")
    assert composer(root, "upgrade", "base", "a", "--to", "2").code == 0
    assert "components: {base: {blueprint: base@2}}" in (root / "sites/a.yaml").read_text()
    assert composer(root, "upgrade", "base", "--to", "2").code == 0
    assert "defaults: {components: {base: {blueprint: base@2}}}" in (root / "sites/fleet.yaml").read_text()
    assert versions(root, "base") == {name: {"base@2"} for name in "abc"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nite", "--to", "2"), "L001", "did you mean 'note'?"),
        (("note", "--to", "3"), "L002", "versions of note here: 1.0.0, 2.0.0"),
        (("note", "--to", "2.1.0"), "L002", "2.0.0"),
        (("note", "--to", "latest"), "X002", "a major version"),
        (("stream-bento", "--to", "1"), "E005", "no chosen site uses"),
        (("note", "d", "--to", "2"), "X001", "there is no site 'd'"),
        (("note", "--to", "2", "-l", "ring=x"), "X009", ""),
    ],
)
def test_what_cannot_be_meant_changes_nothing(tmp_path: Path, words: tuple[str, ...], code: str, told: str) -> None:
    root = small(tmp_path)
    before = texts(root)
    ran = composer(root, "upgrade", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[{code}]" in ran.err
    assert told in ran.err
    assert texts(root) == before


HOMES = {
    "own": "components: {note: {blueprint: note@1}}",
    "small": "profiles: [small]",
    "both": "profiles: [small, large]",
    "overlay": "profiles: [large]\n  components: {note: {params: {text: y}}}",
    "removed": "profiles: [small]\n  components: {note: null}",
    "nothing": "offline: 1h",
    "named without a version": "components: {other: {blueprint: note}}",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    blueprint(folder)
    second_version(folder, "note", folder / "blueprints/note/v1")
    return folder


@given(st.lists(st.sampled_from(list(HOMES)), min_size=1, max_size=4), st.data())
def test_chosen_sites_get_the_version_and_no_other_site_changes(
    home: Path, kinds: list[str], data: st.DataObject
) -> None:
    shutil.rmtree(home / "sites", ignore_errors=True)
    sites = {f"s{index}": site(f"s{index}", HOMES[kind]) for index, kind in enumerate(kinds)}
    profiles = {
        "small": "{components: {note: {blueprint: note@1}}}",
        "large": "{components: {note: {blueprint: note@1.0.0}}}",
    }
    shared = {f"profiles/{name}.yaml": document("Profile", name, spec) for name, spec in profiles.items()}
    write(home, {**shared, **{f"{name}.yaml": text for name, text in sites.items()}})
    before = versions(home, "note")
    using = sorted(before)
    if not using:
        return
    chosen = sorted(data.draw(st.sets(st.sampled_from(sorted(sites)), min_size=1)) | {using[0]})
    loaded, _ = load_fleet(home)
    for target, assignments in plan_upgrade(loaded, "note", "note@2", chosen).changes.items():
        (home / target.file).write_text(edited(read_document(home, target.file), assignments).text)
    after = versions(home, "note")
    assert after == {name: {"note@2"} if name in chosen else said for name, said in before.items()}
