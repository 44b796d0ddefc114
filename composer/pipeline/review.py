"""A reviewed plan against the fleet and the branches as they are now: what is published is what was reviewed, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from composer.diagnostic import Diagnostic, Place, Rejected, did_you_mean, error
from composer.git.repository import Head
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.plan_file import Pin, Plan
from composer.stages.publish import SitePlan

_AGAIN = "save a new plan with `composer diff --save`, and have it reviewed"


class Stale(Rejected):
    """What was reviewed is not what would be published; nothing was."""


@dataclass(eq=False)
class Review:
    """The *pins* of the sites to publish. *stale* fills up with the sites that are no longer what was reviewed."""

    fleet: Fleet
    pins: Mapping[str, Pin]
    repository_of: Callable[[str], str]
    stale: dict[str, Diagnostic] = field(default_factory=dict)

    def check(self, step: SitePlan) -> SitePlan:
        """The step to be taken, with a finding where it is another one than was reviewed."""
        self._compare(step.site, step.branch, Head(step.parent, step.tree), holds=step.is_empty)
        stale = self.stale.get(step.site)
        return replace(step, findings=(*step.findings, stale)) if stale else step

    def complete(self, unchanged: Iterable[str], failed: Iterable[str], heads: Mapping[str, Head]) -> None:
        """Looks at the sites that have no step to take: their branches hold what they render to, they could not be
        rendered, or the fleet has them no longer."""
        for site in unchanged:
            name = branch(self.fleet, site)
            self._compare(site, name, heads[name], holds=True)
        for site in failed:
            self._note(site, "B056", f"site {site} cannot be rendered any more, so it is not what was reviewed")
        for site in self.pins:
            if site not in self.fleet.sites:
                self._note(site, "B056", f"site {site} was reviewed and is no longer in the fleet")

    def _compare(self, site: str, name: str, now: Head, *, holds: bool) -> None:
        pin = self.pins[site]
        there = self.repository_of(site)
        if there != pin.repository:
            message = f"site {site} was reviewed for the repository {pin.repository}, and is for {there} now"
            self._note(site, "B056", message)
        elif name != pin.branch:
            self._note(site, "B056", f"site {site} was reviewed for branch {pin.branch}, and is for {name} now")
        elif now.commit != pin.base and not (holds and now.tree == pin.tree):
            was, is_ = pin.base[:12] or "not there", now.commit[:12] or "not there"
            self._note(site, "B055", f"branch {name} has moved since the review: it was {was}, and is {is_} now", name)
        elif now.tree != pin.tree:
            message = (
                f"site {site} renders to another tree than was reviewed: {pin.tree[:12]} then, {now.tree[:12]} now"
            )
            self._note(site, "B056", message)

    def _note(self, site: str, code: str, message: str, place: str = "") -> None:
        where = Place(place or self.fleet.sites.get(site, self.pins[site].branch))
        self.stale[site] = error(code, message, where, hint=_AGAIN).at_site(site)


def check_plan(fleet: Fleet, plan: Plan, repositories: Iterable[str]) -> None:
    """Raises Rejected where the plan is for another fleet, or for other *repositories* than this fleet's."""
    place = Place(plan.file)
    own = fleet.document.data["metadata"]["name"]
    if plan.fleet != own:
        raise Rejected([error("B054", f"the plan is for the fleet {plan.fleet!r}, and this is {own!r}", place)])
    there = sorted(set(repositories))
    others = sorted({pin.repository for pin in plan.sites.values()} - set(there))
    if others:
        message = (
            f"the plan is for the delivery repository {others[0]!r}, and this fleet is delivered to {', '.join(there)}"
        )
        raise Rejected([error("B054", message, place)])


def pins_of(plan: Plan, names: Iterable[str]) -> dict[str, Pin]:
    """The pins of these sites. Raises Rejected for those of which the plan says nothing."""
    chosen = list(names)
    unknown = [_unknown(plan, name) for name in chosen if name not in plan.sites]
    if unknown:
        raise Rejected(unknown)
    return {name: plan.sites[name] for name in chosen}


def _unknown(plan: Plan, name: str) -> Diagnostic:
    hint = did_you_mean(name, plan.sites) or "the plan holds the sites that `composer diff --save` was asked for"
    return error("B057", f"the plan says nothing of site {name!r}", Place(plan.file), hint=hint)
