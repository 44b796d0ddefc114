"""The delivery repositories of a fleet, and which of them has the branch of which site."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

from composer.diagnostic import Rejected
from composer.git.address import identity, portable
from composer.git.repository import Head, Repository, create_repository, heads
from composer.model.fleet import Fleet
from composer.model.shards import Shard, shard_for, shards_of
from composer.pipeline.branch import branch, published_link
from composer.pipeline.delivery import Delivery, address_findings, delivery, present_delivery, written
from composer.pipeline.selection import labels_of
from composer.source.temporary import temporary_folder
from composer.stages.publish import Link, SiteResult, Store, hubs_told, trailers_of

Result = TypeVar("Result")


class Unopened(Exception):  # noqa: N818 - it says what to do, and nothing went wrong
    """The repositories of these identities have to be opened too."""

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__(*sorted(keys))
        self.keys = keys


class Sharding:
    """Which repository has which site, by what the fleet and the site's labels say. A repository is known by its identity.

    Raises Rejected for addresses of a kind that is not allowed.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._shards = shards_of(fleet.document.data)
        # Nothing is made or fetched while one of the addresses cannot be used.
        refused = [finding for shard in self._shards for finding in address_findings(fleet, shard)]
        if refused:
            raise Rejected(refused)
        self._ids = {shard.name: identity(written(shard), fleet.root) for shard in self._shards}
        self.of = lru_cache(maxsize=None)(self._of)

    @cached_property
    def shards(self) -> Mapping[str, Shard]:
        """Each repository once, with the shard that names it first."""
        return {self._ids[shard.name]: shard for shard in reversed(self._shards)}

    def _of(self, site: str) -> str:
        """The repository that has the site's branch. Of a site whose document is broken, the one of all others."""
        if len(self.shards) == 1:
            return self._ids[""]
        return self._ids[shard_for(self._shards, labels_of(self.fleet, site)).name]

    def homes(self, sites: Iterable[str]) -> frozenset[str]:
        """The repositories that have the branches of these sites, as far as they are in the fleet."""
        return frozenset(self.of(site) for site in sites if site in self.fleet.sites)

    def portable(self, site: str) -> str:
        """The same, as it is in every clone of the fleet."""
        return portable(written(self.shards[self.of(site)]), self.fleet.root)

    @property
    def all_portable(self) -> list[str]:
        """All repositories, as they are in every clone of the fleet."""
        return [portable(written(shard), self.fleet.root) for shard in self.shards.values()]


@dataclass(frozen=True, eq=False)
class Deliveries:
    """The repositories of a fleet, or those of them that are needed, opened: *all* by identity."""

    sharding: Sharding
    all: Mapping[str, Delivery]

    def of(self, site: str) -> Delivery:
        """The repository that has the site's branch. Raises Unopened."""
        key = self.sharding.of(site)
        if key not in self.all:
            raise Unopened(frozenset([key]))
        return self.all[key]

    @property
    def is_complete(self) -> bool:
        return self.all.keys() == self.sharding.shards.keys()

    def need_all(self) -> None:
        """For what is to be known of every repository. Raises Unopened where some are not opened."""
        if not self.is_complete:
            raise Unopened(frozenset(self.sharding.shards))

    def repository(self, site: str) -> Repository:
        return self.of(site).repository

    def groups(self, sites: Iterable[str]) -> list[tuple[Delivery, list[str]]]:
        """Each repository with those of the sites that belong there."""
        found: dict[str, tuple[Delivery, list[str]]] = {key: (opened, []) for key, opened in self.all.items()}
        for site in sites:
            found[self.sharding.of(site)][1].append(site)
        return list(found.values())

    @property
    def repositories(self) -> Sequence[Repository]:
        return [found.repository for found in self.all.values()]

    @property
    def label(self) -> str:
        """How people know them."""
        addresses = [found.address for found in self.all.values()]
        return addresses[0] if len(addresses) == 1 else f"{len(addresses)} repositories"

    def send(self, results: Sequence[SiteResult]) -> list[SiteResult]:
        """The results of publishing once every server has answered; one that does not holds no other up."""
        made = {result.site: result for result in results}
        return [r for target, sites in self.groups(made) for r in target.send([made[site] for site in sites])]


