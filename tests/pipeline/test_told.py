"""Warnings of sites that need no work: shown again, just as a run that knows nothing of earlier ones shows them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.cli.show import FINDING_FORMATS, show_findings
from composer.diagnostic import Diagnostic, Place, Related, Severity, error, warning
from composer.pipeline.cache import Cache
from composer.pipeline.children import Child
from composer.pipeline.inputs import Inputs
from composer.pipeline.publish import Order, publish_sites
from composer.pipeline.told import mentioned, warnings_data, warnings_from, warnings_of
from composer.stages.load import load_fleet
from tests.cli.kit import FLEET, composer
from tests.load.fleets import document, write
from tests.pipeline.fleets import UPLINK, Run, cache_file, everything, publish, site

Told = tuple[int, tuple[Diagnostic, ...]]
"""How many sites were known to be unchanged, and all findings."""

LAMP = "devices: {lamp: {names: lamp, publish: [{topic: %s, rate: 1/s, bytes: 9}]}}"
SAID = "{topic: said, rate: 1/s, bytes: 9}"
UP = "uplink: {up: [said]}"


def warned(root: Path) -> Path:
    """The site "a" and two more, whose tenants publish what nobody reads; "top" does not have a tenant of its sites."""
    everything(root)
    linked = site("linked", UPLINK % "top", f"tenants: {{far: {{{LAMP % 'own'}}}}}")
    files = {
        "fleet.yaml": FLEET,
        "tenants/near.yaml": document("Tenant", "near", f"{{{LAMP % 'unread'}}}"),
        "tenants/far.yaml": document(
            "Tenant", "far", f"{{{UP}, devices: {{door: {{names: door, publish: [{SAID}]}}}}}}"
        ),
        "linked.yaml": linked,
        "b.yaml": site("b", "tenants: {near: {}}"),
        "c.yaml": site("c", "tenants: {near: {}}"),
    }
    return write(root, files)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fleet, published once."""
    root = warned(tmp_path_factory.mktemp("warned"))
    publish(root)
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    """A copy of the published fleet, to be changed."""
    return Path(shutil.copytree(published, tmp_path / "fleet"))


def shown(root: Path, *words: str) -> str:
    return composer(root, *words).err


def found(root: Path) -> list[Any]:
    """What publishing tells, as data."""
    said = shown(root, "publish", "--allow-dirty", "--format", "json")
    findings: list[Any] = json.JSONDecoder().raw_decode(said)[0]["findings"]
    return findings


def cold(root: Path) -> Path:
    cache_file(root).unlink(missing_ok=True)
    return root


def test_warnings_do_not_keep_a_site_out_of_the_cache(root: Path) -> None:
    assert {f["code"] for f in found(root)} == {"W021", "W054"}
    assert publish(root).composed == set()


@pytest.fixture(scope="module")
def told(published: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Told]:
    """What a warm run and a cold one find."""
    root = Path(shutil.copytree(published, tmp_path_factory.mktemp("told") / "fleet"))
    return findings_of(root), findings_of(cold(root))


def findings_of(root: Path) -> Told:
    fleet, _ = load_fleet(root)
    done = publish_sites(fleet, Order(sorted(fleet.sites), 2, allow_dirty=True))
    return len(done.unchanged), done.findings


