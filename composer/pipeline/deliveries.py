"""The delivery repositories of a fleet, and which of them has the branch of which site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

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

    def portable(self, site: str) -> str:
        """The same, as it is in every clone of the fleet."""
        return portable(written(self.shards[self.of(site)]), self.fleet.root)

    @property
    def all_portable(self) -> list[str]:
        """All repositories, as they are in every clone of the fleet."""
        return [portable(written(shard), self.fleet.root) for shard in self.shards.values()]


@dataclass(frozen=True, eq=False)
class Deliveries:
    """The repositories of a fleet, opened: *all* by identity."""

    sharding: Sharding
    all: Mapping[str, Delivery]

    def of(self, site: str) -> Delivery:
        """The repository that has the site's branch."""
        return self.all[self.sharding.of(site)]

    def repository(self, site: str) -> Repository:
        return self.of(site).repository

    def groups(self, sites: Iterable[str]) -> list[tuple[Delivery, list[str]]]:
        """Each repository with those of the sites that belong there."""
        found: dict[str, list[str]] = {key: [] for key in self.all}
        for site in sites:
            found[self.sharding.of(site)].append(site)
        return [(self.all[key], names) for key, names in found.items()]

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


@contextmanager
def deliveries(fleet: Fleet) -> Iterator[Deliveries]:
    """The repositories for publishing, made or fetched. Raises Rejected where one cannot be had."""
    sharding = Sharding(fleet)
    with ExitStack() as stack:
        # Always in the same order, so that two publishers never wait for each other.
        opened = {key: stack.enter_context(delivery(fleet, shard)) for key, shard in sorted(sharding.shards.items())}
        yield Deliveries(sharding, opened)


@contextmanager
def present_deliveries(fleet: Fleet) -> Iterator[Deliveries]:
    """The repositories for reading, where nothing is made; one that is not there counts as empty. Raises Rejected."""
    sharding = Sharding(fleet)
    with ExitStack() as stack:
        opened = {}
        for key, shard in sorted(sharding.shards.items()):
            found = stack.enter_context(present_delivery(fleet, shard))
            opened[key] = found or Delivery(nothing(stack.enter_context(temporary_folder())))
        yield Deliveries(sharding, opened)


def nothing(folder: Path) -> Repository:
    """An empty repository in an empty folder."""
    return create_repository(folder / "nothing.git")


@dataclass(eq=False)
class Branches:
    """Where the branches of a fleet's sites stand, each in its own repository, while these are read.

    *where* tells which of the *stores* has a site's branch. *heads* are those of the sites that have a branch where it belongs.
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
            head = self.store(site).heads.get(branch(self.fleet, site))
            if head:
                self.heads[branch(self.fleet, site)] = head

    def link(self, site: str) -> Link | None:
        """What the site told its hub when its branch was written."""
        return published_link(self.store(site).objects, self.heads.get(branch(self.fleet, site)))

    def stands(self, site: str) -> str:
        """The commit at the site's branch, or ""."""
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
