"""`composer validate`: what people and machines read when documents are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.kit import Ran, composer, example, fleet, note, notes, site
from tests.load.fleets import document

FORMATS = ("full", "concise", "json", "github", "gitlab", "sarif", "junit")


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mistakes in five files, of every part of the line; one site is fine."""
    return fleet(
        tmp_path_factory.mktemp("mistaken"),
        {
            "a-good.yaml": site("a-good"),
            "b-keys.yaml": site("b-keys", "compnents: {}", "offline: 72"),
            "c-yaml.yaml": site("c-yaml") + "kind: Site\nmore: !!python/none x\n",
            "d-names.yaml": site(
                "d-names",
                "tenants: {acne: {}}",
                "components: {a: {blueprint: nte@1}, b: {blueprint: note@2}}",
            ),
            "e-params.yaml": site("e-params", note("txt: a, text: 7, texts: {a: 1}")),
            "profiles/small.yaml": document("Profile", "small"),
            "tenants/acme.yaml": document("Tenant", "acme"),
        },
    )


@pytest.fixture(scope="module")
def told(mistaken: Path) -> dict[str, Ran]:
    """What validate says of the mistakes, in every format."""
    return {chosen: composer(mistaken, "validate", "--format", chosen) for chosen in FORMATS}


def test_a_fleet_without_mistakes_gives_0_and_nothing_on_standard_output(tmp_path: Path) -> None:
    ran = composer(notes(tmp_path, "a", "b"), "validate")
    assert (ran.code, ran.out, ran.err) == (0, "", "2 sites: 0 errors, 0 warnings\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("chosen", FORMATS)
def test_mistakes_give_1_and_stand_on_standard_output_in_every_format(told: dict[str, Ran], chosen: str) -> None:
    ran = told[chosen]
    assert ran.code == 1
    assert ran.err == "5 sites: 10 errors, 0 warnings\n"
    for code in ("D001", "Y010", "L120"):
        assert code in ran.out


def test_a_mistake_that_many_sites_have_in_common_counts_once_as_it_is_told_once(tmp_path: Path) -> None:
    tenant = document("Tenant", "acme", "{quota: {cpu: much}}")
    sites = {f"{name}.yaml": site(name, "tenants: {acme: {}}") for name in "abc"}
    ran = composer(fleet(tmp_path, {**sites, "tenants/acme.yaml": tenant}), "validate", "--format", "concise")
    assert len(ran.out.splitlines()) == 1
    assert ran.err == "3 sites: 1 error, 0 warnings\n"


def test_all_mistakes_of_all_files_are_told_at_once_in_file_order(told: dict[str, Ran]) -> None:
    places = [line.split("]")[0].replace(": error[", " ") for line in told["concise"].out.splitlines()]
    assert places == [
        "sites/b-keys.yaml:6:3 D001",
        "sites/b-keys.yaml:7:12 D002",
        "sites/c-yaml.yaml:6:1 Y010",
        "sites/c-yaml.yaml:7:7 Y011",
        "sites/d-names.yaml:6:13 L011",
        "sites/d-names.yaml:7:31 L001",
        "sites/d-names.yaml:7:54 L002",
        "sites/e-params.yaml:6:56 L120",
        "sites/e-params.yaml:6:65 L122",
        "sites/e-params.yaml:6:79 L122",
    ]


def test_machines_find_the_same_findings_in_their_formats(told: dict[str, Ran]) -> None:
    lines = told["concise"].out.splitlines()
    assert len(told["json"].findings) == len(lines) == 10
    assert len(json.loads(told["gitlab"].out)) == 10
    assert len(json.loads(told["sarif"].out)["runs"][0]["results"]) == 10
    assert len(ElementTree.fromstring(told["junit"].out).findall(".//failure")) == 10
    assert len(re.findall(r"^::error ", told["github"].out, re.MULTILINE)) == 10
    assert told["full"].out.count("\n --> ") == 10


def test_a_finding_shows_the_line_as_written_with_a_caret_and_what_may_be_meant(told: dict[str, Ran]) -> None:
    assert "did you mean 'components'?" in told["full"].out
    assert re.search(r"\n6 \|   compnents: \{\}\n  \|   \^{9}\n", told["full"].out)


def test_a_site_without_mistakes_is_not_touched_by_those_of_others(mistaken: Path) -> None:
    assert composer(mistaken, "validate", "a-good").code == 0
    assert composer(mistaken, "validate", "a-good", "b-keys").code == 1


def test_machines_get_an_empty_report_where_there_is_nothing_to_tell(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    assert composer(root, "validate", "--format", "json").findings == []


def test_a_hub_is_told_the_same_of_its_sites_whether_or_not_they_are_validated_too(tmp_path: Path) -> None:
    root = example(tmp_path / "example")
    profile = root / "sites/profiles/edge-box.yaml"
    text = profile.read_text()
    profile.write_text(re.sub(r'cert-manager: "[0-9.]*",? *', "", text))
    assert profile.read_text() != text
    alone, along = (
        [each for each in composer(root, "validate", *words, "--format", "json").findings if each["code"] == "W056"]
        for words in (["hub-eu"], [])
    )
    assert (alone, len(alone)) == (along, 1)
