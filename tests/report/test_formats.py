"""Findings in every format. Whole outputs are compared; UPDATE_SNAPSHOTS=1 writes them anew, for review."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from composer.diagnostic import Diagnostic, Place, Related, Severity, error, warning
from composer.report.diagnostics import FORMATS, render
from composer.source.reader import parse
from tests.report.hostile import TEXTS, harmless
from tests.source.reading import findings_of

SNAPSHOTS = Path(__file__).parent / "snapshots"

SITE = """\
metadata:
  name: berlin-01
  name: hamburg-02
spec:
  size: {{ params.size }}
  日本: [*nobody]
"""

HOSTILE = "\x1b[31mred\x1b[0m \x9b1m\r\n::error::x\n```\n@everyone ]]> <b>&amp; \u202egnp.exe \0\ufffe %0A , : \"'"


def samples() -> list[Diagnostic]:
    """Findings of every shape: with and without place, related places, hint, sites; and hostile texts."""
    hub = Place("sites/hub-eu.yaml", 12, 5, "    cidr: 10.0.0.0/8", 4)
    shared = warning(
        "L999", "nothing uses this profile", hub, related=[Related("declared here", Place("a.yaml", 1, 1))]
    )
    return [
        *findings_of(lambda: parse(SITE, "sites/berlin-01.yaml")),
        *(shared.at_site(f"site-{index:02}") for index in range(8)),
        error(
            "Y001",
            "cannot read sites/x.yaml: No such file or directory",
            Place("sites/x.yaml"),
            hint="a hint",
        ),
        error("X999", "no fleet here", Place("")).at_site("berlin-01"),
        Diagnostic("K999", "only a note", Place("sites/b.yaml", 3, 900, "x" * 240), Severity.NOTE),
        error(
            "D999",
            f"unknown key {HOSTILE}",
            Place(f"sites/{HOSTILE}.yaml", 7, 3, f"  {HOSTILE}", 20),
            hint=HOSTILE,
            related=[Related(HOSTILE, Place(HOSTILE, 1, 1, HOSTILE))],
        ).at_site(HOSTILE),
    ]


@pytest.mark.parametrize(
    "name", [*FORMATS, "full-in-colour", "full-of-nothing", "junit-of-nothing", "sarif-of-nothing"]
)
def test_the_output_is_as_reviewed(name: str) -> None:
    format_name, _, variant = name.partition("-")
    found = [] if variant == "of-nothing" else samples()
    output = render(found, format_name, colour=variant == "in-colour")
    output = re.sub(r'"(version)": "\d+\.\d+\.\d+\S*"(?=,\n +"rules")', r'"\1": "VERSION"', output)
    output = re.sub(r'"(text|markdown)": "## .*"', r'"\1": "SECTION"', output)
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(output, encoding="utf-8")
    assert output == snapshot.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_in_which_findings_were_made_does_not_matter(name: str) -> None:
    assert render(samples()[::-1], name) == render(samples() * 2, name)


def test_concise_is_a_line_a_finding() -> None:
    lines = render(samples(), "concise").splitlines()
    assert "sites/berlin-01.yaml:3:3: error[Y010] key 'name' stands twice in this mapping" in lines
    assert "sites/x.yaml:1:1: error[Y001] cannot read sites/x.yaml: No such file or directory" in lines
    assert all(re.fullmatch(r"[^\n]+:\d+:\d+: (error|warning|note)\[[A-Z]\d{3}\] [^\n]+", line) for line in lines)


def test_json_tells_everything_unchanged() -> None:
    found = json.loads(render(samples(), "json"))
    assert found["counts"] == {"error": 6, "warning": 1, "note": 1}
    hostile = next(finding for finding in found["findings"] if finding["code"] == "D999")
    assert (hostile["hint"], hostile["related"][0]["message"], hostile["sites"]) == (
        HOSTILE,
        HOSTILE,
        [HOSTILE],
    )
    shared = next(finding for finding in found["findings"] if finding["code"] == "L999")
    assert shared["sites"] == [f"site-{index:02}" for index in range(8)]


# Whatever a value holds

hostile = TEXTS | st.text(max_size=30) | st.sampled_from([HOSTILE, "\ud800", "[x](http://x)", "{0}", "a" * 500])


FULL_LINE = r"error\[K001\]: | -->| :::|  \||\d \| |  = (hint|site): |1 error$|$"


@given(hostile, hostile, hostile, st.sampled_from(list(FORMATS)))
def test_no_value_reaches_the_terminal_or_begins_a_line(message: str, file: str, source: str, name: str) -> None:
    place = Place(file, 1, 2, source, 3)
    found = error("K001", message, place, hint=message, related=[Related(message, place)]).at_site(file)
    output = render([found], name)
    assert output.encode()
    # GitHub's format is commands: each line is one of the composer's own. " ::: " is no command's name.
    assert harmless(re.sub(r"^(::error (?=[^\n]*::)| +::: )", "own: ", output, flags=re.MULTILINE))
    start = {"full": FULL_LINE, "github": r"::error "}.get(name, "")
    assert all(re.match(start, line) for line in output.splitlines())
    assert name != "concise" or output.count("\n") == 1


@given(hostile, hostile)
def test_github_sees_one_command(message: str, file: str) -> None:
    output = render([error("K001", message, Place(file, 1, 1))], "github")
    match = re.fullmatch(r"::error ([^\n]*?)::([^\n]*)\n", output)
    assert match
    properties = dict(part.split("=", 1) for part in match[1].split(","))
    assert set(properties) <= {"file", "line", "col", "endColumn", "title"}
    assert re.sub("%(25|0A|3A|2C)", "", match[1] + match[2]).count("%") == 0


@given(hostile, hostile)
def test_junit_stays_well_formed(message: str, file: str) -> None:
    root = ET.fromstring(render([error("K001", message, Place(file, 1, 1), hint=message)], "junit"))
    assert [case.tag for case in root.iter("testcase")] == ["testcase"]
    assert root.find("testsuite/testcase/failure") is not None


def test_junit_counts_only_errors_as_failures() -> None:
    root = ET.fromstring(render(samples(), "junit"))
    assert root.attrib == {"name": "composer", "tests": "8", "failures": "6"}
    assert len(list(root.iter("testcase"))) == 8
    assert len(list(root.iter("failure"))) == 6


def test_a_junit_report_without_findings_has_a_test_that_passed() -> None:
    assert 'tests="1" failures="0"' in render([], "junit")


# GitLab


def fingerprints(*found: Diagnostic) -> list[str]:
    return [entry["fingerprint"] for entry in json.loads(render(found, "gitlab"))]


def test_a_gitlab_fingerprint_stays_when_the_finding_moves() -> None:
    here, there = (error("K001", "x", Place("a.yaml", line, 1)) for line in (3, 30))
    assert fingerprints(here) == fingerprints(there)


def test_gitlab_fingerprints_tell_findings_apart() -> None:
    at = [Place("a.yaml", 3, 1), Place("b.yaml", 3, 1), Place("a.yaml", 4, 1)]
    found = [error("K001", "x", place) for place in at]
    found += [error("K002", "x", at[0]), error("K001", "y", at[0])]
    assert len(set(fingerprints(*found))) == len(found)


# SARIF

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION: dict[str, Any] = {
    "type": "object",
    "required": ["physicalLocation"],
    "additionalProperties": False,
    "properties": {
        "message": {**TEXT, "additionalProperties": False},
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~!$&'()*+,;=:@/%-]+$"},
                        "uriBaseId": {"type": "string"},
                    },
                },
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "additionalProperties": False,
                    "properties": {
                        "startLine": {"type": "integer", "minimum": 1},
                        "startColumn": {"type": "integer", "minimum": 1},
                        "endColumn": {"type": "integer", "minimum": 1},
                    },
                },
            },
        },
    },
}
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "help": TEXT,
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "locations": {"type": "array", "items": LOCATION},
                                "relatedLocations": {"type": "array", "items": LOCATION, "uniqueItems": True},
                                "properties": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The part of the SARIF 2.1.0 schema that the report makes use of."""


@pytest.mark.parametrize("found", [[], samples()], ids=["nothing", "samples"])
def test_sarif_is_valid(found: list[Diagnostic]) -> None:
    report = json.loads(render(found, "sarif"))
    assert [str(problem) for problem in Draft202012Validator(SARIF).iter_errors(report)] == []


def test_sarif_results_point_at_their_rules_and_rules_explain_themselves() -> None:
    (run,) = json.loads(render(samples(), "sarif"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    duplicate = next(rule for rule in rules if rule["id"] == "Y010")
    assert duplicate["shortDescription"]["text"] == "a key stands twice"
    assert duplicate["help"]["markdown"].startswith("## Y010")


def test_a_value_makes_no_link_in_sarif() -> None:
    report = json.loads(render([error("K001", "[free](http://x)", Place("a", 1, 1))], "sarif"))
    assert report["runs"][0]["results"][0]["message"]["text"] == "[free] (http://x)"
