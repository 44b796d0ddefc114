"""Filters do what they say, or refuse; they never turn a value into something else in silence."""

from __future__ import annotations

from typing import Any

import pytest

from composer.stages.render.filters import FILTERS
from tests.render.kit import findings, one

CONTEXT = {
    "site": {
        "s": "a-b",
        "n": 7,
        "yes": True,
        "list": [3, 1, 2],
        "words": ["b", "a", "b"],
        "map": {"b": 1, "a": {"x": 1}},
        "rows": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3}],
        "none": None,
    }
}

RESULTS: dict[str, Any] = {
    "site.s|upper": "A-B",
    "site.s|upper|lower": "a-b",
    "' x '|trim": "x",
    "'xax'|trim('x')": "a",
    "site.s|replace('-', '_')": "a_b",
    "site.s|split('-')": ["a", "b"],
    "'a\\nb'|indent(2)": "a\n  b",
    "'a\\n\\nb'|indent(2, true)": "  a\n\n  b",
    "site.n|string": "7",
    "site.yes|string": "true",
    "'7'|int": 7,
    "7.0|int": 7,
    "'0.5'|float": 0.5,
    "1|float": 1.0,
    "2.567|round(2)": 2.57,
    "2.1|round(0, 'ceil')|int": 3,
    "(-3)|abs": 3,
    "site.list|sort": [1, 2, 3],
    "site.list|sort(reverse=true)|first": 3,
    "site.words|unique": ["b", "a"],
    "site.words|join('+')": "b+a+b",
    "site.rows|join(',', 'k')": "x,y,x",
    "site.rows|map(attribute='v')|sum": 6,
    "site.rows|sum('v')": 6,
    "site.rows|selectattr('k', 'eq', 'x')|map(attribute='v')": [1, 3],
    "site.rows|groupby('k')|map('first')": ["x", "y"],
    "site.list|batch(2)": [[3, 1], [2]],
    "[site.list, [4]]|flatten": [3, 1, 2, 4],
    "site.list|reverse": [2, 1, 3],
    "site.list|max - site.list|min": 2,
    "site.list|length": 3,
    "site.map|items": [["b", 1], ["a", {"x": 1}]],
    "site.map|dictsort|map('first')": ["a", "b"],
    "site.map|keys": ["b", "a"],
    "site.map|merge({'a': {'y': 2}, 'c': 3})": {"b": 1, "a": {"x": 1, "y": 2}, "c": 3},
    "site.nope|default('d')": "d",
    "site.none|default('d', true)": "d",
    "'512Mi'|quantity_bytes": 512 << 20,
    "'72h'|seconds": 259200,
    "'2GB'|bytes": 2_000_000_000,
    "'6/min'|per_second": 0.1,
    "'x'|sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    "'x'|b64encode": "eA==",
    "{'a': 'b'}|json": '{"a":"b"}',
    "range(3)": [0, 1, 2],
    "range(1, 6, 2)|list": [1, 3, 5],
    "'a' ~ 1 ~ 0.5": "a10.5",
    "[1] + [2]": [1, 2],
    "'ab' * 2": "abab",
    "7 // 2 + 7 % 4 - 2 ** 3": -2,
    "'x' in site.words": False,
    "site.list[1:]": [1, 2],
}


@pytest.mark.parametrize("expression", RESULTS)
def test_an_expression_yields(expression: str) -> None:
    result = one(f'a: "{{{{ {expression} }}}}"'.replace("\\n", "\\\\n"), CONTEXT)["a"]
    assert result == RESULTS[expression]
    assert type(result) is type(RESULTS[expression])


@pytest.mark.parametrize(
    "expression",
    [
        "site.n|upper",
        "site.list|lower",
        "'abc'|int",
        "'1.5'|int",
        "1.5|int",
        "true|int",
        "'x'|float",
        "site.list|string",
        "site.words|sum",
        "'abc'|join(',')",
        "site.rows|join(',')",
        "site.list|merge({})",
        "site.s|keys",
        "'x'|seconds",
        "5|quantity_bytes",
        "'5 apples'|bytes",
        "1|round(99)",
        "site.list|batch(0)",
        "site.s ~ site.list",
        "'a' + 1",
        "'%s' % 1",
        "1 / 0",
        "[1]|flatten",
        "['a', 1]|sort",
        "site.n|items",
        "site.n|length",
    ],
)
def test_an_expression_is_refused(expression: str) -> None:
    [found] = findings(f'a: "{{{{ {expression} }}}}"', CONTEXT)
    assert found.code in ("T009", "T011")
    assert (found.place.line, found.place.column) == (1, 4)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_missing_value_stays_missing_through_every_filter(name: str) -> None:
    if name in ("default", "items", "list", "first", "last"):
        return  # these say something about nothing
    arguments = {
        "replace": "('a', 'b')",
        "split": "('a')",
        "merge": "({})",
        "batch": "(2)",
        "groupby": "('a')",
    }
    found = findings(f'a: "{{{{ site.nope|{name}{arguments.get(name, "")} }}}}"', CONTEXT)
    assert [finding.code for finding in found] == ["T008"]
