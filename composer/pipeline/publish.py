"""Publishing a fleet: guards first, then the sites, each on its own branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from composer.diagnostic import Diagnostic, Place, Rejected
from composer.git.source import Source
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.changed import Changed
from composer.pipeline.committed import committed
from composer.pipeline.deliveries import Deliveries, deliveries, reading
from composer.pipeline.plan_file import Pin
from composer.pipeline.records import records_of
from composer.pipeline.review import Review, Stale
from composer.pipeline.signatures import signer
from composer.pipeline.strays import is_moving, left_over, moved, strays
from composer.stages.publish import Publisher, SitePlan, SiteResult, Terms, check_branches


@dataclass(frozen=True, slots=True)
class Order:
    """What to publish: the *sites*, by how many processes, and what may be overwritten, become smaller, be uncommitted or
    go to another repository.

    With *pins*, exactly what was reviewed of the sites is published; with *keep_going*, those of them that are still what
    was reviewed although others are not.
    """

    sites: Sequence[str]
    jobs: int
    adopt: bool = False
    shrink: bool = False
    allow_dirty: bool = False
    move: bool = False
    pins: Mapping[str, Pin] | None = None
    keep_going: bool = False


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
    was reviewed; then nothing was published."""
    source = _guarded(fleet, order)
    with deliveries(fleet) as targets, reading(fleet, targets.repositories, targets.repository) as branches:
        if order.adopt:
            # A hold may lie below what others committed, where a mirror does not see it yet.
            for target, sites in targets.groups(fleet.sites):
                records_of(fleet, target, sites)
            branches.look(targets.repositories)
        # What was reviewed is all that is published: no hub comes in addition.
        link = branches.link if order.pins is None else None
        changed = Changed(fleet, branches.heads, order.jobs, link)
        review = Review(fleet, order.pins or {}, targets.sharding.portable)
        misplaced = strays(targets, branches)
        going = {stray.site: moved(fleet, stray) for stray in misplaced if is_moving(stray, branches)}

        def check(step: SitePlan) -> SitePlan:
            if step.site in going and not order.move:
                step = replace(step, findings=(*step.findings, going[step.site]))
            return review.check(step) if order.pins is not None else step

        terms = Terms(order.adopt, order.shrink, check, signer(fleet))
        results = _commit(targets, changed, review, terms, order, source)
        rest = [stray for stray in misplaced if stray.site not in going]
        told = left_over(rest) if set(order.sites) >= fleet.sites.keys() else []
    at_door = {result.site for result in results}
    findings = [*told, *changed.findings, *(d for result in results for d in result.findings), *review.stale.values()]
    return Published(
        source,
        targets.label,
        results,
        tuple(site for site in changed.unchanged if site not in review.stale),
        tuple(sorted({*changed.failed, *review.stale} - at_door)),
        tuple(findings),
        tuple(sorted(review.stale)),
    )


def _guarded(fleet: Fleet, order: Order) -> Source:
    """The source, once nothing speaks against publishing at all. Raises Rejected."""
    places = {name: Place(file) for name, file in fleet.sites.items()}
    findings = check_branches({name: branch(fleet, name) for name in fleet.sites}, places)
    if findings:
        raise Rejected(findings)
    return committed(fleet, allow_dirty=order.allow_dirty)


def _commit(
    targets: Deliveries, changed: Changed, review: Review, terms: Terms, order: Order, source: Source
) -> tuple[SiteResult, ...]:
    """The results of the sites that reached their branch's door, in order. Raises Stale before any branch moves."""
    with Publisher(targets.repositories, targets.repository, source, terms) as publisher:
        names = [name for name in order.sites if name in changed.fleet.sites]
        made = list(publisher.take(changed.files(names)))
        if order.pins is not None:
            review.complete(changed.unchanged, changed.failed, changed.heads)
        if review.stale and not order.keep_going:
            raise Stale([*changed.findings, *review.stale.values()])
        made += publisher.finish()
    return tuple(sorted(targets.send(made), key=lambda result: result.site))
