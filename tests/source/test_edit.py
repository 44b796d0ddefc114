"""Edits of documents: what was asked for changes, and not a byte beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from composer.diagnostic import Rejected
from composer.source.document import Document, Route
from composer.source.edit import remove_value, set_value
from composer.source.reader import parse
from tests.load.fleets import DESIGN

ROOT = Path(__file__).parents[2]
EVERY_LAYOUT = """\
# top
spec:
  a: {image: busybox:1.37, b: 'x', c, d: [1, 2,]}  # note
  b:
    - name: x   # c
      v: "q"

    # about the second
    - name: z
      v: 3
  c:   # empty
  m:  # a mapping

    # inside
    x: 1  # one
    y: 2
  d: |
    text
    more

  e: ~
  f: []
  g: {}
  h:
  - at the column of its key
  - second
  i: {
    long: 1,  # first
    broken: {over: lines},
  }
  "quoted key": >-
    folded
    text
  no: '12:30'
  j: plain
    over lines
# the end
"""
DOCUMENTS = {
    "every layout": EVERY_LAYOUT,
    "windows": EVERY_LAYOUT.replace("\n", "\r\n"),
    "no line break at the end": "a: 1\nb: {c: d}",
    "a site": (DESIGN / "sites/eu/de/berlin-01.yaml").read_text(),
}
EXAMPLES = {str(file.relative_to(ROOT)): file.read_text() for file in sorted((ROOT / "sites").rglob("*.yaml"))}


def routes(value: Any, route: Route = ()) -> Iterator[Route]:
    if route:
        yield route
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield from routes(inner, (*route, step))


def at(data: Any, route: Route) -> Any:
    for step in route:
        data = data[step]
    return data


def read(text: str) -> Any:
    """What another reader makes of the text."""
    return YAML(typ="safe", pure=True).load(text)


def changed_lines(old: str, new: str) -> tuple[list[str], list[str]]:
    """The lines that differ, those in common at the beginning and the end left out."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    while before and after and before[0] == after[0]:
        del before[0], after[0]
    while before and after and before[-1] == after[-1]:
        del before[-1], after[-1]
    return before, after


@pytest.mark.parametrize("text", [*DOCUMENTS.values(), *EXAMPLES.values()], ids=[*DOCUMENTS, *EXAMPLES])
def test_a_value_set_to_itself_leaves_every_byte(text: str) -> None:
    document = parse(text, "f.yaml")
    for route in routes(document.data):
        assert set_value(document, route, at(document.data, route)).text == document.text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_word_is_exchanged_in_its_line_alone_and_can_be_exchanged_back(name: str) -> None:
    document = parse(DOCUMENTS[name], "f.yaml")
    for route in routes(document.data):
        old = at(document.data, route)
        if not isinstance(old, str) or "\n" in old or route[-1] in ("j", "quoted key"):
            continue
        there = set_value(document, route, "another-word")
        before, after = changed_lines(document.text, there.text)
        assert (len(before), len(after)) == (1, 1)
        assert at(read(there.text), route) == "another-word"
        assert set_value(there, route, old).text == document.text, route


@pytest.mark.parametrize("name", DOCUMENTS)
def test_whatever_stands_in_a_document_can_be_replaced_and_removed(name: str) -> None:
    document = parse(DOCUMENTS[name], "f.yaml")
    for route in [*routes(document.data)][:: 4 if name == "a site" else 1]:
        replaced = set_value(document, route, {"k": ["v", None]})
        assert at(read(replaced.text), route) == {"k": ["v", None]}
        removed = remove_value(document, route).text
        parent, step = at(read(removed), route[:-1]), route[-1]
        size = len(at(document.data, route[:-1]))
        assert len(parent) == size - 1
        assert isinstance(step, int) or step not in parent
        kept, gone = set(removed.splitlines()), set(document.text.splitlines())
        assert len(kept - gone) <= 1  # at most the line that something was cut out of


@pytest.mark.parametrize("name", DOCUMENTS)
def test_mappings_and_lists_take_one_more_entry_in_a_line_of_its_own_or_within_one(name: str) -> None:
    document = parse(DOCUMENTS[name], "f.yaml")
    for route in routes(document.data):
        value = at(document.data, route)
        if isinstance(value, dict | list):
            step: str | int = len(value) if isinstance(value, list) else "one-more"
            added = set_value(document, (*route, step), "here").text
            before, after = changed_lines(document.text, added)
            assert len(before) <= 1
            assert len(after) == 1
            assert at(read(added), (*route, step)) == "here"


def lines(text: str, route: Route, value: Any) -> str:
    """What becomes of the lines that change."""
    return "".join(changed_lines(text, set_value(parse(text, "f.yaml"), route, value).text)[1])


