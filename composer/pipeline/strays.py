"""Branches that the composer made for sites that are delivered elsewhere now, or that the fleet no longer has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from composer.diagnostic import Diagnostic, Place, Related, Severity, error, warning
from composer.git.repository import Head
from composer.model.fleet import Fleet
from composer.model.names import DEFAULT_BRANCH, PROPOSED
from composer.pipeline.branch import branch, is_promoted
from composer.pipeline.deliveries import Branches, Deliveries
from composer.pipeline.delivery import Delivery
from composer.pipeline.selection import is_readable
from composer.stages.publish import LOCK, locked_site

SHOWN = 10
"""Branches that a finding names."""


@dataclass(frozen=True, eq=False)
class Stray:
    """A branch in the repository *there*. *home* is the repository that has the site now, None where there is no such site."""

    site: str
    branch: str
    head: Head
    there: Delivery
    home: Delivery | None


def strays(targets: Deliveries, branches: Branches) -> list[Stray]:
    """All branches that are where no site of the fleet belongs, by repository and name. Branches that the composer did not
    make are nobody's business."""
    return [stray for target in targets.all.values() for stray in _in(target, targets, branches)]


def strays_of(targets: Deliveries, branches: Branches, sites: Sequence[str]) -> list[Stray]:
    """All strays; but none where each of these sites has its branch where it belongs, and not all repositories are opened: then
    no other branch is a matter of theirs. Raises Unopened where they have to be looked for elsewhere."""
    if targets.is_complete:
        return strays(targets, branches)
    fleet = branches.fleet
    known = (site for site in sites if site in fleet.sites and is_readable(fleet, site))
    if any(branch(fleet, site) not in branches.heads for site in known):
        targets.need_all()
    return []


def _in(target: Delivery, targets: Deliveries, branches: Branches) -> Iterator[Stray]:
    fleet, store = branches.fleet, branches.stores[target.repository.path]
    pattern = _pattern(fleet)
    named = ((pattern.fullmatch(name), name) for name in sorted(store.heads))
    candidates = [
        Stray(site, name, store.heads[name], target, targets.of(site) if site in fleet.sites else None)
        for found, name in named
        if found and not _belongs(fleet, targets, target, site := found["site"])
    ]
    locks = store.objects.objects([f"{stray.head.commit}:{LOCK}" for stray in candidates])
    for stray, lock in zip(candidates, locks, strict=True):
        if lock and locked_site(lock[1]) == stray.site:
            yield stray


def _belongs(fleet: Fleet, targets: Deliveries, target: Delivery, site: str) -> bool:
    """Whether the site's branch is right there. Where a document is broken, nobody knows, so it is."""
    if site not in fleet.sites:
        return False
    return targets.of(site) is target or not is_readable(fleet, site)


def _pattern(fleet: Fleet) -> re.Pattern[str]:
    """What the branches look like that the fleet's sites are published to."""
    written = (fleet.document.data["spec"].get("delivery") or {}).get("branch") or DEFAULT_BRANCH
    first, *rest = map(re.escape, written.split("{site}"))
    last = re.escape(PROPOSED) if is_promoted(fleet) else ""
    return re.compile(f"{first}(?P<site>[^/]+?){'(?P=site)'.join(rest)}{last}")


def moved(fleet: Fleet, stray: Stray) -> Diagnostic:
    """The finding about a site whose branch is in another repository than the one it is to be in now."""
    assert stray.home
    message = (
        f"site {stray.site} is to be delivered to {stray.home.address}, and its branch is in {stray.there.address}, "
        "where its cluster looks"
    )
    promoted = "have it promoted there, " if is_promoted(fleet) else ""
    hint = (
        f"publish it with --move, {promoted}point its cluster at the new repository (composer bootstrap {stray.site}), "
        f"then take the old branch away (composer remove --stray {stray.site})"
    )
    related = [Related("the shards are written here", fleet.document.place(("spec", "delivery", "shards")))]
    return error("B059", message, Place(fleet.sites[stray.site]), hint=hint, related=related).at_site(stray.site)


def misplaced(targets: Deliveries, branches: Branches, sites: Sequence[str]) -> list[Diagnostic]:
    """What people should know of branches that are elsewhere than they look: for those of these sites that are to go to
    another repository, and, where these are all sites, for branches that are left over. Raises Unopened."""
    found = strays_of(targets, branches, sites)
    going = [stray for stray in found if is_moving(stray, branches)]
    chosen = set(sites)
    told = [moved(branches.fleet, stray) for stray in going if stray.site in chosen]
    rest = [stray for stray in found if stray not in going]
    return [
        *(replace(d, severity=Severity.WARNING) for d in told),
        *(left_over(rest) if chosen >= branches.fleet.sites.keys() else []),
    ]


def is_moving(stray: Stray, branches: Branches) -> bool:
    """Whether the site has no branch yet where it belongs."""
    return stray.home is not None and stray.branch not in branches.heads


def left_over(found: Sequence[Stray]) -> list[Diagnostic]:
    """A finding for each repository with branches that belong to no site there."""
    places = {stray.there.address: stray.there for stray in found}
    return [_left_over(there, [stray for stray in found if stray.there is there]) for there in places.values()]


def _left_over(there: Delivery, found: Sequence[Stray]) -> Diagnostic:
    names = ", ".join(stray.branch for stray in found[:SHOWN])
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    what = "1 branch is" if len(found) == 1 else f"{len(found):,} branches are"
    message = f"in {there.address}, {what} of no site there: {names}{more}"
    hint = f"their clusters go on with what they have; `composer remove --stray {found[0].site}` takes a branch away"
    return warning("B060", message, Place(there.address), hint=hint)
