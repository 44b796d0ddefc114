"""A site's sizing: the sums of its documents and the fleet's constants put into the formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from composer.model.constants import CONSTANTS, Constants
from composer.model.figures import Figure, Sizing, Term
from composer.model.stack import Component
from composer.model.units import quantity, show_quantity
from composer.source.document import Route
from composer.stages.wire.sizing.arithmetic import Traced
from composer.stages.wire.sizing.demand import SUMS, Demand, total
from composer.stages.wire.sizing.formulas import FORMULAS

LINES = {"2.0": "mosquitto20", "2.1": "mosquitto21"}
"""Release line as a parameter says it -> its group of constants."""


@lru_cache(maxsize=4096)
def as_quantity(amount: float) -> str:
    """Bytes as Kubernetes writes them: "1280Mi"."""
    return show_quantity(int(amount), binary=True)


PARAMETERS: Mapping[str, tuple[Route, Callable[[float], Any]]] = {
    "maxConnections": (("maxConnections",), int),
    "maxQueuedMessages": (("maxQueuedMessages",), int),
    "maxQueuedBytes": (("maxQueuedBytes",), as_quantity),
    "volume": (("storage", "size"), as_quantity),
    "memoryRequest": (("resources", "requests", "memory"), as_quantity),
    "memoryLimit": (("resources", "limits", "memory"), as_quantity),
}
"""Figure -> the ingress' parameter that says it outright, and how the figure is written where none does."""


MOST = {"maxConnections": 100_000.0, "maxQueuedMessages": 100_000_000.0, "maxQueuedBytes": 2047.0 * 2**20}
"""The most that the broker can be told."""


def line_of(ingress: Component | None) -> str:
    """The group of constants that hold for the site's broker."""
    return LINES.get(str(ingress.params.get("version")) if ingress else "", "mosquitto21")


def size(
    tenants: Mapping[str, Demand],
    ingress: Component | None,
    constants: Constants,
    offline: float,
    front: Component | None = None,
) -> Sizing:
    """The sizing of a site; *offline* is in seconds, *front* what stands before the *ingress*."""
    line = line_of(ingress)
    chosen = {key: said for key, (route, _) in PARAMETERS.items() if (said := _said(ingress, route)) is not None}
    per_front = _said(front, ("maxConnections",)) or int(constants["frontConnections"])
    amounts = amounts_of(total(tenants), constants, line, offline, chosen.get("maxConnections", 0), per_front)
    given = {
        key: write(min(amounts[key], MOST.get(key, amounts[key]))) for key, (_, write) in PARAMETERS.items()
    } | chosen
    _reconcile(given, chosen)
    sums = {tenant: demand.sums for tenant, demand in tenants.items()}
    return Sizing(amounts, sums, given, frozenset(chosen), line)


def replicas_of(front: Component, amounts: Mapping[str, float]) -> int:
    """The pods of a front: as a document says, or else as worked out."""
    return int(_said(front, ("replicas",)) or min(MOST_PODS, amounts["frontReplicas"]))


MOST_PODS = 100
"""Pods of a front at most."""


def _said(component: Component | None, route: Route) -> Any:
    found: Any = component.params if component else {}
    for step in route:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _reconcile(given: dict[str, Any], chosen: Mapping[str, Any]) -> None:
    """A request is never above its limit: what documents leave open gives way."""
    if quantity(given["memoryRequest"]) > quantity(given["memoryLimit"]):
        if "memoryRequest" not in chosen:
            given["memoryRequest"] = given["memoryLimit"]
        elif "memoryLimit" not in chosen:
            given["memoryLimit"] = given["memoryRequest"]


@lru_cache(maxsize=64)
def amounts_of(
    demand: Demand, constants: Constants, line: str, offline: float, allowed: int, per_front: int
) -> Mapping[str, float]:
    """Every figure, sum and constant by its key; *allowed* is how many connections a document allows, 0 where none does,
    *per_front* how many one pod of a front takes.
    """
    said = {"offline": offline, "allowed": allowed, "perFront": per_front}
    values = _Values({**_constants(constants, line), **demand.sums, **said})
    for formula in FORMULAS:
        values.__dict__[formula.key] = formula.work(values)
    return values.__dict__


@lru_cache(maxsize=64)
def _constants(constants: Constants, line: str) -> dict[str, float]:
    return {c.name: constants[c.key] for c in CONSTANTS if c.group in ("", line)}


class _Values:
    """A namespace that formulas read from."""

    def __init__(self, amounts: Mapping[str, Any]) -> None:
        self.__dict__.update(amounts)


_BY_KEY = {formula.key: formula for formula in FORMULAS}


def figure(amounts: Mapping[str, float], key: str) -> Figure | None:
    """The figure *key* with its formula and what that reads; None for what is no figure."""
    formula = _BY_KEY.get(key)
    if formula is None:
        return None
    traced = formula.work(_Values({name: Traced(amount, name, names=(name,)) for name, amount in amounts.items()}))
    assert isinstance(traced, Traced)
    inputs = tuple(Term(name, amounts[name], unit_of(name)) for name in dict.fromkeys(traced.names))
    return Figure(key, traced.amount, formula.unit, formula.meaning, traced.text, inputs)


def figures(amounts: Mapping[str, float], key: str) -> Iterable[Figure]:
    """The figure *key* and, after it, every figure that it follows from, each once."""
    pending, seen = [key], set[str]()
    while pending:
        name = pending.pop(0)
        found = figure(amounts, name) if name not in seen else None
        seen.add(name)
        if found:
            yield found
            pending += [term.key for term in found.inputs]


def explained_formulas() -> Iterable[Figure]:
    """Every formula, over amounts that mean nothing: for people who want to read them."""
    names = {*SUMS, *_SAID, *(constant.name for constant in CONSTANTS), *_BY_KEY}
    amounts = dict.fromkeys(sorted(names), 1.0)
    return (found for formula in FORMULAS if (found := figure(amounts, formula.key)))


_CONSTANT_UNITS = {
    "size": "bytes",
    "duration": "seconds",
    "rate": "a second",
    "percentage": "share",
    "quantity": "",
    "count": "",
}


_SAID = {"offline": "seconds", "allowed": "connections", "perFront": "connections"}
"""What formulas read besides figures, sums and constants: outright words of documents."""


def unit_of(key: str) -> str:
    """The unit of a figure, a sum or a constant."""
    if key in _BY_KEY:
        return _BY_KEY[key].unit
    if key in SUMS:
        return SUMS[key][0]
    if key in _SAID:
        return _SAID[key]
    return next(_CONSTANT_UNITS[c.unit] for c in CONSTANTS if c.name == key)
