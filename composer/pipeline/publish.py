"""Publishing a fleet: guards first, then the sites, each on its own branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from composer.diagnostic import Diagnostic, Place, Rejected
from composer.git.source import Source
from composer.model.fleet import Fleet
from composer.pipeline.branch import active, branch, is_promoted
from composer.pipeline.changed import Changed
from composer.pipeline.committed import committed
from composer.pipeline.deliveries import Branches, Deliveries, Sharding, deliveries, reading, with_needed
from composer.pipeline.guards import Guarded, Losses, too_many_sites
from composer.pipeline.plan_file import Pin
from composer.pipeline.promotion import metadata_of, write_notes
from composer.pipeline.records import records_of
from composer.pipeline.review import Review, Stale
from composer.pipeline.selection import may_be_hub
from composer.pipeline.signatures import signer
from composer.pipeline.strays import Stray, is_moving, left_over, moved, strays_of
from composer.pipeline.watch import Phase, Watch, counted, unwatched
from composer.stages.load import possible_hubs
from composer.stages.publish import Publisher, SitePlan, SiteResult, Terms, check_branches


@dataclass(frozen=True, slots=True)
class Order:
    """What to publish: the *sites*, by how many processes, and what may be overwritten, become smaller, be uncommitted, go
    to another repository or disappear in great numbers.

    With *pins*, exactly what was reviewed of the sites is published; with *keep_going*, those of them that are still what
    was reviewed although others are not.
    """

    sites: Sequence[str]
    jobs: int
    adopt: bool = False
    shrink: bool = False
    allow_dirty: bool = False
    move: bool = False
    removal: bool = False
    pins: Mapping[str, Pin] | None = None
    keep_going: bool = False
    watch: Watch = unwatched


@dataclass(frozen=True, eq=False)
class Published:
    """What became of every site: *results* of those that reached their branch's door, and *failed* ones that did not.

    *stale* are those that were not what was reviewed.
    """

    source: Source
    repository: str
    results: tuple[SiteResult, ...]
    unchanged: tuple[str, ...]
    failed: tuple[str, ...]
    findings: tuple[Diagnostic, ...] = field(repr=False)
    stale: tuple[str, ...] = ()


def publish_sites(fleet: Fleet, order: Order) -> Published:
    """Commits the sites to their branches. Raises Rejected where a guard refuses, and Stale where a site is no longer what
    was reviewed; then nothing was published. Of several repositories, those that the sites need are opened."""
    source = _guarded(fleet, order)
    return with_needed(fleet, order.sites, lambda sharding, keys: _publish(sharding, keys, order, source))


def _publish(sharding: Sharding, keys: frozenset[str], order: Order, source: Source) -> Published:
    """Publishes to the repositories of *keys*. Raises Unopened before any branch moves, where they are not enough."""
    fleet = sharding.fleet
    with deliveries(sharding, keys) as targets, reading(fleet, targets.repositories, targets.repository) as branches:
        if order.adopt:
            # A hold may lie below what others committed, where a mirror does not see it yet.
            for target, sites in targets.groups(fleet.sites if targets.is_complete else order.sites):
                records_of(fleet, target, sites)
            branches.look(targets.repositories)
        misplaced = _misplaced(targets, branches, order)
        _guard_sites(branches, misplaced, order)

        def fetch(hubs: Sequence[str]) -> None:
            if hubs:
                targets.need_all()

        # What was reviewed is all that is published: no hub comes in addition.
        changed = Changed(fleet, branches.heads, order.jobs, branches, fetch, alone=order.pins is not None)
        going = {stray.site: moved(fleet, stray) for stray in misplaced if is_moving(stray, branches)}
        checks = _Checks(order, Review(fleet, order.pins or {}, targets.sharding.portable), going)
        terms = Terms(order.adopt, order.shrink, checks.check, signer(fleet, order.jobs), metadata_of(fleet, source))
        results = _commit(targets, changed, checks, terms, source)
        notes = write_notes(fleet, targets, results, changed.unchanged, source) if is_promoted(fleet) else []
    stale = checks.review.stale
    at_door = {result.site for result in results}
    rest = [stray for stray in misplaced if stray.site not in going]
    told = left_over(rest) if set(order.sites) >= fleet.sites.keys() else []
    return Published(
        source,
        targets.label,
        results,
        tuple(site for site in changed.unchanged if site not in stale),
        tuple(sorted({*changed.failed, *stale} - at_door)),
        (*told, *changed.findings, *(d for result in results for d in result.findings), *stale.values(), *notes),
        tuple(sorted(stale)),
    )


@dataclass(eq=False)
class _Checks:
    """What stands against single steps, and against all of them together. *going* are sites that change repositories."""

    order: Order
    review: Review
    going: Mapping[str, Diagnostic]
    losses: Losses = field(default_factory=Losses)

    def check(self, step: SitePlan) -> SitePlan:
        if step.site in self.going and not self.order.move:
            step = replace(step, findings=(*step.findings, self.going[step.site]))
        if self.order.pins is not None:
            step = self.review.check(step)
        self.losses.count(step)
        return step

    def complete(self, changed: Changed) -> None:
        """Once all sites were looked at. Raises Stale or Guarded where none must be published."""
        if self.order.pins is not None:
            self.review.complete(changed.unchanged, changed.failed, changed.heads)
        if self.review.stale and not self.order.keep_going:
            raise Stale([*changed.findings, *self.review.stale.values()])
        lost = self.losses.finding(changed.fleet)
        if lost and not self.order.removal:
            raise Guarded([*changed.findings, lost])


def _misplaced(targets: Deliveries, branches: Branches, order: Order) -> list[Stray]:
    """The branches that are where no site belongs, as far as they stand against publishing these sites. A hub shuts out the
    sites that are gone, wherever their branches are. Raises Unopened."""
    if not targets.is_complete and _has_hub(branches.fleet, order.sites):
        targets.need_all()
    return strays_of(targets, branches, () if order.move else order.sites)


def _has_hub(fleet: Fleet, sites: Sequence[str]) -> bool:
    """Whether one of the sites is a hub: because others name it, or because it says so."""
    return any(may_be_hub(fleet, site) for site in sites if site in fleet.sites) or not possible_hubs(fleet).isdisjoint(
        sites
    )


def _guard_sites(branches: Branches, misplaced: Sequence[Stray], order: Order) -> None:
    """Raises Guarded where so many sites are gone from the fleet that hubs would shut out sites that are still there."""
    gone = sorted({stray.site for stray in misplaced if stray.home is None})
    others = sum(branch(branches.fleet, site) in branches.heads for site in branches.fleet.sites)
    many = too_many_sites(branches.fleet, gone, others)
    if many and not order.removal:
        raise Guarded([many])


def _guarded(fleet: Fleet, order: Order) -> Source:
    """The source, once nothing speaks against publishing at all. Raises Rejected."""
    places = {name: Place(file) for name, file in fleet.sites.items()}
    findings = check_branches({name: active(fleet, name) for name in fleet.sites}, places)
    if findings:
        raise Rejected(findings)
    return committed(fleet, allow_dirty=order.allow_dirty)


def _commit(
    targets: Deliveries, changed: Changed, checks: _Checks, terms: Terms, source: Source
) -> tuple[SiteResult, ...]:
    """The results of the sites that reached their branch's door, in order. Raises Rejected before any branch moves."""
    watch = checks.order.watch
    with Publisher(targets.repositories, targets.repository, source, terms) as publisher:
        names = [name for name in checks.order.sites if name in changed.fleet.sites]
        sites = counted(changed.files(names), watch, len(names), lambda: len(changed.unchanged) + len(changed.failed))
        made = list(publisher.take(sites))
        checks.complete(changed)
        watch(Phase.MOVING, 0, len(names))
        made += publisher.finish()
    watch(Phase.PUSHING, 0, len(names))
    return tuple(sorted(targets.send(made), key=lambda result: result.site))
