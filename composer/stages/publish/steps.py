"""The step each site's branch has to take, worked out for many sites at a time, whichever repository they are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from composer.git.batch import Batch
from composer.git.repository import Head
from composer.model.names import active_branch
from composer.stages.publish.branches import BranchState, read_branches
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.plan import SitePlan, plan_site, unchanged
from composer.stages.publish.volumes import hold_volumes

_CHUNK = 64
"""Sites in memory at a time."""


@dataclass(frozen=True, eq=False)
class Store:
    """A delivery repository while it is read: its *objects*, and where its branches stood (branch -> Head)."""

    objects: Batch
    heads: Mapping[str, Head]


Stores = Callable[[str], Store]
"""Site -> the repository that has its branch."""

Planned = tuple[SiteFiles, SitePlan]


def plans(
    store_of: Stores, sites: Iterable[SiteFiles], *, adopt: bool = False, shrink: bool = False
) -> Iterator[Planned]:
    """Each site with the plan for its branch, in order. Only branches that hold another tree are read.

    Unless they may *shrink*, a volume that would become smaller is a finding.
    """
    for some in _chunks(sites):
        states = _states(store_of, some)
        for site in some:
            store = store_of(site.site)
            head = store.heads.get(site.branch)
            if head and head.tree == site.tree:
                yield site, unchanged(site, head.commit)
            else:
                state = states.get(site.site)
                plan = plan_site(site, state, adopt=adopt, starts=bool(state and not head))
                yield site, plan if shrink else hold_volumes(store.objects, site, plan)


def _states(store_of: Stores, sites: Sequence[SiteFiles]) -> dict[str, BranchState]:
    """Site -> the state of its branch, for those whose branch holds another tree; each repository is asked once."""
    asked: dict[int, tuple[Store, list[tuple[str, Head]]]] = {}
    for site in sites:
        store = store_of(site.site)
        # A proposed branch that is not there yet begins at its active one.
        head = store.heads.get(site.branch)
        base = head or store.heads.get(active_branch(site.branch))
        if base and (head is None or head.tree != site.tree):
            asked.setdefault(id(store), (store, []))[1].append((site.site, base))
    return {
        site: state
        for store, stale in asked.values()
        for (site, _), state in zip(stale, read_branches(store.objects, stale), strict=True)
    }


def _chunks(sites: Iterable[SiteFiles]) -> Iterator[Sequence[SiteFiles]]:
    remaining = iter(sites)
    while some := list(islice(remaining, _CHUNK)):
        yield some
