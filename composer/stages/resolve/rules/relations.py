"""What parameters that stand side by side ask of each other: `required`, `dependencies` and `excludes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Related = Callable[[Mapping[str, Any]], bool]


def relations_of(schema: Mapping[str, Mapping[str, Any]]) -> Related | None:
    """The test that parameters fit together, as cerberus sees it; None where nothing is asked."""
    required = frozenset(name for name, rule in schema.items() if rule.get("required") is True)
    excludes = {name: as_list(rule["excludes"]) for name, rule in schema.items() if "excludes" in rule}
    needs = {name: rule["dependencies"] for name, rule in schema.items() if "dependencies" in rule}
    if not (required or excludes or needs):
        return None

    def test(params: Mapping[str, Any]) -> bool:
        if any(name in params and not _met(wanted, params) for name, wanted in needs.items()):
            return False
        here = [name for name in excludes if name in params]
        if any(other in params for name in here for other in excludes[name]):
            return False
        spared = {x for name in here for x in (name, *excludes[name])} & required
        if spared and all(params.get(name) is None for name in spared):
            return False
        return all(name in params for name in required - spared)

    return test


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _met(wanted: Any, params: Mapping[str, Any]) -> bool:
    """Whether the parameters that another depends on are there, with one of the values it asks for."""
    if isinstance(wanted, Mapping):
        return all(params.get(name) in as_list(values) for name, values in wanted.items())
    return all(name in params for name in as_list(wanted))