def with_needed(fleet: Fleet, sites: Collection[str], work: Callable[[Sharding, frozenset[str]], Result]) -> Result:
    """What *work* gives, which is told the repositories that it may open: those of the sites, or all, where these are all
    sites. Where it turns out to need others (it raises Unopened), it begins again with them."""
    sharding = Sharding(fleet)
    are_all = len(sharding.shards) == 1 or set(sites) >= fleet.sites.keys()
    keys = frozenset() if are_all else sharding.homes(sites)
    keys = keys or frozenset(sharding.shards)
    while True:
        try:
            return work(sharding, keys)
        except Unopened as further:
            keys |= further.keys


@contextmanager
def deliveries(sharding: Sharding, keys: Collection[str] | None = None) -> Iterator[Deliveries]:
    """The repositories for publishing, or those of *keys*, made or fetched. Raises Rejected where one cannot be had."""
    with ExitStack() as stack:
        # Always in the same order, so that two publishers never wait for each other.
        opened = {key: stack.enter_context(delivery(sharding.fleet, shard)) for key, shard in _chosen(sharding, keys)}
        yield Deliveries(sharding, opened)


@contextmanager
def present_deliveries(sharding: Sharding, keys: Collection[str] | None = None) -> Iterator[Deliveries]:
    """The repositories for reading, or those of *keys*, where nothing is made; one that is not there counts as empty. Raises
    Rejected."""
    with ExitStack() as stack:
        opened = {}
        for key, shard in _chosen(sharding, keys):
            found = stack.enter_context(present_delivery(sharding.fleet, shard))
            opened[key] = found or Delivery(nothing(stack.enter_context(temporary_folder())))
        yield Deliveries(sharding, opened)


def _chosen(sharding: Sharding, keys: Collection[str] | None) -> list[tuple[str, Shard]]:
    return [(key, shard) for key, shard in sorted(sharding.shards.items()) if keys is None or key in keys]


def nothing(folder: Path) -> Repository:
    """An empty repository in an empty folder."""
    return create_repository(folder / "nothing.git")


@dataclass(eq=False)
class Branches:
    """Where the branches of a fleet's sites stand, each in its own repository, while these are read.

    *where* tells which of the *stores* has a site's branch, or raises Unopened. *heads* are those of the sites that have a
    branch where it belongs.
    """

    fleet: Fleet
    where: Callable[[str], Path]
    stores: Mapping[Path, Store]
    heads: dict[str, Head] = field(default_factory=dict)

    def store(self, site: str) -> Store:
        return self.stores[self.where(site)]

    def look(self, repositories: Sequence[Repository]) -> None:
        """Looks where the branches stand now."""
        self.stores = {r.path: Store(self.stores[r.path].objects, heads(r)) for r in repositories}
        if len(self.stores) == 1:
            (store,) = self.stores.values()
            self.heads.update(store.heads)
            return
        for site in self.fleet.sites:
            with suppress(Unopened):
                head = self.store(site).heads.get(branch(self.fleet, site))
                if head:
                    self.heads[branch(self.fleet, site)] = head

    def link(self, site: str) -> Link | None:
        """What the site told its hub when its branch was written."""
        return published_link(self.store(site).objects, self.heads.get(branch(self.fleet, site)))

    def stands(self, site: str) -> str:
        """The commit at the site's branch, or "". Raises Unopened."""
        self.where(site)
        head = self.heads.get(branch(self.fleet, site))
        return head.commit if head else ""

    def left_behind(self, site: str) -> list[str]:
        """The hubs to which the site told something new when its branch was written, and whose branches have not moved since."""
        (commit,) = self.store(site).objects.contents([self.stands(site)])
        told = hubs_told(trailers_of(commit))
        return [hub for hub, stood in told.items() if hub in self.fleet.sites and self.stands(hub) == stood]


@contextmanager
def reading(fleet: Fleet, repositories: Sequence[Repository], where: Callable[[str], Repository]) -> Iterator[Branches]:
    """The branches of a fleet that is delivered to these repositories."""
    with ExitStack() as stack:
        stores = {r.path: Store(stack.enter_context(r.reading()), {}) for r in repositories}
        branches = Branches(fleet, lambda site: where(site).path, stores)
        branches.look(repositories)
        yield branches
