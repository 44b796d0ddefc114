"""What one site needs and gets, as `composer capacity` shows it."""

from __future__ import annotations

from dataclasses import dataclass

from composer.diagnostic import Diagnostic
from composer.model.budget import UplinkDay
from composer.model.figures import Need


@dataclass(frozen=True, slots=True)
class SiteCapacity:
    """One site's rows, without any where it has errors.

    *traffic* and *idle* are the broker's bytes a second: payload that it takes and hands out, and what idle clients send.
    *reconnect* is the time in seconds until all clients are back after the broker was away, *saved* the seconds between two
    saves of the broker, which a power cut may cost, None where the site has no broker that says so; *uplink* is what goes
    over the uplink in a day, if there is one.
    """

    site: str
    ok: bool
    findings: tuple[Diagnostic, ...]
    needs: tuple[Need, ...] = ()
    traffic: float = 0
    idle: float = 0
    reconnect: float = 0
    saved: float | None = None
    uplink: UplinkDay | None = None

    @property
    def binding(self) -> Need | None:
        """The row with the least to spare, if anything is needed at all."""
        needed = [need for need in self.needs if need.needed]
        return min(needed, key=lambda need: need.headroom) if needed else None