@pytest.mark.parametrize(
    ("route", "value", "expected"),
    [
        (("spec", "a", "image"), "x:2", "  a: {image: x:2, b: 'x', c, d: [1, 2,]}  # note\n"),
        (("spec", "a", "b"), "it is", "  a: {image: busybox:1.37, b: 'it is', c, d: [1, 2,]}  # note\n"),
        (("spec", "a", "c"), 5, "  a: {image: busybox:1.37, b: 'x', c: 5, d: [1, 2,]}  # note\n"),
        (("spec", "a", "d", 2), "no", "  a: {image: busybox:1.37, b: 'x', c, d: [1, 2, \"no\",]}  # note\n"),
        (("spec", "b", 0, "v"), "72h", '      v: "72h"\n'),
        (("spec", "b", 1, "v"), "3", '      v: "3"\n'),
        (("spec", "b", 2), {"name": "z"}, "    - {name: z}\n"),
        (("spec", "c"), 1.5, "  c: 1.5   # empty\n"),
        (("spec", "c", "x", "k"), True, "  c: {x: {k: true}}   # empty\n"),
        (("spec", "m"), {"x": [{"k": 1}]}, "  m: {x: [{k: 1}]}  # a mapping\n"),
        (("spec", "m", "z"), "a\nb", '    z: "a\\nb"\n'),
        (("spec", "d"), "one", "  d: one\n"),
        (("spec", "e"), None, ""),
        (("spec", "f", 0), "press/+/x", "  f: [press/+/x]\n"),
        (("spec", "g", "k.l"), "a # b", '  g: {k.l: "a # b"}\n'),
        (("spec", "h", 2), "third", "  - third\n"),
        (("spec", "new"), "2024-01-01", '  new: "2024-01-01"\n'),
    ],
)
def test_new_values_are_written_in_the_style_of_what_stands_there(route: Route, value: Any, expected: str) -> None:
    assert lines(EVERY_LAYOUT, route, value) == expected


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES: list[Route] = [
    ("spec", "a", "b"),
    ("spec", "b", 0, "v"),
    ("spec", "c"),
    ("spec", "f", 0),
    ("spec", "m"),
    ("x",),
]


@given(value=PLAIN, route=st.sampled_from(PLACES))
def test_any_value_arrives_as_it_is_or_is_refused_as_a_whole(value: Any, route: Route) -> None:
    document = parse(EVERY_LAYOUT, "f.yaml")
    try:
        edited = set_value(document, route, value)
    except Rejected:
        assert not encodable(value)
        return
    found = at(edited.data, route)
    assert (type(found), found) == (type(value), value)
    assert edited.text.startswith("# top\nspec:\n  a: {image: busybox:1.37, b: ")


def encodable(value: Any) -> bool:
    try:
        return bool(str(value).encode())
    except UnicodeEncodeError:
        return False


ALIASES = "a: &x {k: 1}\nb: *x\nc: [*x, 2]\nd: &y 5\ne: *y\n"


@pytest.mark.parametrize(
    ("route", "value"), [(("a", "k"), 2), (("b", "k"), 2), (("c", 0, "k"), 2), (("d",), 6), (("a",), 1), (("c", 0), 1)]
)
def test_what_aliases_tie_together_is_not_torn_apart(route: Route, value: Any) -> None:
    with pytest.raises(Rejected) as refused:
        set_value(parse(ALIASES, "f.yaml"), route, value)
    assert [d.code for d in refused.value.diagnostics] == ["X011"]


def test_an_alias_itself_can_be_replaced_and_removed() -> None:
    document = parse(ALIASES, "f.yaml")
    assert set_value(document, ("b",), 7).text == ALIASES.replace("b: *x", "b: 7")
    assert remove_value(document, ("e",)).text == ALIASES.replace("e: *y\n", "")
    assert set_value(document, ("c", 1), 7).text == ALIASES.replace("2]", "7]")


def test_edits_follow_each_other() -> None:
    document: Document = parse(EVERY_LAYOUT, "f.yaml")
    for number in range(5):
        document = set_value(document, ("spec", "f", number), number)
    for _ in range(5):
        document = remove_value(document, ("spec", "f", 0))
    assert document.text == EVERY_LAYOUT


UNUSUAL = [
    "- a\n-\n- c\n",
    "? a\n: b\n? c\n: d\n",
    "a: !!str 5\nb: !!map {c: d}\n",
    "--- \na: 1\n...\n",
    "%YAML 1.2\n---\na: 1\nb: 2\n",
    "- - a\n  - b\n- c\n",
    "- a: 1\n  # c\n  b: 2\n",
    "{a: 1,\n # c\n b: 2}\n",
    "a: >+\n  x\n\n\nb: 1\n",
    '{"a":1,"b":[]}',
    "a: 'it''s'\nb: \"x\\ty\"\n",
    "a: |2\n    x\nb: 1\n",
    "a:\n  - - - 1\n",
    " a: 1\n b: 2\n",
    "a: [\n  1,\n  2\n]\n",
]


@pytest.mark.parametrize("text", UNUSUAL)
def test_an_unusual_layout_is_edited_or_refused_but_never_broken(text: str) -> None:
    document = parse(text, "f.yaml")
    refused: list[str] = []
    for route in routes(document.data):
        for edit in (lambda: set_value(document, route, "new"), lambda: remove_value(document, route)):  # noqa: B023
            try:
                edited = edit()
            except Rejected as rejected:
                refused += [d.code for d in rejected.diagnostics]
            else:
                assert read(edited.text) == edited.data
    assert refused in ([], ["X011"], ["X011"] * 2)
