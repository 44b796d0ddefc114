"""YAML 1.2: what is a number, a boolean or null, and what only looks like one in older YAML."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.source.reading import read, refusals

LOOK_ALIKES = """
    no No NO on On ON off y Y n N yes Yes YES nan inf NaN Inf nuLL tRUE = ~x
    12:30 2024-01-01 2024-01-01T10:00:00Z 1_000 0b11 0o8 0xg 0o 0x 1e 1.2.3 1.33.4 10Gi 250m 1/s 6/min 72h 60s
    +-1 .e5 . .. + -o
""".split()  # noqa: SIM905 - a table to read


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_string_stays_what_was_written(text: str) -> None:
    assert read(f"a: [{text}, {{b: {text}}}]") == {"a": [text, {"b": text}]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("012", 12),
        ("-7", -7),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("5.", 5.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("FALSE", False),
        ("!!str 123", "123"),
        ("! 123", "123"),
        ("!!int '7'", 7),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("!!null ''", None),
        ("!!map {}", {}),
        ("!!seq []", []),
    ],
)
def test_a_scalar_has_the_type_of_the_core_schema(text: str, value: Any) -> None:
    found = read(f"a: {text}")["a"]
    assert (type(found), found) == (type(value), value)


def test_nan_is_a_float() -> None:
    assert math.isnan(read("a: .NaN")["a"])


@pytest.mark.parametrize("text", ["'123'", '"true"', "'null'", "'~'", '""', "'1.5'"])
def test_what_stands_in_quotes_is_a_string(text: str) -> None:
    assert read(f"a: {text}") == {"a": text[1:-1]}


@pytest.mark.parametrize(
    "text", ["18446744073709551616", "-9223372036854775809", "1e400", "9" * 5000, "0x1" + "0" * 16]
)
def test_a_number_over_64_bits_is_an_error_and_not_rounded(text: str) -> None:
    assert refusals(f"a: {text}") == ["1:4 Y019"]


@pytest.mark.parametrize("text", ["!!int twelve", "!!bool no", "!!float x", "!!null x"])
def test_a_value_that_is_not_what_its_tag_says_is_an_error(text: str) -> None:
    assert refusals(f"a: {text}") == ["1:4 Y020"]
