"""Reading documents: what is refused, where, and that everything is found in one run."""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from composer.diagnostic import Place
from composer.source.builder import ALIAS_BUDGET, FINDINGS_LIMIT
from composer.source.reader import parse, parse_all, read_document, read_documents
from composer.source.syntax import DEPTH_LIMIT
from tests.source.reading import FILE, findings_of, read, refusals


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1 Y010"]),
        ("a: {b: 1, 'b': 2}", ["1:11 Y010"]),
        ("a: !include x.yaml", ["1:4 Y011"]),
        ("a: !!python/object/apply:os.system ['ls']", ["1:4 Y011"]),
        ("a: !!python/name:os.system x", ["1:4 Y011"]),
        ("a: !!set {x}", ["1:4 Y011"]),
        ("a: !!binary aGk=", ["1:4 Y011"]),
        ("a: !!timestamp 2024-01-01", ["1:4 Y011"]),
        ("!foo a: 1", ["1:1 Y011"]),
        ("a: !!map [x]", ["1:4 Y011"]),
        ("a: &x {b: 1}\nc: {<<: *x}", ["2:5 Y012"]),
        ("1: a", ["1:1 Y013"]),
        ("{true: a}", ["1:2 Y013"]),
        ("null: a", ["1:1 Y013"]),
        ("?\n: a", ["1:2 Y013"]),
        ("1.5: a", ["1:1 Y013"]),
        ("? [a, b]\n: c", ["1:3 Y014"]),
        ("{{a: b}: c}", ["1:1 Y018"]),
        ("{ {a: b}: c}", ["1:3 Y014"]),
        ("x: &a [1]\n*a : y", ["2:1 Y014"]),
        ("a: *nobody", ["1:4 Y016"]),
        ("a: &a [*a]", ["1:8 Y016"]),
        ("a: 1\n---\nb: 2", ["2:1 Y009"]),
        ("a: {{ x }}", ["1:4 Y018"]),
        ("a: [{{ x }}]", ["1:5 Y018"]),
        ("a: b\x07c", ["1:5 Y006"]),
        ("a: b\u2028c", ["1:5 Y006"]),
        ("a: 'b\ufeff'", ["1:6 Y006"]),
        ("a: b\n\x00", ["2:1 Y006"]),
        ("a: b: c", ["1:5 Y007"]),
        ("a: 'b", ["1:4 Y007"]),
        ("a: 'b\nc: 1\n", ["1:4 Y007"]),
        ("a:\n\t- b", ["2:1 Y007"]),
        ("a: [b", ["1:4 Y007"]),
        ("a: @b", ["1:4 Y007"]),
        ("a:\n  b: 1\n c: 2", ["3:2 Y007"]),
        ("a: {{ x }}-y", ["1:4 Y018"]),
    ],
)
def test_a_mistake_is_found_at_its_line_and_column(text: str, expected: list[str]) -> None:
    assert refusals(text) == expected


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n...\n", "\ufeff", "null"])
def test_a_file_that_holds_nothing_is_an_error(text: str) -> None:
    (finding,) = findings_of(lambda: parse(text.removeprefix("\ufeff"), FILE))
    assert (finding.code, finding.place) == ("Y008", Place(FILE))


def test_all_mistakes_are_found_in_one_run_in_the_order_of_the_file() -> None:
    text = """\
metadata: {name: a, name: b}
1: x
spec:
  body: !include file
  base: {<<: *nothing}
  size: {{ params.size }}
  name: x
  name: y
  big: 99999999999999999999
  more: [
"""
    codes = "1:21 Y010, 2:1 Y013, 4:9 Y011, 5:10 Y012, 5:14 Y016, 6:9 Y018, 8:3 Y010, 9:8 Y019, 10:9 Y007"
    assert ", ".join(refusals(text)) == codes


def test_a_file_full_of_mistakes_is_left_unread_after_a_hundred() -> None:
    assert len(refusals("a: 1\n" * 10_000)) == FINDINGS_LIMIT


def test_a_duplicate_key_shows_where_it_was_first_set() -> None:
    (finding,) = findings_of(lambda: parse("a:\n  name: x\n  name: y\n", FILE))
    assert finding.place == Place(FILE, 3, 3, "  name: y", 4)
    assert finding.related[0].place == Place(FILE, 2, 3, "  name: x", 4)


def test_the_value_below_a_duplicate_key_is_read_for_its_own_mistakes() -> None:
    assert refusals("a: 1\na: {1: x, b: !foo y}") == ["2:1 Y010", "2:5 Y013", "2:14 Y011"]


def test_equal_keys_of_different_mappings_are_fine() -> None:
    assert read("a: {x: 1}\nb: {x: 1}\nc: [{x: 1}, {x: 2}]")["c"] == [{"x": 1}, {"x": 2}]


def test_keys_that_look_like_merge_keys_are_fine_in_quotes() -> None:
    assert read("'<<': 1\n=: 3") == {"<<": 1, "=": 3}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("host: *.example.com", "quote a value that begins with *"),
        ("a:\n\t- b", "tabs"),
        ("a: b: c", "quote the value"),
        ("a: `x`", "quotes"),
        ("a: {{ x | default('b') }}", "in quotes"),
        ("- {% if x %}", "quotes"),
        ("a: {b: 1", "comma, bracket or quote"),
        ("a: 1\n b: 2", "indentation"),
        ("a: 'x\nb: 1\n", "closing quote"),
    ],
)
def test_a_syntax_error_has_a_hint_at_its_usual_cause(text: str, hint: str) -> None:
    assert hint in findings_of(lambda: parse(text, FILE))[-1].hint


