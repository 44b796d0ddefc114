"""Sites that need no work: told by every byte they were made from, and by nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import blueprint
from tests.pipeline.fleets import UPLINK, Run, cache_file, cached, everything, publish, site

ALL = {"a", "b", "hub", "top"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A fleet that was published once, and what that did."""
    root = everything(tmp_path_factory.mktemp("published"))
    return root, publish(root)


@pytest.fixture
def root(published: tuple[Path, Run], tmp_path: Path) -> Path:
    """A copy of the published fleet, to be changed."""
    return Path(shutil.copytree(published[0], tmp_path / "fleet"))


def test_the_first_run_composes_every_site(published: tuple[Path, Run]) -> None:
    root, first = published
    assert (first.composed, first.failed) == (ALL, set())
    assert {f"site/{name}": tree for name, tree in cached(root).items()} == first.trees


def test_an_unchanged_site_is_not_composed_again(published: tuple[Path, Run], root: Path) -> None:
    assert publish(root) == Run(set(), set(), published[1].trees)


def test_the_cache_holds_wherever_the_fleet_lies(published: tuple[Path, Run], tmp_path: Path) -> None:
    moved = Path(shutil.copytree(published[0], tmp_path / "elsewhere/fleet"))
    assert publish(moved).composed == set()


def comment(path: str) -> Callable[[Path], None]:
    """One more line at the end of a file, which changes no value."""

    def change(root: Path) -> None:
        with (root / path).open("a") as file:
            file.write("# a comment\n")

    return change


