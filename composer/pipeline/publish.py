"""Publishing a fleet: guards first, then the sites, each on its own branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.repository import heads
from composer.git.source import Source, source_of
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch, published_link
from composer.pipeline.changed import Changed
from composer.pipeline.delivery import delivery
from composer.stages.publish import SiteResult, check_branches, publish


@dataclass(frozen=True, eq=False)
class Published:
    """What became of every site: *results* of those that reached their branch's door, and *failed* ones that did not."""

    source: Source
    repository: str
    results: tuple[SiteResult, ...]
    unchanged: tuple[str, ...]
    failed: tuple[str, ...]
    findings: tuple[Diagnostic, ...] = field(repr=False)


def publish_sites(
    fleet: Fleet, names: Sequence[str], jobs: int, *, adopt: bool, allow_dirty: bool, shrink: bool = False
) -> Published:
    """Commits the sites to their branches. Raises Rejected where a guard refuses; then nothing was written."""
    places = {name: Place(file) for name, file in fleet.sites.items()}
    findings = check_branches({name: branch(fleet, name) for name in fleet.sites}, places)
    if findings:
        raise Rejected(findings)
    source = source_of(fleet.root)
    if source.dirty and not allow_dirty:
        raise Rejected([_dirty(fleet, source)])
    with delivery(fleet) as target, target.repository.reading() as objects:
        known = heads(target.repository)
        changed = Changed(fleet, known, jobs, lambda name: published_link(objects, known.get(name)))
        made = publish(target.repository, changed.files(names), source, adopt=adopt, shrink=shrink)
        results = target.send(tuple(made))
    results = tuple(sorted(results, key=lambda result: result.site))
    found = [*changed.findings, *(d for result in results for d in result.findings)]
    return Published(source, target.address, results, tuple(changed.unchanged), tuple(changed.failed), tuple(found))


def _dirty(fleet: Fleet, source: Source) -> Diagnostic:
    what = "the fleet has changes that are not committed" if source.commit else "the fleet is in no Git commit"
    hint = "commit them first, or publish with --allow-dirty, which the branches' commits will say"
    return error("B041", f"{what}, so nobody could tell what was published", Place(str(fleet.root)), hint=hint)
