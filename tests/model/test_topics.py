"""Topics and filters, held against brute force and against a real client library."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from composer.model import topics
from composer.model.topics import (
    bind,
    covers,
    matches,
    meet,
    overlaps,
    placeholders,
    to_filter,
    topic,
    topic_filter,
)
from composer.model.units import UnitError

WORDS = ("a", "b", "$s", "")
TOPIC = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("/".join).filter(bool)
FILTER = st.builds(
    lambda levels, rest: "/".join([*levels, *rest]),
    st.lists(st.sampled_from((*WORDS, "+")), max_size=3),
    st.sampled_from([["#"], ["a"], ["+"]]),
)

# Every topic that can tell two such filters apart: "x" stands for any word that no filter names.
UNIVERSE = ["/".join(levels) for n in range(1, 6) for levels in product((*WORDS, "x"), repeat=n) if levels != ("",)]


def plainly_matches(levels: list[str], names: list[str], first: bool = True) -> bool:
    """Matching in the words of the specification, level by level."""
    if not levels or not names:
        return levels in ([], ["#"]) and not names
    if first and names[0].startswith("$") and levels[0] in ("+", "#"):
        return False
    if levels[0] == "#":
        return True
    return levels[0] in ("+", names[0]) and plainly_matches(levels[1:], names[1:], False)


@given(FILTER, TOPIC)
def test_a_filter_matches_what_the_specification_says(written: str, name: str) -> None:
    assert matches(written, name) == plainly_matches(written.split("/"), name.split("/"))


@given(FILTER, TOPIC)
def test_a_filter_matches_what_a_client_library_says(written: str, name: str) -> None:
    assert matches(written, name) == topic_matches_sub(written, name)


def meaning(written: str) -> set[str]:
    return {name for name in UNIVERSE if plainly_matches(written.split("/"), name.split("/"))}


@given(FILTER, FILTER)
def test_covering_is_matching_everything_the_other_matches(wide: str, narrow: str) -> None:
    assert covers(wide, narrow) == (meaning(wide) >= meaning(narrow))


@given(FILTER, FILTER)
def test_overlapping_is_matching_something_the_other_matches(one: str, other: str) -> None:
    assert overlaps(one, other) == bool(meaning(one) & meaning(other))


@given(FILTER, FILTER)
@example("b/a", "b/a/#")
@example("+/b", "a/#")
@example("#", "+/b")
def test_what_two_filters_have_in_common_is_a_filter(one: str, other: str) -> None:
    if overlaps(one, other):
        assert meaning(meet(one, other)) == meaning(one) & meaning(other)


def test_a_filter_below_the_empty_level_needs_a_second_level() -> None:
    assert not overlaps("+", "/#")
    assert covers("/+/#", "/#")
    assert covers("+/#", "#")


@pytest.mark.parametrize(
    ("written", "name", "expected"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/#", "sport", True),
        ("#", "sport", True),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/broker", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/broker", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("ACCOUNTS", "Accounts", False),
        ("$share/workers/press/+", "press/1", True),
        ("$share/workers/#", "$SYS/x", False),
    ],
)
def test_the_examples_of_the_specification_hold(written: str, name: str, expected: bool) -> None:
    assert matches(written, name) is expected


@pytest.mark.parametrize(
    "good", ["a", "/", "a/b", "/a", "a/", "a//b", "press/{device}/telemetry", "p-{device}", "$SYS/x", "ä b/c"]
)
def test_these_are_topics(good: str) -> None:
    assert topic(good) == good
    assert topic_filter(good) == good


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "an MQTT topic"),
        ("a\0b", "control characters"),
        ("a\nb", "control characters"),
        ("a\x7f", "control characters"),
        ("a\x9b", "control characters"),
        ("\ud800", "control characters"),
        ("a\ufffe", "control characters"),
        ("x" * 65536, "at most 65535 bytes"),
        ("ä" * 32768, "at most 65535 bytes"),
        ("/" * 128, "at most 128 levels"),
        ("a/{", "placeholder"),
        ("a/}", "placeholder"),
        ("a/{}", "placeholder"),
        ("a/{Device}", "placeholder"),
        ("a/{{device}}", "placeholder"),
        ("a/{a b}", "placeholder"),
        (None, "an MQTT topic"),
        (5, "an MQTT topic"),
    ],
)
def test_what_no_broker_takes_is_neither_a_topic_nor_a_filter(bad: object, why: str) -> None:
    with pytest.raises(UnitError, match=why):
        topic(bad)
    with pytest.raises(UnitError, match=why):
        topic_filter(bad)


def test_the_longest_and_deepest_topics_are_taken() -> None:
    assert topic("x" * 65535)
    assert topic("/" * 127)


@pytest.mark.parametrize("wild", ["+", "#", "a/+", "a/#", "a+", "a#b"])
def test_a_topic_has_no_wildcards(wild: str) -> None:
    with pytest.raises(UnitError, match="without wildcards"):
        topic(wild)


@pytest.mark.parametrize(
    "good",
    [
        "#",
        "+",
        "+/+",
        "a/+/b",
        "a/#",
        "/#",
        "+/#",
        "$SYS/#",
        "$share/g/a/+",
        "$share/g/#",
        "$share/g//",
        "{device}/#",
    ],
)
def test_these_are_filters(good: str) -> None:
    assert topic_filter(good) == good


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("a+", "whole level"),
        ("a/b+/c", "whole level"),
        ("+{device}", "whole level"),
        ("a#", "whole level"),
        ("a/##", "whole level"),
        ("#/a", "last level"),
        ("a/#/b", "last level"),
        ("$share", "shared subscription"),
        ("$share/", "shared subscription"),
        ("$share/g", "shared subscription"),
        ("$share//a", "shared subscription"),
        ("$share/g/", "shared subscription"),
        ("$share/+/a", "shared subscription"),
        ("$share/{device}/a", "shared subscription"),
        ("$share/g#/a", "shared subscription"),
        ("$share/g/a+", "whole level"),
    ],
)
def test_a_wildcard_fills_a_whole_level_and_hash_comes_last(bad: str, why: str) -> None:
    with pytest.raises(UnitError, match=why):
        topic_filter(bad)


def test_placeholders_are_named_once_each_in_order() -> None:
    assert placeholders("{site}/a/{device}/x-{device}") == ("site", "device")
    assert placeholders("a/b") == ()


def test_bound_placeholders_are_filled_in_and_others_stay() -> None:
    assert bind("{site}/press/{device}/x-{device}", device="p 1") == "{site}/press/p 1/x-p 1"
    assert bind("press", device="x") == "press"


@pytest.mark.parametrize("bad", ["", "a/b", "+", "#", "a+", "\0", "a\n"])
def test_a_bound_value_stays_in_its_level(bad: str) -> None:
    with pytest.raises(UnitError, match=re.escape("{device}")):
        bind("press/{device}/x", device=bad)


def test_a_bound_value_is_not_read_again() -> None:
    assert bind("{device}/{site}", device="{site}", site="s") in ("{site}/s", "s/s")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("press/{device}/cmd", "press/+/cmd"),
        ("press/x-{device}-y/cmd", "press/+/cmd"),
        ("{site}/{device}", "+/+"),
        ("press/+/cmd", "press/+/cmd"),
        ("{device}/#", "+/#"),
        ("press", "press"),
    ],
)
def test_a_level_with_a_placeholder_becomes_a_wildcard(pattern: str, expected: str) -> None:
    assert to_filter(pattern) == expected


@given(FILTER.filter(lambda x: "{" not in x), st.sampled_from(["p1", "x y", "é"]))
def test_whatever_a_placeholder_is_bound_to_its_filter_matches(written: str, value: str) -> None:
    pattern = "press/{device}/" + written
    assume("#" not in written and "+" not in written)
    assert matches(to_filter(pattern), bind(pattern, device=value))


@given(st.text(max_size=20) | st.text(st.sampled_from("a/+#${}"), max_size=12))
def test_every_topic_is_a_filter_too_and_matches_itself(text: str) -> None:
    try:
        name = topic(text)
    except UnitError:
        return
    if not name.startswith("$share"):
        assert topic_filter(name) == name
        assert matches(name, name)
        assert len(name.split("/")) <= topics.MOST_LEVELS
