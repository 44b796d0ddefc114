"""Where values stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.emit import to_yaml
from composer.source.document import Route
from composer.source.reader import parse

TEXT = """\
# a comment
metadata:
  name: berlin-01
spec:
  nodes:
    - {name: box-a, "cpu": '4'}
    -
      name: box-b
  grün: {日本: [a, bb]}
  text: |
    one
    two
  again: &x [1]
  same: *x
"""


@pytest.mark.parametrize(
    ("route", "key", "place", "marked"),
    [
        ((), False, "2:1", "m"),
        (("metadata",), False, "2:1", "metadata"),
        (("metadata", "name"), False, "3:9", "berlin-01"),
        (("metadata", "name"), True, "3:3", "name"),
        (("metadata", "namespace"), False, "2:1", "metadata"),
        (("spec", "nodes", 0), False, "6:7", "{name: box-a, \"cpu\": '4'}"),
        (("spec", "nodes", 0, "cpu"), False, "6:28", "'4'"),
        (("spec", "nodes", 0, "cpu"), True, "6:21", '"cpu"'),
        (("spec", "nodes", 1), False, "8:7", "n"),
        (("spec", "nodes", 1, "name", "deeper"), False, "8:7", "name"),
        (("spec", "nodes", 9), False, "5:3", "nodes"),
        (("spec", "grün", "日本", 1), False, "9:18", "bb"),
        (("spec", "text"), False, "10:9", "|"),
        (("spec", "same"), False, "14:9", "*x"),
        (("spec", "same", 0), False, "14:3", "same"),
        (("nothing", "like", "it"), False, "2:1", "m"),
    ],
)
def test_a_place_is_that_of_the_value_or_its_key(route: Route, key: bool, place: str, marked: str) -> None:
    found = parse(TEXT, "f").place(route, key=key)
    assert f"{found.line}:{found.column}" == place
    assert found.source == TEXT.splitlines()[found.line - 1]
    assert found.source[found.column - 1 :][: found.width] == marked


def routes(value: object, route: Route = ()) -> list[Route]:
    """The ways to every scalar of *value*."""
    if isinstance(value, dict):
        return [way for key, item in value.items() for way in routes(item, (*route, key))]
    if isinstance(value, list):
        return [way for index, item in enumerate(value) for way in routes(item, (*route, index))]
    return [route]


def at(value: object, route: Route) -> object:
    for step in route:
        value = value[step]  # type: ignore[index]
    return value


words = st.text("abcxyz", min_size=1, max_size=4)
trees = st.recursive(
    words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words, trees, min_size=1, max_size=3))
def test_at_the_place_of_a_scalar_stands_that_scalar(data: dict[str, object]) -> None:
    document = parse(to_yaml(data), "f")
    for route in routes(data):
        place = document.place(route)
        wanted = at(data, route)
        if isinstance(wanted, str):
            assert place.source[place.column - 1 :][: place.width].strip('"') == wanted
