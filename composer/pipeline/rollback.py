"""Rolling sites back: an earlier state of their branches, held until they are released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from composer.diagnostic import Diagnostic, Rejected
from composer.git.batch import Batch
from composer.git.commits import ancestors
from composer.git.repository import Head, heads
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.deliveries import Sharding, present_deliveries
from composer.pipeline.delivery import Delivery
from composer.pipeline.signatures import signer
from composer.pipeline.verify import absent_branch
from composer.pipeline.watch import Phase, Watch, unwatched
from composer.stages.publish import (
    Earlier,
    Outcome,
    SiteResult,
    Terms,
    branch_moved,
    earlier_state,
    read_record,
    set_back,
    state_at,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The *sites*, and whether their holds are to end, or *to* which commit they go back (None: to the state before).

    With *adopt*, what others committed is overwritten; with *shrink*, volumes may become smaller.
    """

    sites: Sequence[str]
    to: str | None = None
    release: bool = False
    adopt: bool = False
    shrink: bool = False


@dataclass(frozen=True, eq=False)
class RolledBack:
    """What became of every site; *results* has none of those that could not be looked at, which are *failed*."""

    results: tuple[SiteResult, ...]
    failed: tuple[str, ...]
    findings: tuple[Diagnostic, ...]


def roll_back(fleet: Fleet, wish: Wish, watch: Watch = unwatched) -> RolledBack:
    """Rolls the sites back, or releases them; one that cannot be does not hold the others up. Raises Rejected."""
    terms = Terms(wish.adopt, wish.shrink, signer=signer(fleet))
    results: list[SiteResult] = []
    findings: list[Diagnostic] = []
    sharding = Sharding(fleet)
    with present_deliveries(sharding, sharding.homes(wish.sites)) as targets:
        for target, sites in targets.groups(wish.sites):
            known = heads(target.repository)
            there = [site for site in sites if branch(fleet, site) in known]
            findings += (absent_branch(fleet, site) for site in sites if site not in there)
            target.deepen([branch(fleet, site) for site in there])
            for number, site in enumerate(there):
                watch(Phase.MOVING, number, len(there))
                try:
                    results.append(_one(target, site, branch(fleet, site), wish, terms))
                except Rejected as rejected:
                    findings += rejected.diagnostics
        watch(Phase.PUSHING, 0, len(results))
        results = targets.send(results)
    findings += (finding for result in results for finding in result.findings)
    tried = {result.site for result in results}
    return RolledBack(tuple(results), tuple(site for site in wish.sites if site not in tried), tuple(findings))


def _one(target: Delivery, site: str, name: str, wish: Wish, terms: Terms) -> SiteResult:
    repository = target.repository
    head = heads(repository, name).get(name)
    if head is None:
        return branch_moved(SiteResult(site, name, Outcome.MOVED), "")
    with repository.reading() as objects:
        if wish.release:
            earlier = _present(objects, site, name, head)
            if earlier is None:
                return SiteResult(site, name, Outcome.UNCHANGED, head.commit, head.commit)
        else:
            earlier = earlier_state(objects, site, name, list(ancestors(objects, head.commit)), wish.to)
    return set_back(repository, earlier, terms, hold=not wish.release)


def _present(objects: Batch, site: str, name: str, head: Head) -> Earlier | None:
    """The state that the site is held at; None where it is not held."""
    record = read_record(objects, site, name, head)
    return state_at(objects, site, name, record.last) if record.last and record.held else None
