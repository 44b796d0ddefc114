"""Quoted values arrive unchanged in the program they are meant for, read by a reader of that language."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from composer.source.reader import parse
from composer.stages.render.filters import quoting
from composer.stages.render.filters import strings as strings_filters
from composer.stages.render.filters.quoted import Quoted
from composer.stages.render.refusal import Refused
from tests.render.kit import findings, places, text
from tests.render.test_leaves import TRICKY

characters = st.characters(exclude_categories=["Cs"])
strings = st.text(characters, max_size=40) | st.sampled_from(TRICKY)
scalars = strings | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=12,
)

_BENTO_VARIABLE = re.compile(r"\$\{")


@given(data | st.none())
def test_json_arrives_unchanged(value: Any) -> None:
    if value is not None:
        assert json.loads(quoting.json(value)) == value


@given(data)
def test_toml_arrives_unchanged_and_on_one_line(value: Any) -> None:
    quoted = quoting.toml(value)
    assert tomllib.loads(f"k = {quoted}\nafter = 1") == {"k": value, "after": 1}
    assert len(quoted.splitlines()) == (1 if quoted else 0)
    assert "$" not in quoted


@given(data)
def test_yaml_arrives_unchanged_also_when_it_is_moved_to_the_right(value: Any) -> None:
    quoted = strings_filters.indent(quoting.yaml({"k": value}), 4)
    assert parse(f"in:\n    {quoted}\nafter: 1\n", "embedded.yaml").data == {"in": {"k": value}, "after": 1}


@given(strings | st.lists(strings) | st.dictionaries(strings, strings))
def test_text_in_yaml_arrives_unchanged_at_other_readers(value: Any) -> None:
    assert yaml.safe_load(quoting.yaml(value)) == value
    assert yaml.safe_load(quoting.json(value)) == value


@given(data)
def test_bento_gets_the_value_and_sees_no_variable(value: Any) -> None:
    if "${!" in json.dumps(value):
        with pytest.raises(Refused):
            quoting.bento(value)
        return
    quoted = quoting.bento(value)
    assert json.loads(quoted) == value
    assert parse(str(quoted), "bento.yaml").data == value
    assert not _BENTO_VARIABLE.search(quoted)


@given(strings)
def test_mosquitto_gets_the_value_or_the_value_is_refused(value: str) -> None:
    try:
        quoted = quoting.mosquitto(value)
    except Refused:
        return
    assert [_mosquitto(line) for line in f"topic {quoted}\nuser x".split("\n")] == [
        ("topic", value),
        ("user", "x"),
    ]


def _mosquitto(line: str) -> tuple[str, str]:
    """How mosquitto reads a line: the first word, then, without blanks at the ends, all the rest."""
    assert not line.startswith("#")
    key, _, value = line.partition(" ")
    return key, value.strip(" \t\n\v\f\r")


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\0", "", " a", "a ", "\x7f", "a\u2028b"])
def test_mosquitto_cannot_take_some_values(value: str) -> None:
    with pytest.raises(Refused):
        quoting.mosquitto(value)


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (7, "7"), (0.5, "0.5"), ("t/+/#", "t/+/#"), ("a b", "a b")]
)
def test_mosquitto_takes_words_and_numbers(value: Any, written: str) -> None:
    assert quoting.mosquitto(value) == written


@given(strings)
def test_haproxy_gets_one_word_with_the_value_or_the_value_is_refused(value: str) -> None:
    try:
        quoted = quoting.haproxy(value)
    except Refused:
        return
    assert [_haproxy(line) for line in f"server {quoted} check\nmode tcp".split("\n")] == [
        ["server", value, "check"],
        ["mode", "tcp"],
    ]


def _haproxy(line: str) -> list[str]:
    """How HAProxy parts a line into words: quotes, escapes and variables as its manual states them."""
    words, word, quote, at = [], "", "", 0
    while at < len(line):
        char = line[at]
        at += 1
        if quote == "'":
            quote, word = ("", word) if char == "'" else (quote, word + char)
        elif char == "\\":
            assert at < len(line)
            word, at = word + line[at], at + 1
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        else:
            assert char != "$" or quote == "'", "a variable"
            assert char != "#" or quote, "a comment"
            if char in " \t" and not quote:
                words, word = ([*words, word] if word else words), ""
            else:
                word += char
    assert not quote
    return [*words, word] if word else words


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\0", "", "\x7f", "a\u2028b"])
def test_haproxy_cannot_take_some_values(value: str) -> None:
    with pytest.raises(Refused):
        quoting.haproxy(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (7, "7"),
        ("unix@/run/a.sock", "unix@/run/a.sock"),
        ("a b", "'a b'"),
        ("it's", "'it'\\''s'"),
        ("$HOME", "'$HOME'"),
        ("# no comment", "'# no comment'"),
        ("back\\slash", "'back\\slash'"),
        ('say "no"', "'say \"no\"'"),
    ],
)
def test_haproxy_takes_words_and_quotes_what_would_mean_something(value: Any, written: str) -> None:
    assert quoting.haproxy(value) == written


@pytest.mark.parametrize("value", [2**63, {"a": None}, [None]])
def test_toml_has_no_word_for_some_values(value: Any) -> None:
    with pytest.raises(Refused):
        quoting.toml(value)


@pytest.mark.parametrize("name", sorted(quoting.FILTERS))
def test_a_quoted_value_says_so(name: str) -> None:
    value = "pressure" if name == "bloblang" else "x"
    assert isinstance(quoting.FILTERS[name](value), Quoted)


def test_a_refused_value_is_found_at_its_line() -> None:
    found = findings(
        "a: \"{{ text('t.j2') }}\"",
        {"site": {"name": "a\nb"}},
        files={"t.j2": "\nuser {{ site.name|mosquitto }}"},
    )
    assert places(found) == ["t.j2:2:1 T016"]


def test_yaml_can_be_embedded_in_a_configuration() -> None:
    value = {"b": ["no", 1], "a": "x: y"}
    made = text("root:\n  deep:\n    {{ site.v|yaml|indent(4) }}\n", {"site": {"v": value}})
    assert yaml.safe_load(made) == {"root": {"deep": value}}
