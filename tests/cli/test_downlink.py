"""What people are told of commands that come down from a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kit import composer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("site", "line"),
    [
        ("rome-01", "85kB: oven/+/cmd coming down for tenant bistro, 10/h x (85 + 269 bytes, 80 of payload), "),
        ("berlin-01", "not counted: press/+/cmd comes down for tenant acme, and no document says its rate, "),
    ],
)
def test_a_day_s_bytes_are_explained_with_what_comes_down(site: str, line: str) -> None:
    ran = composer(ROOT, "explain", site, "capacity", "uplink in a day")
    assert ran.code == 0
    assert f"      {line}sites/tenants/" in ran.out


def test_the_table_names_what_comes_down_without_a_rate() -> None:
    ran = composer(ROOT, "capacity", "rome-01", "berlin-01")
    assert "saved, 85kB come down\n" in ran.out
    assert ran.out.count("is not counted: no document says its rate") == 1
    assert "  press/+/cmd of acme comes down over the uplink and is not counted: no document says its rate\n" in ran.out


def test_rates_of_commands_are_limits_at_the_site_and_at_its_hub() -> None:
    site, hub = (composer(ROOT, "isolation", name) for name in ("rome-01", "hub-eu"))
    assert "  uplink.down oven/+/cmd " in site.out
    assert "  bridge {site} sites/{site}/oven/+/cmd    10/h     nobody: declared\n" in hub.out


def test_the_graph_of_topics_shows_how_much_comes_down() -> None:
    ran = composer(ROOT, "explain", "rome-01", "topics")
    assert "oven/+/cmd  10/h of 80B at QoS 1, 19.2kB/d\n" in ran.out
