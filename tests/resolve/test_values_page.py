"""The page about values says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from composer.model.expression import parse as parse_expression
from composer.model.names import expand_names
from composer.source.reader import parse
from composer.stages.resolve.rules import compile_rules
from composer.stages.resolve.rules.audit import WORDS
from composer.stages.resolve.rules.coerce import COERCIONS
from composer.stages.resolve.rules.kinds import TYPES

PAGE = (Path(__file__).parents[2] / "docs/reference/values.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row, line in zip(cells, lines, strict=True) if not line.startswith("|---")]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def value(written: str) -> Any:
    return parse(f"x: {written}\n", "values.md").data["x"]


TYPE_ROWS = [(name, row[2], row[3]) for row in rows(section("Types"))[1:] for name in quoted(row[0])]


def test_every_type_is_on_the_page_and_no_other() -> None:
    assert sorted(name for name, _, _ in TYPE_ROWS) == sorted(TYPES)


@pytest.mark.parametrize(("name", "good", "bad"), TYPE_ROWS, ids=[name for name, _, _ in TYPE_ROWS])
def test_every_example_is_taken_and_every_counter_example_is_not(name: str, good: str, bad: str) -> None:
    assert [x for x in quoted(good) if not TYPES[name].accepts(value(x))] == []
    assert [x for x in quoted(bad) if TYPES[name].accepts(value(x))] == []
    assert quoted(good)


def test_every_word_of_a_rule_and_every_coercion_is_on_the_page() -> None:
    tables = rows(section("Rules"))
    split = next(index for index, row in enumerate(tables) if row[0] == "coercion")
    assert sorted(word for row in tables[1:split] for word in quoted(row[0])) == sorted(WORDS)
    assert sorted(word for row in tables[split + 1 :] for word in quoted(row[0])) == sorted(COERCIONS)


def test_the_rules_on_the_page_are_rules() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", section("Rules"), re.DOTALL)
    assert compile_rules(parse(example, "values.md")).defaults["tls"] == {"versions": ["tls1.3"]}


def test_the_expressions_on_the_page_are_expressions() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", section("Expressions"), re.DOTALL)
    steps = parse(example, "values.md").data["do"]
    for written in [steps[0]["filter"], *steps[1]["map"].values()]:
        assert parse_expression(written)


def test_the_device_names_on_the_page_can_be_expanded() -> None:
    patterns = [quoted(row[0])[0] for row in rows(section("Names of many devices"))[1:]]
    assert [len(expand_names(pattern)) for pattern in patterns] == [400, 12, 2, 60]
