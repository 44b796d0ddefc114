"""Matching many at once is the same as matching each pair."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from composer.model.circles import circle, knots
from composer.model.matching import reach
from composer.model.topics import overlaps

LEVELS = st.sampled_from(["a", "b", "", "$SYS", "+"])
FILTERS = st.builds(
    lambda levels, end: "/".join([*levels, *end]) or "a",
    st.lists(LEVELS, min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
) | st.just("#")


@given(st.lists(FILTERS, max_size=8), st.lists(FILTERS, max_size=4))
def test_what_reaches_a_filter_is_what_overlaps_with_it(published: list[str], filters: list[str]) -> None:
    expected = tuple(tuple(i for i, p in enumerate(published) if overlaps(f, p)) for f in filters)
    assert reach(tuple(published), tuple(filters)) == expected


EDGES = st.integers(1, 8).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size)
)


@given(EDGES)
def test_things_that_lead_to_each_other_are_one_knot_and_come_after_what_they_lead_to(edges: list[list[int]]) -> None:
    ahead = [_reachable(edges, start) for start in range(len(edges))]
    found = knots(edges)
    assert sorted(index for knot in found for index in knot) == list(range(len(edges)))
    for position, knot in enumerate(found):
        later = {index for other in found[position + 1 :] for index in other}
        for index in knot:
            assert all(other in ahead[index] for other in knot if other != index)
            assert not ahead[index] & later


@given(EDGES)
def test_a_circle_is_a_way_back_to_its_beginning(edges: list[list[int]]) -> None:
    for knot in knots(edges):
        way = circle(edges, knot)
        leads_back = knot[0] in _reachable(edges, knot[0])
        assert bool(way) == leads_back
        for here, following in zip(way, [*way[1:], *way[:1]], strict=True):
            assert following in edges[here]
            assert here in knot


def _reachable(edges: list[list[int]], start: int) -> set[int]:
    found: set[int] = set()
    pending = list(edges[start])
    while pending:
        here = pending.pop()
        if here not in found:
            found.add(here)
            pending += edges[here]
    return found


def test_ten_thousand_things_in_a_row_need_no_recursion() -> None:
    row = [[index + 1] for index in range(9_999)] + [[0]]
    assert len(knots(row)) == 1
    assert len(circle(row, knots(row)[0])) == 10_000
