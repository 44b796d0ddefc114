"""The filters and tests that templates know: one table each, and nothing that is not in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2.filters
import jinja2.tests

from composer.stages.render.filters import collections, numbers, quoting, strings

# fmt: off
_FILTERS_FROM_JINJA = (
    "default", "dictsort", "first", "groupby", "items", "last", "length", "list", "map", "max", "min",
    "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique",
)
_TESTS_FROM_JINJA = (
    "!=", "<", "<=", "==", ">", ">=", "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false",
    "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt",
    "mapping", "ne", "none", "number", "odd", "sequence", "string", "true", "undefined", "upper",
)
# fmt: on

_jinja_filters: dict[str, Any] = dict(jinja2.filters.FILTERS)
_jinja_tests: dict[str, Any] = dict(jinja2.tests.TESTS)

FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _jinja_filters[name] for name in _FILTERS_FROM_JINJA},
    **strings.FILTERS,
    **collections.FILTERS,
    **numbers.FILTERS,
    **quoting.FILTERS,
}

TESTS: dict[str, Callable[..., Any]] = {**{name: _jinja_tests[name] for name in _TESTS_FROM_JINJA}, **strings.TESTS}