def remove(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


def new(path: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    return change


def add_blueprint(name: str) -> Callable[[Path], None]:
    return lambda root: blueprint(root, name)


def remove_blueprint(root: Path) -> None:
    shutil.rmtree(root / "blueprints/spare")


def second_version(root: Path) -> None:
    shutil.copytree(root / "blueprints/note/v1", root / "blueprints/note/v2")


def move(root: Path) -> None:
    (root / "sites/eu").mkdir()
    (root / "sites/a.yaml").rename(root / "sites/eu/a.yaml")


def shadow(root: Path) -> None:
    """The packaged blueprint `base`, byte for byte, becomes the fleet's own."""
    shipped = Path(__file__).parents[2] / "blueprints"
    shutil.copytree(shipped / "base", root / "blueprints/base")
    for fragment in (shipped / "_lib").iterdir():
        shutil.copy(fragment, root / "blueprints/_lib")


def second_site(root: Path) -> None:
    new("sites/eu/a.yaml", (root / "sites/a.yaml").read_text())(root)


def circle(root: Path) -> None:
    new("sites/top.yaml", site("top", "hub: true", UPLINK % "hub"))(root)


CRD = "schemas/crds/example.com/thing_v1.json"

CHANGES: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "the site's own document": (comment("sites/a.yaml"), {"a"}),
    "the site's file in another folder": (move, {"a"}),
    "a profile it lists": (comment("sites/profiles/low.yaml"), {"a"}),
    "a tenant at it": (comment("sites/tenants/acme.yaml"), {"a", "hub"}),
    "a tenant that is nowhere": (comment("sites/tenants/other.yaml"), set()),
    "fleet.yaml": (comment("sites/fleet.yaml"), ALL),
    "its hub": (comment("sites/hub.yaml"), {"a", "hub"}),
    "a profile of its hub": (comment("sites/profiles/hub.yaml"), {"a", "hub"}),
    "the hub of its hub": (comment("sites/top.yaml"), {"a", "hub", "top"}),
    "the certificate of the hub's CA": (comment("sites/files/ca.pem"), {"a", "hub"}),
    "an encrypted secret": (comment("sites/secrets/a.yaml"), {"a"}),
    "a payload schema that its own document names": (new("sites/files/own.json", "{ }"), {"a"}),
    "a payload schema of devices at it": (new("sites/files/read.json", "{ }"), {"a"}),
    "a payload schema of devices at other sites": (new("sites/files/shared.json", "{ }"), set()),
    "a manifest of a blueprint": (comment("blueprints/note/v1/manifests/object.yaml"), {"a", "b"}),
    "the rules of a blueprint": (comment("blueprints/note/v1/params.yaml"), {"a", "b"}),
    "blueprint.yaml of a blueprint": (comment("blueprints/note/v1/blueprint.yaml"), {"a", "b"}),
    "a fragment of a blueprint": (comment("blueprints/_lib/extra.yaml"), {"a", "b"}),
    "a text template of a blueprint": (new("blueprints/note/v1/files/new.j2", "new\n"), {"a", "b"}),
    "the README of a blueprint": (new("blueprints/note/v1/README.md", "# note\n"), set()),
    "a blueprint that is nowhere": (comment("blueprints/spare/v1/params.yaml"), set()),
    "a new blueprint": (add_blueprint("more"), ALL),
    "a blueprint that is gone": (remove_blueprint, ALL),
    "another version of a blueprint": (second_version, ALL),
    "a packaged blueprint that became the fleet's own": (shadow, ALL),
    "a schema of a custom resource": (new(CRD, "{}"), ALL),
}

BREAKING: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "the certificate of the hub's CA": (remove("sites/files/ca.pem"), {"a", "hub"}),
    "an encrypted secret": (remove("sites/secrets/a.yaml"), {"a"}),
    "a payload schema that its own document names": (remove("sites/files/own.json"), {"a"}),
    "a payload schema that a tenant's document names": (remove("sites/files/shared.json"), {"a", "hub"}),
    "a profile it lists": (remove("sites/profiles/low.yaml"), {"a", "hub"}),
    "a profile of its hub": (remove("sites/profiles/hub.yaml"), {"a", "hub", "top"}),
    "a tenant at it": (remove("sites/tenants/acme.yaml"), {"a", "hub", "top"}),
    "a tenant whose device it uses": (remove("sites/tenants/owner.yaml"), {"a", "hub"}),
    "a second document of its name": (second_site, {"a", "hub"}),
    "a hub of its hub that leads in a circle": (circle, {"a", "hub", "top"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_site_is_composed_again_when_something_it_is_made_of_changes(root: Path, what: str) -> None:
    change, touched = CHANGES[what]
    change(root)
    after = publish(root)
    assert (after.composed, after.failed) == (touched, set())
    assert without_cache(root) == after.trees


@pytest.mark.parametrize("what", BREAKING)
def test_a_site_fails_when_something_it_is_made_of_is_gone_or_broken(
    published: tuple[Path, Run], root: Path, what: str
) -> None:
    change, touched = BREAKING[what]
    change(root)
    after = publish(root)
    assert after.failed == touched
    kept = {f"site/{site}" for site in touched}
    assert {b: after.trees[b] for b in kept} == {b: published[1].trees[b] for b in kept}
    assert publish(root).failed == touched


def test_a_schema_that_changes_is_another_schema(root: Path) -> None:
    new(CRD, "{}")(root)
    publish(root)
    new(CRD, "[]")(root)
    assert publish(root).composed == ALL


def test_a_file_that_comes_back_makes_the_site_whole_again(published: tuple[Path, Run], root: Path) -> None:
    secret = root / "sites/secrets/a.yaml"
    kept = secret.read_bytes()
    secret.unlink()
    publish(root)
    secret.write_bytes(kept)
    assert publish(root) == Run(set(), set(), published[1].trees)


def test_a_branch_that_moved_is_looked_at_again(root: Path) -> None:
    """What the cache knows of a site counts only where its branch holds just that."""
    written = json.loads(cache_file(root).read_text())
    key, _, *rest = written["sites"]["a"]
    written["sites"]["a"] = (key, "0" * 40, *rest)
    cache_file(root).write_text(json.dumps(written))
    assert publish(root).composed == {"a"}


def without_cache(root: Path) -> dict[str, str]:
    """The trees after a run that knows nothing of earlier ones."""
    cache_file(root).unlink()
    again = publish(root)
    assert again.composed == ALL
    return again.trees


PARTS: dict[str, Any] = {
    "groups": [["file x"]],
    "links": [["", []]],
    "warnings": {"texts": [], "groups": [[]]},
    "sites": {"a": ["k", "t", 0, 0, 0]},
}
"""A cache that can be understood, and is about nothing."""


def parts(**changed: Any) -> bytes:
    return json.dumps({**PARTS, **changed}).encode()


def told(*texts: str, row: Any) -> bytes:
    return parts(warnings={"texts": texts, "groups": [[row]]})


DAMAGED: dict[str, bytes] = {
    "empty": b"",
    "cut off": b'{"groups":[["docu',
    "a list": b"[]",
    "no sites": json.dumps({"groups": []}).encode(),
    "a list of sites": parts(sites=[1]),
    "no links": json.dumps({name: part for name, part in PARTS.items() if name != "links"}).encode(),
    "no warnings": json.dumps({name: part for name, part in PARTS.items() if name != "warnings"}).encode(),
    "numbers for names": parts(groups=[[1, None]]),
    "a group that is not there": parts(sites={"a": ["k", "t", 7, 0, 0]}),
    "a link that is not there": parts(sites={"a": ["k", "t", 0, 7, 0]}),
    "a link that is none": parts(links=[["h", [{"tenant": 1}]]]),
    "warnings that are not there": parts(sites={"a": ["k", "t", 0, 0, 7]}),
    "a warning that is none": told(row=[1]),
    "a warning of another severity": told("W021", "bad", row=[[0, 1, 0, 0], [0, 1, 1, 0, 1], []]),
    "a warning that is an error": told("W020", "error", row=[[0, 1, 0, 0], [0, 1, 1, 0, 1], []]),
    "a warning without its words": told("W021", "warning", row=[[0, 1, 9, 9], [0, 1, 1, 0, 1], []]),
    "a warning at no place": told("W021", "warning", row=[[0, 1, 0, 0], [0, 1], []]),
    "a kind that is not there": parts(groups=[["dependency a"]]),
    "a version that is none": parts(groups=[["blueprint note@x"]]),
    "a file elsewhere": parts(groups=[["file ../../x"]]),
    "a quoted file elsewhere": parts(groups=[["quoted ../../x", "place /etc/hosts"]]),
    "sites that are not there": parts(groups=[["hub no"]], sites={"no": ["k", "t", 0, 0, 0]}),
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_or_foreign_cache_is_ignored_and_replaced(published: tuple[Path, Run], root: Path, how: str) -> None:
    cache_file(root).write_bytes(DAMAGED[how])
    assert publish(root) == Run(ALL, set(), published[1].trees)
    assert cached(root).keys() == ALL


def test_a_cut_off_cache_is_ignored_wherever_it_ends(root: Path) -> None:
    whole = cache_file(root).read_bytes()
    for length in (1, len(whole) // 2, len(whole) - 1):
        cache_file(root).write_bytes(whole[:length])
        assert publish(root).composed == ALL


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(published: tuple[Path, Run], root: Path) -> None:
    cache_file(root).unlink()
    cache_file(root).mkdir()
    for _ in range(2):
        assert publish(root) == Run(ALL, set(), published[1].trees)
    assert sorted(path.name for path in (root / "out").iterdir()) == ["cache.json", "delivery.git"]


def test_sites_that_are_gone_are_forgotten(root: Path) -> None:
    (root / "sites/b.yaml").unlink()
    comment("sites/a.yaml")(root)
    publish(root)
    assert cached(root).keys() == {"a", "hub", "top"}
