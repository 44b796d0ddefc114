"""The filters and tests that templates know: one table each, and nothing that is not in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.tests import TESTS as JINJA_TESTS

from composer.stages.render.filters import collections, numbers, quoting, strings

_FROM_JINJA = (
    "abs default dictsort first groupby items last length list map max min reject rejectattr reverse round"
    " select selectattr sort unique"
).split()

_TESTS_FROM_JINJA = (
    "!= < <= == > >= boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable"
    " le lessthan lower lt mapping ne none number odd sequence string true undefined upper"
).split()

FILTERS: dict[str, Callable[..., Any]] = {
    **{name: JINJA_FILTERS[name] for name in _FROM_JINJA},
    **strings.FILTERS,
    **collections.FILTERS,
    **numbers.FILTERS,
    **quoting.FILTERS,
}

TESTS: dict[str, Callable[..., Any]] = {name: JINJA_TESTS[name] for name in _TESTS_FROM_JINJA}

QUOTING = frozenset(quoting.FILTERS)
"""Filters whose result may stand in a text template as it is."""
