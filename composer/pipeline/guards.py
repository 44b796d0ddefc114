"""How much may disappear in one go: more than that is far more often a mistake than meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from composer.diagnostic import Diagnostic, Rejected, error
from composer.model.fleet import Fleet
from composer.model.units import percentage
from composer.model.wording import count, first_few
from composer.stages.publish import SitePlan

DEFAULTS = {"sites": "20%", "objects": "50%"}
"""Shares that may disappear where the fleet says nothing; judgement, since nobody has measured what people mean."""

ALWAYS = {"sites": 1, "objects": 10}
"""As many may always disappear: what small fleets lose in everyday work."""

ALLOW = "--allow-removal"


class Guarded(Rejected):
    """A guard stands against it; nothing was done."""


@dataclass(eq=False)
class Losses:
    """What the sites that change lose: of *before* objects on their branches, *removed* ones."""

    before: int = 0
    removed: int = 0

    def count(self, step: SitePlan) -> None:
        if not step.findings:
            self.before += step.before
            self.removed += step.objects_removed

    def finding(self, fleet: Fleet) -> Diagnostic | None:
        """Why they are too many, if they are."""
        what = f"{self.removed:,} of the {count(self.before, 'object')} at the sites that change would be removed"
        return _too_many(fleet, "objects", self.removed, self.before, what)


def too_many_sites(fleet: Fleet, gone: Sequence[str], others: int) -> Diagnostic | None:
    """The finding where too many sites are gone from the fleet; *others* are those that are still there."""
    verb = "is" if len(gone) == 1 else "are"
    with_branch = count(len(gone) + others, "site")
    what = f"{len(gone):,} of {with_branch} with a branch {verb} no longer in the fleet: {first_few(gone)}"
    return _too_many(fleet, "sites", len(gone), len(gone) + others, what)


def _too_many(fleet: Fleet, kind: str, number: int, whole: int, what: str) -> Diagnostic | None:
    said = (fleet.document.data["spec"].get("delivery") or {}).get("removal") or {}
    share = said.get(kind, DEFAULTS[kind])
    if number <= max(ALWAYS[kind], percentage(share) * whole):
        return None
    place = fleet.document.place(("spec", "delivery", "removal", kind))
    hint = (
        f"if it is meant, say {ALLOW}; delivery.removal.{kind} in fleet.yaml says how much goes without (now {share})"
    )
    return error("B064", f"{what}, more than {share}", place, hint=hint)
