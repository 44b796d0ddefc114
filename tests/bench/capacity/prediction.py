"""What the composer's own formulas say of the memory of a broker's process."""

from __future__ import annotations

from composer.model.constants import PACKAGED, Constants
from composer.stages.wire.sizing.demand import Demand
from composer.stages.wire.sizing.sizes import LINES, amounts_of


def predicted(release: str, *, tls: bool = False, **sums: float) -> float:
    """Bytes that a process should take; *sums* are those of the demand. The kernel's sockets are no part of a process."""
    line = LINES[release]
    amounts = {**PACKAGED.amounts, "kernelSocket": 0.0}
    if not tls:
        amounts[f"{line}.tls"] = 0.0
    return amounts_of(Demand(**sums), Constants(amounts), line, 1.0, 0, 1)["memory"]


def queue(messages: int, payload: int) -> dict[str, float]:
    """The sums of a broker that holds so many messages of so many bytes for a component that starts again."""
    restart = PACKAGED["restart"]
    return {"jobRate": messages / restart, "jobBytes": messages * payload / restart}