def test_an_unclosed_quote_is_shown_where_it_began() -> None:
    (finding,) = findings_of(lambda: parse("a: 1\nb: 'x\nc: 1\n", FILE))
    assert finding.place == Place(FILE, 2, 4, "b: 'x")


def test_what_does_not_fit_shows_where_its_surroundings_began() -> None:
    (finding,) = findings_of(lambda: parse("a:\n  - b\n  c: 1\n", FILE))
    assert (finding.place.line, finding.related[0].place) == (3, Place(FILE, 2, 3, "  - b"))


def test_a_long_line_is_cut_where_it_is_shown() -> None:
    (finding,) = findings_of(lambda: parse("a: '" + "x" * 5000, FILE))
    assert len(finding.place.source) < 500


def test_colons_in_flow_mappings_are_read_as_yaml_says() -> None:
    assert read("{image: busybox:1.37, url: http://x:1/y}") == {
        "image": "busybox:1.37",
        "url": "http://x:1/y",
    }


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\n")
    document = read_document(tmp_path, "a.yaml")
    assert document.data == {"a": 1, "b": ["x", "y"]}
    assert document.place(("b", 1)) == Place("a.yaml", 3, 3, "  y]")


def test_the_digest_is_that_of_the_file_s_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert read_document(tmp_path, "a.yaml").digest == hashlib.sha256(b"\xef\xbb\xbfa: 1\r\n").hexdigest()


# Aliases


def test_an_alias_repeats_its_anchor_without_sharing_it() -> None:
    data = read("a: &x {l: [1, 2]}\nb: *x\nc: &y text\nd: *y")
    assert data == {"a": {"l": [1, 2]}, "b": {"l": [1, 2]}, "c": "text", "d": "text"}
    data["b"]["l"].append(3)
    assert data["a"] == {"l": [1, 2]}


def test_an_anchor_holds_until_it_is_set_again() -> None:
    assert read("a: &x 1\nb: *x\nc: &x 2\nd: *x") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_an_alias_may_stand_for_a_key() -> None:
    assert read("a: &x name\n*x : 1") == {"a": "name", "name": 1}
    assert refusals("name: 1\nb: &x name\n*x : 1") == ["3:1 Y010"]


def laughs(levels: int) -> str:
    """A billion laughs: every level holds nine aliases of the one before."""
    lines = ["l0: &l0 [lol]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, levels + 1)]
    return "\n".join(lines)


def test_a_bomb_of_aliases_is_refused_in_little_memory() -> None:
    code = f"from tests.source.reading import refusals; print(refusals({laughs(9)!r}))"
    limit = 512 << 20
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert "Y015" in result.stdout


def test_the_alias_budget_is_for_the_whole_file() -> None:
    fits = "a: &x x\nb: [" + "*x, " * ALIAS_BUDGET + "]"
    assert len(read(fits)["b"]) == ALIAS_BUDGET
    assert [found.split()[1] for found in refusals(fits + "\nc: *x")] == ["Y015"]


def test_a_large_file_without_aliases_is_not_limited_by_the_alias_budget() -> None:
    assert len(read("- x\n" * (3 * ALIAS_BUDGET))) == 3 * ALIAS_BUDGET


# Depth


@pytest.mark.parametrize(("opener", "code"), [("[", "Y017"), ("{a: ", "Y017"), ("- ", "Y017"), ("? ", "Y014")])
def test_a_document_of_ten_thousand_levels_is_refused(opener: str, code: str) -> None:
    assert refusals(opener * 10_000)[-1].endswith(code)


def test_depth_is_limited_at_the_level_that_is_too_much() -> None:
    assert read("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT) is not None
    assert refusals("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1)) == [f"1:{DEPTH_LIMIT + 1} Y017"]


def test_depth_is_limited_through_aliases_too() -> None:
    half = DEPTH_LIMIT // 2 + 2
    text = f"a: &x {'[' * half}{']' * half}\nb: {'[' * half}*x{']' * half}"
    assert refusals(text) == [f"2:{4 + half} Y017"]


# Several documents


def test_a_file_of_other_tools_may_hold_several_documents(tmp_path: Path) -> None:
    (tmp_path / "crds.yaml").write_text("# head\n---\na: 1\n---\n# nothing\n---\nb:\n  c: 2\n")
    first, second = read_documents(tmp_path, "crds.yaml")
    assert (first.data, second.data) == ({"a": 1}, {"b": {"c": 2}})
    assert str(first.place(("a",))) == "crds.yaml:3:4"
    assert str(second.place(("b", "c"))) == "crds.yaml:8:6"


def test_mistakes_in_any_of_several_documents_are_found() -> None:
    found = findings_of(lambda: parse_all("a: 1\na: 2\n---\nb: *x\n", FILE))
    assert [(finding.place.line, finding.code) for finding in found] == [(2, "Y010"), (4, "Y016")]


def test_anchors_end_with_their_document() -> None:
    found = findings_of(lambda: parse_all("a: &x 1\n---\nb: *x\n", FILE))
    assert [finding.code for finding in found] == ["Y016"]
