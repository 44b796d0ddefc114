"""Amounts with a unit, held against the libraries that read them for a living."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import durationpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kubernetes.utils import parse_quantity

from composer.model import units
from composer.model.units import UnitError

PARSERS: dict[str, Callable[[Any], Any]] = {
    "quantity": units.quantity,
    "milli_quantity": units.milli_quantity,
    "duration": units.duration,
    "size": units.size,
    "rate": units.rate,
    "percentage": units.percentage,
    "port": units.port,
    "cidr": units.cidr,
}

NUMBERS = st.from_regex(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("4", 4),
        (4, 4),
        (0.5, 0.5),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1.", 1),
        ("+1", 1),
        ("500m", 0.5),
        ("1u", 0.000001),
        ("1n", 0.000000001),
        ("0.1n", 0.000000001),  # rounded up, never to nothing
        ("2k", 2000),
        ("512Mi", 536870912),
        ("1.5Gi", 1610612736),
        ("64Gi", 68719476736),
        ("1M", 1000000),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1e-3", 0.001),
        ("12e+2", 1200),
    ],
)
def test_a_quantity_is_what_kubernetes_reads(text: str | float, number: float) -> None:
    assert units.quantity(text) == number


@example("300000000.0001", "G")  # more digits than a float holds
@given(
    NUMBERS,
    st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi", "e3", "E2", "e-2"]),
)
def test_a_quantity_is_what_the_kubernetes_package_reads(number: str, suffix: str) -> None:
    expected: Decimal = parse_quantity(number + suffix)
    if expected >= Decimal("1e-9") and expected <= units.MOST and expected % Decimal("1e-9") == 0:
        whole = expected == expected.to_integral_value()
        assert units.quantity(number + suffix) == (int(expected) if whole else float(expected))


@given(NUMBERS, st.sampled_from(["m", "", "k", "Mi"]))
def test_thousandths_are_rounded_up(number: str, suffix: str) -> None:
    exact: Decimal = parse_quantity(number + suffix) * 1000
    assert units.milli_quantity(number + suffix) == math.ceil(exact)


def test_sums_of_thousandths_are_exact() -> None:
    assert sum(units.milli_quantity("100m") for _ in range(10)) == units.milli_quantity("1")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        " 1",
        "1 ",
        "-1",
        "1K",
        "1ki",
        "1mi",
        "1 Gi",
        "Gi",
        "1GiB",
        "0x10",
        "1_000",
        "1e",
        "1ee3",
        "NaN",
        "٣",
        "1\n",
    ],
)
def test_what_kubernetes_refuses_is_no_quantity(bad: str) -> None:
    with pytest.raises(UnitError, match="a Kubernetes quantity"):
        units.quantity(bad)


@pytest.mark.parametrize("bad", ["10E", "9.3Ei", "1e19", "1e999999999", 1e300, "9223372036854775808"])
def test_a_quantity_beyond_what_kubernetes_can_hold_is_refused_without_a_long_calculation(
    bad: str | float,
) -> None:
    with pytest.raises(UnitError, match="from 0 to 9223372036854775807"):
        units.quantity(bad)


@pytest.mark.parametrize("bad", [True, float("nan"), float("inf"), -1, -0.5])
def test_truth_values_and_impossible_numbers_are_no_quantities(bad: float) -> None:
    with pytest.raises(UnitError):
        units.quantity(bad)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("72h", 259200),
        ("10s", 10),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("7d", 604800),
        ("1w", 604800),
        ("1.5h", 5400),
        ("0s", 0),
        ("1d12h", 129600),
        ("1m500ms", 60.5),
        ("1s1ms", 1.001),
    ],
)
def test_a_duration_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert units.duration(text) == seconds


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "0",
        "5",
        "s",
        "5 s",
        "-5s",
        "1h1h",
        "5m1h",
        "1H",
        "1y",
        "1us",
        "1min",
        "1.h",
        ".5h",
        "1h 30m",
        "5s\n",
    ],
)
def test_what_has_no_unit_or_the_wrong_order_is_no_duration(bad: str) -> None:
    with pytest.raises(UnitError, match="a duration with a unit"):
        units.duration(bad)


def test_a_duration_longer_than_go_can_count_is_refused() -> None:
    assert units.duration("2562047h") == 2562047 * 3600
    with pytest.raises(UnitError, match="292 years"):
        units.duration("2562048h")


@given(st.integers(0, 10**9))
def test_a_printed_duration_reads_as_the_same_to_the_composer_and_to_go(milliseconds: int) -> None:
    printed = units.show_duration(milliseconds / 1000)
    assert units.duration(printed) == pytest.approx(milliseconds / 1000)
    assert durationpy.from_str(printed).total_seconds() == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (5400, "1h30m"), (604800, "168h"), (0.5, "500ms"), (61.5, "1m1s500ms")]
)
def test_durations_are_printed_without_days(seconds: float, text: str) -> None:
    assert units.show_duration(seconds) == text


def test_there_are_no_negative_durations_to_print() -> None:
    with pytest.raises(UnitError):
        units.show_duration(-1)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (220, 220),
        ("220B", 220),
        ("2GB", 2 * 10**9),
        ("2G", 2 * 10**9),
        ("2GiB", 2 * 2**30),
        ("2Gi", 2 * 2**30),
        ("500kB", 500000),
        ("500KB", 500000),
        ("1 MB", 1000000),
        ("1.5 MiB", 1572864),
        ("1TB", 10**12),
        ("1PB", 10**15),
        ("0B", 0),
    ],
)
def test_a_size_is_a_number_of_bytes(text: str | int, count: int) -> None:
    assert units.size(text) == count


@pytest.mark.parametrize("bad", ["", "5", "5Bi", "1ki", "1kiB", "1 m", "GB", "-1GB", "1GBit", "1  GB", "1EB", True, -1])
def test_what_has_no_unit_is_no_size(bad: str | int) -> None:
    with pytest.raises(UnitError, match="an amount of data"):
        units.size(bad)


def test_a_part_of_a_byte_is_no_size() -> None:
    assert units.size("0.5kB") == 500
    with pytest.raises(UnitError, match="whole number of bytes"):
        units.size("0.0005kB")


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("1/s", 1),
        ("6/min", 0.1),
        ("6/m", 0.1),
        ("36/h", 0.01),
        ("864/d", 0.01),
        ("1/10s", 0.1),
        ("1/ms", 1000),
        ("0/s", 0),
    ],
)
def test_a_rate_is_so_many_a_second(text: str, per_second: float) -> None:
    assert units.rate(text) == per_second


@pytest.mark.parametrize("bad", ["", "1", "1/", "/s", "1/0s", "1/0.0s", "1/s/s", "1 / s", "-1/s", "1/y"])
def test_what_has_no_interval_is_no_rate(bad: str) -> None:
    with pytest.raises(UnitError, match="a rate such as"):
        units.rate(bad)


@pytest.mark.parametrize(("text", "share"), [("0.1%", 0.001), ("100%", 1), ("0%", 0), ("12.5%", 0.125)])
def test_a_percentage_is_a_share_of_one(text: str, share: float) -> None:
    assert units.percentage(text) == share


@pytest.mark.parametrize("bad", ["", "1", "%", "100.1%", "-1%", "1 %", "1%%"])
def test_what_is_more_than_the_whole_or_has_no_sign_is_no_percentage(bad: str) -> None:
    with pytest.raises(UnitError, match="a percentage"):
        units.percentage(bad)


@pytest.mark.parametrize("good", [1, 8883, 65535])
def test_ports_are_numbers(good: int) -> None:
    assert units.port(good) == good


@pytest.mark.parametrize("bad", [0, 65536, -1, "80", 80.0, True, None])
def test_what_is_out_of_range_or_no_whole_number_is_no_port(bad: Any) -> None:
    with pytest.raises(UnitError, match="a port number from 1 to 65535"):
        units.port(bad)


@given(st.ip_addresses(), st.integers(0, 128))
def test_address_ranges_are_what_the_standard_library_takes(address: Any, bits: int) -> None:
    text = f"{address}/{bits}"
    try:
        expected = str(ipaddress.ip_network(text))
    except ValueError:
        with pytest.raises(UnitError):
            units.cidr(text)
    else:
        assert units.cidr(text) == expected


def test_an_address_inside_a_range_is_refused_with_the_range() -> None:
    with pytest.raises(UnitError, match=r"the range around 10\.1\.2\.3/8 is 10\.0\.0\.0/8"):
        units.cidr("10.1.2.3/8")


@pytest.mark.parametrize(
    "bad",
    ["", "10.0.0.0", "10.0.0.0/255.0.0.0", "10.0.0.0/33", "010.0.0.0/8", "::/129", "a/8", "fe80::%eth0/64"],
)
def test_what_is_not_in_cidr_notation_is_no_address_range(bad: str) -> None:
    with pytest.raises(UnitError, match="CIDR"):
        units.cidr(bad)


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_text_of_any_length_is_refused_at_once(parse: Callable[[Any], Any]) -> None:
    with pytest.raises(UnitError):
        parse("1" * 10_000_000)


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@given(text=st.text(max_size=12))
def test_any_text_is_read_or_refused_with_what_is_expected(parse: Callable[[Any], Any], text: str) -> None:
    refused = refusal(parse, text)
    assert refused == "" or refused.startswith(("a ", "an "))


def refusal(parse: Callable[[Any], Any], text: str) -> str:
    """Why *text* is refused, or ""."""
    try:
        parse(text)
    except UnitError as fault:
        return str(fault)
    return ""


PATTERNS = {
    "quantity": (units.QUANTITY, units.quantity),
    "duration": (units.DURATION, units.duration),
    "size": (units.SIZE, units.size),
    "rate": (units.RATE, units.rate),
    "percentage": (units.PERCENTAGE, units.percentage),
}


@pytest.mark.parametrize(("pattern", "parse"), PATTERNS.values(), ids=PATTERNS)
@given(data=st.data())
def test_what_a_pattern_takes_is_read_unless_it_is_out_of_bounds(pattern: Any, parse: Any, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii")))
    bounds = ("and no longer", "and a whole number", "from 0 to", "at most 100%")
    refused = refusal(parse, text)
    assert not refused or len(text) > units.LONGEST or "/0" in text or any(bound in refused for bound in bounds)


@given(st.integers(0, 10**15), st.sampled_from([1, 1000, 10**6, 10**9]))
def test_a_printed_quantity_reads_as_the_same(count: int, parts: int) -> None:
    number = Decimal(count) / parts
    assert parse_quantity(units.show_quantity(float(number))) == pytest.approx(number)


@given(st.integers(0, 2**62))
def test_a_printed_number_of_bytes_is_exact(count: int) -> None:
    assert units.quantity(units.show_quantity(count, binary=True)) == count


@pytest.mark.parametrize(
    ("amount", "binary", "text"),
    [
        (3, False, "3"),
        (0.5, False, "500m"),
        (0.1, False, "100m"),
        (1.25, False, "1250m"),
        (0, True, "0"),
        (1536 * 2**20, True, "1536Mi"),
        (2**30, True, "1Gi"),
        (1000, True, "1000"),
    ],
)
def test_quantities_are_printed_short(amount: float, binary: bool, text: str) -> None:
    assert units.show_quantity(amount, binary=binary) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0B"), (999, "999B"), (1000, "1kB"), (2147483648, "2.15GB"), (10**15, "1PB")]
)
def test_bytes_are_printed_for_people(count: int, text: str) -> None:
    assert units.show_size(count) == text


@pytest.mark.parametrize(
    ("per_second", "text"), [(1, "1/s"), (0.1, "6/min"), (0.01, "36/h"), (1 / 86400, "1/d"), (250, "250/s")]
)
def test_rates_are_printed_for_people(per_second: float, text: str) -> None:
    assert units.show_rate(per_second) == text