@pytest.mark.parametrize("form", FINDING_FORMATS)
def test_a_warm_run_tells_what_a_cold_one_tells_in_every_format(
    told: tuple[Told, Told], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for _, findings in told:
        show_findings(findings, form, stream=sys.stdout)
        said.append(capsys.readouterr().out)
    assert [unchanged for unchanged, _ in told] == [6, 0]
    assert "W021" in said[0]
    assert said[0] == said[1]


def test_a_warm_difference_tells_what_a_cold_one_tells(root: Path) -> None:
    (warm, again) = (shown(root, "diff"), shown(cold(root), "diff"))
    assert "W054" in warm
    assert warm == again


def test_one_site_tells_its_own_warnings_alone(root: Path) -> None:
    assert "W021" in shown(root, "publish", "--allow-dirty", "c")
    assert "W021" not in shown(root, "publish", "--allow-dirty", "hub")


def edited(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / "sites" / path).read_text()
        assert old in text
        (root / "sites" / path).write_text(text.replace(old, new, 1))

    return edit


def moved(root: Path) -> None:
    (root / "sites/eu").mkdir()
    (root / "sites/linked.yaml").rename(root / "sites/eu/linked.yaml")


EDITS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "a line above what a tenant's document says": (edited("tenants/near.yaml", "apiV", "# first\napiV"), {"b", "c"}),
    "a word behind what the site's document says": (edited("linked.yaml", "\n", "  # here\n"), {"linked"}),
    "the name of what nobody reads": (edited("tenants/near.yaml", "unread", "ignored"), {"b", "c"}),
    "the folder of a site that a hub's warning points at": (moved, {"linked", "top"}),
    "nothing of it": (edited("profiles/low.yaml", "apiV", "# first\napiV"), {"a"}),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_warnings_quote_is_what_stands_there_now(root: Path, what: str) -> None:
    edit, touched = EDITS[what]
    edit(root)
    fresh = shutil.copytree(root, root.parent / "fresh")
    after = publish(root)
    assert after.composed == touched
    assert found(root) == found(cold(Path(fresh)))


def test_a_warning_goes_when_its_document_is_mended(root: Path) -> None:
    edited("tenants/near.yaml", LAMP % "unread", "devices: {}")(root)
    publish(root)
    assert "unread" not in str(found(root))
    edited("tenants/near.yaml", "devices: {}", LAMP % "unread")(root)
    assert "unread" in str(found(root))


def test_a_hub_knows_its_sites_from_the_cache_beside_their_warnings(root: Path) -> None:
    edited("top.yaml", "hub: true", "hub: true  # the last")(root)
    assert publish(root).composed >= {"top"}
    trees = publish(root).trees
    assert "linked" not in publish(root).composed
    publish(cold(root))
    assert publish(root) == Run(set(), set(), trees)


def test_warnings_that_nobody_found_are_not_told(root: Path) -> None:
    """The key of a site covers its warnings."""
    written = json.loads(cache_file(root).read_text())
    texts = written["warnings"]["texts"]
    number = next(index for index, text in enumerate(texts) if "unread" in text)
    texts[number] = "all is well"
    cache_file(root).write_text(json.dumps(written))
    assert "all is well" not in str(found(root))
    assert found(root) == found(cold(root))


def test_what_many_sites_are_told_alike_is_kept_once(root: Path) -> None:
    written = json.loads(cache_file(root).read_text())
    assert written["sites"]["b"][4] == written["sites"]["c"][4] != written["sites"]["linked"][4]
    assert cache_file(root).read_text().count("which device class lamp") == 2


def test_a_warning_counts_only_while_every_line_it_quotes_is_there(root: Path) -> None:
    """Also where it points into a document that the site is not made of."""
    fleet, _ = load_fleet(root)
    quoted = [warning("W023", "lost", Place("sites/b.yaml", 1), related=[Related("here", Place(OTHER, 2, 1, "kind"))])]
    own = fleet.sites["b"]
    inputs = Inputs("", sha256((root / own).read_bytes()).hexdigest(), (), ())
    entry = Cache(fleet, {}).entry("b", inputs, "tree", Child("b"), quoted)
    assert entry is not None
    assert Cache(fleet, {"b": entry}).known("b") == entry
    edited("tenants/other.yaml", "apiV", "# first\napiV")(root)
    assert Cache(load_fleet(root)[0], {"b": entry}).known("b") is None


OTHER = "sites/tenants/other.yaml"


# --- as data ----------------------------------------------------------------------------------------------------------

texts = st.text(max_size=5)
numbers = st.integers(0, 99)
places = st.builds(Place, texts, numbers, numbers, texts, numbers)
severities = st.sampled_from([Severity.WARNING, Severity.NOTE])
related = st.lists(st.builds(Related, texts, places), max_size=2).map(tuple)
diagnostics = st.builds(Diagnostic, texts, texts, places, severities, texts, related, texts)


@given(st.lists(st.lists(diagnostics, max_size=3), max_size=4))
def test_warnings_become_data_and_warnings_again(groups: list[list[Diagnostic]]) -> None:
    kept = [warnings_of(group) for group in groups]
    assert warnings_from(json.loads(json.dumps(warnings_data(kept)))) == kept
    assert [[w.at_site(f.site) for w, f in zip(k, g, strict=True)] for k, g in zip(kept, groups, strict=True)] == groups


def test_errors_are_not_kept() -> None:
    with pytest.raises(ValueError, match="error"):
        warnings_of([error("W020", "nobody", Place("a"))])


def test_places_beside_the_finding_are_mentioned_too() -> None:
    one, other = Place("a.yaml", 1, 2), Place("b.yaml")
    kept = warnings_of([warning("W023", "lost", one, related=[Related("here", other)])])
    assert list(mentioned(kept)) == [one, other]
