"""The constants of one fleet: the packaged ones, with what its fleet.yaml says instead."""

from __future__ import annotations

from functools import lru_cache

from composer.diagnostic import Diagnostic, error
from composer.model.constants import CONSTANTS, PACKAGED, Constant, Constants, written_at
from composer.model.fleet import Fleet
from composer.model.units import UnitError


@lru_cache(maxsize=16)
def constants_of(fleet: Fleet) -> tuple[Constants, tuple[Diagnostic, ...]]:
    """The constants, and a finding for each that is no amount of its kind or out of its bounds."""
    spec = fleet.document.data["spec"]
    said = {c: written for c in CONSTANTS if (written := written_at(spec, c)) is not None}
    if not said:
        return PACKAGED, ()
    amounts, wrong = dict(PACKAGED.amounts), []
    for constant, written in said.items():
        fault = _fault(constant, written)
        if fault:
            wrong.append(error("W060", fault, fleet.document.place(constant.route)))
        else:
            amounts[constant.key] = constant.read(written)
    return Constants(amounts, frozenset(c.key for c in said)), tuple(wrong)


def _fault(constant: Constant, written: str | int) -> str:
    expected = f"capacity.{constant.key} is {written!r}; expected"
    try:
        amount = constant.read(written)
    except UnitError as wrong:
        return f"{expected} {wrong}"
    if not constant.read(constant.low) <= amount <= constant.read(constant.high):
        return f"{expected} from {constant.low} to {constant.high}"
    return ""
