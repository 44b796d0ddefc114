"""Laws of edits, over documents in every layout that people write: what was asked for changes, every other line stays."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from composer.diagnostic import Rejected
from composer.source.document import Document, Route
from composer.source.edit import remove_value, set_value
from composer.source.reader import parse
from tests.source.test_edit import at, changed_lines, read, routes

Draw = st.DrawFn

WORDS = st.sampled_from(
    ["a", "box", "x-y", "with space", "8Gi", "it's", 'say "hi"', "# no comment", "1", "no", "ä\tö", ""]
)
SCALARS: st.SearchStrategy[Any] = WORDS | st.integers(0, 99) | st.booleans() | st.none()
KEYS = st.sampled_from(["a", "b", "name", "spec", "x.y", "no", "on", "key with space"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
COMMENTS = st.sampled_from(["", "", "  # why", "   #\ttabs in it"])
BETWEEN = st.sampled_from(["", "", "\n", "# alone\n", "\n      # deep\n"])


def scalar(draw: Draw, value: Any) -> str:
    """The value in one of the styles that say the same."""
    if not isinstance(value, str):
        return {None: "null", True: "true", False: "false"}.get(value, str(value))
    styles = []
    if value.isprintable():
        styles.append("'" + value.replace("'", "''") + "'")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    styles.append(f'"{escaped}"')
    if value in ("a", "box", "x-y", "with space", "8Gi"):
        styles += [value, value]
    return draw(st.sampled_from(styles))


def key(draw: Draw, name: str) -> str:
    return scalar(draw, name) if name in ("no", "on") else name


def flow(draw: Draw, value: Any) -> str:
    gap = draw(st.sampled_from(["", " "]))
    if isinstance(value, dict):
        return "{" + gap + f",{gap} ".join(f"{key(draw, k)}: {flow(draw, v)}" for k, v in value.items()) + gap + "}"
    if isinstance(value, list):
        return "[" + gap + f",{gap} ".join(flow(draw, item) for item in value) + gap + "]"
    return scalar(draw, value)


def block(draw: Draw, value: Any, pad: str, *, first: str) -> str:
    """Lines of a mapping or list at the indentation *pad*; the first one follows *first*, which stands on its line."""
    lines = ""
    for index, item in enumerate(value.items() if isinstance(value, dict) else value):
        before = draw(BETWEEN) if index else ""
        start = first if index == 0 else pad
        head, inner = (f"{key(draw, item[0])}:", item[1]) if isinstance(value, dict) else ("-", item)
        lines += f"{before}{start}{head}{behind(draw, inner, pad, dashed=head == '-')}"
    return lines


def behind(draw: Draw, value: Any, pad: str, *, dashed: bool) -> str:
    """What stands behind a colon or a dash, up to the end of the last line."""
    if not isinstance(value, dict | list) or not value or draw(st.booleans()):
        return f" {flow(draw, value)}{draw(COMMENTS)}\n"
    deeper = pad + " " * draw(st.sampled_from([2, 4]))
    if dashed and isinstance(value, dict) and draw(st.booleans()):
        return " " + block(draw, value, f"{pad}  ", first="")
    if not dashed and isinstance(value, list) and draw(st.booleans()):
        deeper = pad
    return f"{draw(COMMENTS)}\n{draw(BETWEEN)}" + block(draw, value, deeper, first=deeper)


@st.composite
def documents(draw: Draw) -> Document:
    """A document with its comments, quotes, indentation and line breaks."""
    data = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
    text = draw(BETWEEN) + block(draw, data, "", first="") + draw(BETWEEN)
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    document = parse(text, "f.yaml")
    assert document.data == data
    return document


def changed(document: Document, edited: Document) -> tuple[int, list[str], list[str]]:
    """The number of the first line that differs, and the lines that do, before and after."""
    assert read(edited.text) == edited.data
    before, after = changed_lines(document.text, edited.text)
    ends = {line[len(line.rstrip("\r\n")) :] for line in after} - {""}
    assert ends <= ({"\r\n"} if "\r\n" in document.text else {"\n"})
    pairs = zip(document.text.splitlines(True), edited.text.splitlines(True), strict=False)
    same = next((index for index, (old, new) in enumerate(pairs) if old != new), 0)
    return same + 1, before, after


@given(st.data(), documents(), VALUES)
@example(None, parse("a: 1\nb: 2", "f.yaml"), "x")
def test_a_value_that_is_set_is_there_and_every_other_line_is_as_it_was(
    data: Any, document: Document, value: Any
) -> None:
    route: Route = data.draw(st.sampled_from(list(routes(document.data)))) if data else ("b",)
    edited = set_value(document, route, value)
    first, before, after = changed(document, edited)
    assert at(edited.data, route) == value
    if before:
        own, following = lines_of(document, route)
        assert own <= first
        assert first + len(before) <= max(following, own + 1)
    if not isinstance(at(document.data, route), dict | list):
        assert (len(before), len(after)) in ((0, 0), (1, 1))


def lines_of(document: Document, route: Route) -> tuple[int, int]:
    """The line of the value's key, or at the earliest that of its dash, and that of the next key or item behind it."""
    own = there = document.place(route, key=True).line
    places = [document.place(other, key=True).line for other in routes(document.data) if other[: len(route)] != route]
    if isinstance(route[-1], int):
        own = max((line for line in places if line < own), default=1)
    return own, min((line for line in places if line > there), default=document.text.count("\n") + 2)


@given(st.data(), documents(), VALUES)
def test_a_new_entry_takes_one_line_or_stands_in_one(data: Any, document: Document, value: Any) -> None:
    homes = [r for r in [(), *routes(document.data)] if isinstance(at(document.data, r), dict | list)]
    home = data.draw(st.sampled_from(homes))
    step = len(at(document.data, home)) if isinstance(at(document.data, home), list) else "brand-new"
    edited = set_value(document, (*home, step), value)
    _, before, after = changed(document, edited)
    assert (len(before), len(after)) in ((0, 1), (1, 1), (1, 2))


@given(st.data(), documents())
def test_what_is_set_back_gives_the_very_same_data_and_what_is_removed_is_gone(data: Any, document: Document) -> None:
    route = data.draw(st.sampled_from(list(routes(document.data))))
    old = at(document.data, route)
    assert set_value(set_value(document, route, "else"), route, old).data == document.data
    try:
        removed = remove_value(document, route)
    except Rejected as refused:
        codes = [finding.code for finding in refused.diagnostics]
        event(f"refused: {codes}")
        assume(codes != ["X011"])
        raise
    parent, size = at(removed.data, route[:-1]), len(at(document.data, route[:-1]))
    assert len(parent) == size - 1
    assert read(removed.text) == removed.data
