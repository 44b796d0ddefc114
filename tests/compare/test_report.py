from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composer.report.diff import Limits, human
from composer.report.diff_json import as_json
from composer.report.unified import unified
from composer.stages.compare import SiteDiff, compare, compare_files, group
from tests.publish.making import config_map, deployment


def difference(old: dict[str, Any], new: dict[str, Any], *sites: str) -> list[SiteDiff]:
    """The same difference at these sites."""
    return [SiteDiff(site, f"site/{site}", compare(old, new), {}, {}) for site in sites or ("berlin-01",)]


def shown(old: dict[str, Any], new: dict[str, Any], *sites: str, **limits: int) -> str:
    return human(group(difference(old, new, *sites)), limits=Limits(**limits))


CONF = "".join(f"line {number}\n" for number in range(20))


def test_a_comparison_reads_like_this() -> None:
    old = {
        "a": deployment("app", image="a:1"),
        "b": config_map("conf", CONF + "max 1000\n"),
        "c": config_map("gone"),
    }
    new = {
        "a": deployment("app", image="a:2"),
        "b": config_map("conf", CONF + "max 2000\n"),
        "d": config_map("new"),
    }
    diffs = difference(old, new, "berlin-01", "paris-02")
    assert human(group(diffs, unchanged=3)) == (
        "4 distinct changes at 2 of 5 sites: 1 added, 2 changed, 1 removed\n"
        "reaches 8 objects, of 1 tenant: acme\n"
        "! look twice: deletes (1 change at 2 sites), restarts (1 change at 2 sites)\n"
        "\n"
        "~ ConfigMap edge-platform/conf\n"
        "    at 2 sites: berlin-01, paris-02\n"
        "    data.file\n"
        "      @ line 19\n"
        "        line 18\n"
        "        line 19\n"
        "      - max 1000\n"
        "      + max 2000\n"
        "\n"
        "- ConfigMap edge-platform/gone\n"
        "    at 2 sites: berlin-01, paris-02\n"
        "  ! deletes the object\n"
        "\n"
        "+ ConfigMap edge-platform/new\n"
        "    at 2 sites: berlin-01, paris-02\n"
        "\n"
        "~ Deployment tenant-acme/app\n"
        "    at 2 sites: berlin-01, paris-02\n"
        "  ! spec.template: restarts its pods\n"
        "    spec.template.spec.containers[name=app].image\n"
        "      - a:1\n"
        "      + a:2\n"
    )


def test_no_changes_are_said_in_one_line() -> None:
    assert human(group([], unchanged=10_000)) == "no changes at 10,000 sites\n"


def test_whatever_is_left_out_is_counted() -> None:
    old = {str(n): config_map(f"c{n}", "1\n2\n3\n4\n5\n6\n") for n in range(5)}
    new = {str(n): {**config_map(f"c{n}", "a\nb\nc\nd\ne\nf\n"), "x": 1, "y": "z" * 300, "z": 3} for n in range(5)}
    text = shown(old, new, "a", "b", "c", changes=2, fields=2, lines=3, width=20, sites=1)
    for cut in (
        "… 3 more changes not shown",
        "… 2 more fields not shown",
        "… 10 more lines not shown",
        "3 sites: a and 2 more",
    ):
        assert cut in text
    assert "(280 more characters)" in shown(old, new, fields=9, width=20)


def test_a_long_text_on_one_line_is_shown_where_it_differs() -> None:
    long = "x" * 5_000
    text = shown({"a": config_map("a", f"{long}1 end")}, {"a": config_map("a", f"{long}2 end")})
    assert f'- "…{"x" * 30}1 end"' in text
    assert f'+ "…{"x" * 30}2 end"' in text


def test_a_missing_last_line_break_is_a_difference_one_can_see() -> None:
    text = shown({"a": config_map("a", "1\n2\n")}, {"a": config_map("a", "1\n2")})
    assert "+ (no line break at the end)" in text


HOSTILE = "\x1b[31mred\x07\u202eevil\r\x9b2J"


def test_nothing_in_a_value_reaches_the_terminal_as_it_is() -> None:
    old = {"a": config_map("a", f"1\n{HOSTILE}\n"), "b": config_map("b", HOSTILE), "c": config_map("c")}
    new = {"a": config_map("a", f"2\n{HOSTILE}\n"), "b": config_map("b", "2"), "c": config_map("c")}
    new["c"] = {**new["c"], HOSTILE: {HOSTILE: HOSTILE}}
    diffs = difference(old, {**new, "d": config_map(HOSTILE)}, "berlin-01")
    for text in (human(group(diffs)), as_json(group(diffs))):
        assert "red" in text
        assert not set(text) & set("\x1b\x07\u202e\r\x9b")


def test_colours_are_there_only_when_asked_for() -> None:
    comparison = group(difference({}, {"a": config_map("a")}))
    assert "\x1b[32m+ ConfigMap edge-platform/a\x1b[0m\n" in human(comparison, colour=True)
    assert "\x1b" not in human(comparison)


SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}


def test_no_format_shows_the_value_of_a_secret() -> None:
    old = b"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter1, b: hunter3}\n"
    new = old.replace(b"hunter1", b"hunter2").replace(b", b: hunter3", b"")
    broken = b"kind: Secret\n\tstringData: {a: hunter1}\n"
    for pair in ((old, new), (broken, new), (broken, None), (old, None), (None, new)):
        before, after = ({"platform/s.yaml": text} if text else {} for text in pair)
        diffs = [SiteDiff("berlin-01", "site/berlin-01", compare_files(before, after), before, after)]
        comparison = group(diffs)
        text = human(comparison) + as_json(comparison) + "".join(unified(diffs))
        assert "hunter" not in text
        assert "# 'berlin-01/platform/s.yaml' is a Secret and differs\n" in text


