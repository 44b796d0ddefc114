"""Which site hangs on which hub, as a run gets to know it: hubs come after their sites, and nothing is worked out twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet
from composer.model.links import LinkSummary, TenantLink, links_digest
from composer.pipeline.cache import Cache, as_child
from composer.pipeline.children import Child, broken_child
from composer.pipeline.line import Line
from composer.pipeline.workers import spread
from composer.stages.load import link_of, load_site, possible_hubs

CACHE = "out/cache.json"

UNKNOWN = "unknown"
"""Stands for the children of a hub where not all can be read: nothing is made of them."""


class Links:
    """What is known of each site as somebody's child. It fills up while sites are composed; `complete` adds what is missing."""

    def __init__(self, fleet: Fleet, jobs: int) -> None:
        self.fleet = fleet
        self.jobs = jobs
        self.hubs = possible_hubs(fleet)
        self._known: dict[str, Child] = {}
        self._elsewhere: dict[str, str] = {}
        self._children: Mapping[str, Sequence[Child]] = {}
        self._shared: dict[tuple[TenantLink, ...], tuple[TenantLink, ...]] = {}

    @cached_property
    def cache(self) -> Cache:
        """What earlier runs have found out."""
        return Cache.read(self.fleet.root / CACHE, self.fleet)

    def keep(self) -> None:
        """Writes the cache; a disk that does not want it costs the next run some time."""
        if not self.cache.is_changed:
            return
        try:
            self.cache.write(self.fleet.root / CACHE)
        except OSError:
            return

    def children(self, hub: str) -> Sequence[Child]:
        """The sites whose hub this is, or may be, in order: all of them once `complete` was asked for the hub."""
        return self._children.get(hub, ())

    def learn(self, child: Child | None) -> None:
        """Keeps what was found out about a site. Equal summaries share their parts: ten thousand of them are small."""
        if child is None:
            return
        if child.summary is not None:
            tenants = self._shared.setdefault(child.summary.tenants, child.summary.tenants)
            child = replace(child, summary=replace(child.summary, tenants=tenants))
        self._known[child.site] = child

    def summary(self, site: str) -> LinkSummary | None:
        """What the site tells its hub, as far as this run knows."""
        child = self._known.get(site)
        return child.summary if child else None

    def levels(self, hubs: Iterable[str]) -> list[list[str]]:
        """The hubs, those first that have no hub below them, then those that hang on nothing else, and so on."""
        levels: dict[int, list[str]] = defaultdict(list)
        for hub in sorted(hubs):
            levels[self._height(hub, ())].append(hub)
        return [levels[height] for height in sorted(levels)]

    def complete(self, hubs: Sequence[str]) -> None:
        """Sees to it that all children of these hubs are known, the hubs among them after their own children."""
        wanted = self._with_lower(hubs)
        if wanted & self.hubs:
            leaves = (site for site in self.fleet.sites if site not in self.hubs and site not in self._known)
            self._look([site for site in leaves if self._elsewhere.get(site, hubs[0]) in wanted], wanted)
            lower = [hub for hub in wanted if hub not in hubs and hub not in self._known]
            for level in self.levels(lower):
                self._gather(level)
                self._look(level, wanted)
        self._gather(hubs)

    def _height(self, hub: str, passed: tuple[str, ...]) -> int:
        below = (h for h in self._below.get(hub, ()) if h != hub and h not in passed)
        return max((1 + self._height(h, (*passed, hub)) for h in below), default=0)

    @cached_property
    def _below(self) -> Mapping[str, Sequence[str]]:
        """Hub -> the hubs that hang on it, or may."""
        found: dict[str, list[str]] = defaultdict(list)
        for site in sorted(self.hubs):
            for hub in hubs_of(self.fleet, site):
                found[hub].append(site)
        return found

    def _with_lower(self, hubs: Iterable[str]) -> frozenset[str]:
        """These hubs, and all that hang on them, however far below."""
        found: set[str] = set()
        waiting = list(hubs)
        while waiting:
            hub = waiting.pop()
            if hub not in found:
                found.add(hub)
                waiting += self._below.get(hub, ())
        return frozenset(found)

    def _look(self, sites: Sequence[str], hubs: frozenset[str]) -> None:
        """Looks at sites: in the cache, and those that no run has seen as they are now by several processes."""
        unseen: list[str] = []
        for site in sorted(sites):
            entry = self.cache.known(site)
            if entry is None:
                unseen.append(site)
            else:
                self.learn(as_child(site, entry))
        if not unseen:
            return
        line = Line(self.fleet, self.children)

        def lost(site: str) -> Child:
            fault = error("T090", f"the process looking at site {site} died", Place(self.fleet.sites[site]))
            return broken_child(self.fleet, site, fault)

        for child in spread(lambda site: line.look(site, hubs), unseen, self.jobs, lost):
            if child.hubs and child.summary is None and child.fault is None:
                self._elsewhere[child.site] = child.hubs[0]
            else:
                self.learn(child)

    def _gather(self, hubs: Iterable[str]) -> None:
        """Lists the children of every hub as they are known by now; of *hubs*, all are."""
        found: dict[str, list[Child]] = defaultdict(list)
        for site in sorted(self._known):
            for hub in self._known[site].hubs:
                found[hub].append(self._known[site])
        self._children = found
        for hub in hubs:
            summaries = [child.summary for child in found[hub] if child.summary]
            known = len(summaries) == len(found[hub])
            self.cache.know_children(hub, links_digest(summaries) if known else UNKNOWN)


def hubs_of(fleet: Fleet, site: str) -> tuple[str, ...]:
    """The hub of a site, or nothing where it has none; where its document cannot be understood, all that it may have."""
    try:
        link = link_of(fleet, load_site(fleet, site))
    except Rejected:
        return broken_child(fleet, site).hubs
    return (link.hub,) if link else ()