def test_json_has_the_documented_form() -> None:
    diffs = difference({"a": config_map("a", "1"), "b": deployment("b")}, {"a": config_map("a", "2")}, "x", "y")
    assert json.loads(as_json(group(diffs, unchanged=1))) == {
        "apiVersion": "edge-composer.io/v1alpha1",
        "kind": "Diff",
        "summary": {"sites": 3, "changedSites": 2, "added": 0, "changed": 1, "removed": 1},
        "blastRadius": {
            "sites": 2,
            "objects": 4,
            "tenants": ["acme"],
            "risks": [
                {"risk": "deletes", "changes": 1, "objects": 2, "sites": 2},
            ],
        },
        "changes": [
            {
                "action": "changed",
                "object": {"group": "", "kind": "ConfigMap", "namespace": "edge-platform", "name": "a"},
                "path": "a",
                "tenant": "",
                "fields": [{"action": "changed", "path": "data.file", "old": "1", "new": "2"}],
                "dangers": [],
                "sites": ["x", "y"],
                "templated": False,
            },
            {
                "action": "removed",
                "object": {"group": "apps", "kind": "Deployment", "namespace": "tenant-acme", "name": "b"},
                "path": "b",
                "tenant": "acme",
                "fields": [],
                "dangers": [{"risk": "deletes", "message": "deletes the object", "field": ""}],
                "sites": ["x", "y"],
                "templated": False,
            },
        ],
        "bookkeeping": [],
        "gone": [],
        "cut": 0,
    }


def test_json_tells_of_a_long_text_the_lines_that_differ() -> None:
    old, new = config_map("a", CONF + "max 1000\n"), config_map("a", CONF + "max 2000\n")
    (change,) = json.loads(as_json(group(difference({"a": old}, {"a": new}))))["changes"]
    lines = [{"line": 19, "changes": ["-max 1000", "+max 2000"]}]
    assert change["fields"] == [{"action": "changed", "path": "data.file", "lines": lines}]


def test_what_differs_in_the_name_of_the_site_alone_is_shown_with_a_word_for_it() -> None:
    diffs = [
        SiteDiff(site, site, compare({"a": config_map("a", "x\n")}, {"a": config_map("a", f"x\nid {site}\n")}), {}, {})
        for site in ("berlin-01", "paris-02")
    ]
    text = human(group(diffs))
    assert "    at 2 sites: berlin-01, paris-02 ({site} stands for each one's name)\n" in text
    assert "      + id {site}\n" in text


def test_json_leaves_out_the_side_where_there_is_no_value() -> None:
    diffs = difference({"a": config_map("a")}, {"a": {**config_map("a"), "x": None}})
    assert json.loads(as_json(group(diffs)))["changes"][0]["fields"] == [{"action": "added", "path": "x", "new": None}]


PATHS = st.sampled_from(
    ["platform/a.yaml", "platform/with space.yaml", "tenants/é/%3a.yaml", 'platform/quo"te\\.yaml', "b.yaml"]
)
TEXTS = st.lists(st.sampled_from(["a", "b", "", "- c", "\u2028x", "é", "\ty", "\\"]), max_size=6).flatmap(
    lambda lines: st.sampled_from(["\n".join(lines), "\n".join([*lines, ""])])
)
FILES = st.dictionaries(PATHS, TEXTS.filter(bool).map(str.encode), max_size=4)


@pytest.mark.parametrize(
    "program", [["git", "apply", "-p2", "--whitespace=nowarn"], ["git", "apply", "--unidiff-zero", "-p2"]]
)
@given(old=FILES, new=FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_patch_turns_the_old_files_into_the_new(
    tmp_path_factory: pytest.TempPathFactory, program: list[str], old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    readable = {path for files in (old, new) for path, text in files.items() if "\u2028".encode() in text}
    old, new = ({p: t for p, t in files.items() if p not in readable} for files in (old, new))
    folder = tmp_path_factory.mktemp("patch")
    for path, text in old.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)
    changed = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    before, after = ({p: t for p, t in files.items() if p in changed} for files in (old, new))
    patch = "".join(unified([SiteDiff("berlin-01", "site/berlin-01", (), before, after)]))
    if patch:
        subprocess.run(program, input=patch.encode(), cwd=folder, check=True, capture_output=True)
    assert {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == new


def test_a_file_that_is_no_plain_text_is_named_in_the_patch() -> None:
    diff = SiteDiff("x", "site/x", (), {"a": b"\xff", "b": b"1\n"}, {"a": b"1\n", "b": b"\x1b[31m\n"})
    assert list(unified([diff])) == [
        "# 'x/a' is not plain text and differs\n",
        "# 'x/b' is not plain text and differs\n",
    ]


def test_a_patch_that_gets_too_long_says_how_much_is_missing() -> None:
    files = {f"{number}.yaml": b"x\n" for number in range(10)}
    text = "".join(unified([SiteDiff("x", "site/x", (), {}, files)], most_lines=12))
    assert text.count("diff --git") == 2
    assert text.endswith("# 8 more files differ and are not shown\n")


def test_patches_of_several_sites_lie_in_folders_of_their_own(tmp_path: Path) -> None:
    diffs = [SiteDiff(site, f"site/{site}", (), {}, {"a.yaml": site.encode() + b"\n"}) for site in ("x", "y")]
    subprocess.run(["git", "apply", "-p1"], input="".join(unified(diffs)).encode(), cwd=tmp_path, check=True)
    assert [(tmp_path / site / "a.yaml").read_text() for site in ("x", "y")] == ["x\n", "y\n"]
