"""What publishing would change: every chosen site against its branch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from composer.diagnostic import Diagnostic, Severity
from composer.git.checkout import export
from composer.git.repository import create_repository
from composer.git.source import Source, source_of
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.changed import Changed
from composer.pipeline.deliveries import Branches, Sharding, present_deliveries, reading, with_needed
from composer.pipeline.plan_file import Pin, Plan
from composer.pipeline.strays import misplaced
from composer.pipeline.watch import Watch, counted, unwatched
from composer.source.temporary import temporary_folder
from composer.stages.compare import SiteDiff, compare_files
from composer.stages.load import load_fleet
from composer.stages.publish import SiteFiles, hold_finding, plans, publish


@dataclass(frozen=True, slots=True)
class Asked:
    """The sites to compare, by how many processes, and whether the *texts* of files that differ are wanted too."""

    sites: Sequence[str]
    jobs: int
    texts: bool = False
    watch: Watch = unwatched


@dataclass(frozen=True, eq=False)
class Differences:
    """*diffs* of the sites whose files differ, how many others were *unchanged*, which *failed*, and all findings.

    *steps* are what publishing would do: for every site that did not fail, its branch, where that stands, and the tree it
    would hold.

    *gone* are sites that another commit of the fleet has and this one has not.
    """

    diffs: tuple[SiteDiff, ...]
    unchanged: int
    failed: tuple[str, ...]
    findings: tuple[Diagnostic, ...]
    steps: Mapping[str, Step] = field(repr=False)
    gone: tuple[str, ...] = ()


class Step(NamedTuple):
    """A branch, the commit it stands at ("" where it is not there), and the tree it would hold."""

    branch: str
    base: str
    tree: str


def plan_of(fleet: Fleet, found: Differences) -> Plan:
    """What was shown, pinned, so that it can be published elsewhere and later."""
    sharding = Sharding(fleet)
    pins = {site: Pin(sharding.portable(site), *step) for site, step in sorted(found.steps.items())}
    return Plan(fleet.document.data["metadata"]["name"], source_of(fleet.root).label, pins)


def against_branches(fleet: Fleet, asked: Asked) -> Differences:
    """The sites against the delivery repositories; where one is not there, everything is new."""

    def compare(sharding: Sharding, keys: frozenset[str]) -> Differences:
        opened = present_deliveries(sharding, keys)
        with opened as targets, reading(fleet, targets.repositories, targets.repository) as branches:
            told = misplaced(targets, branches, asked.sites)
            found = _against(branches, asked)
            return replace(found, findings=(*found.findings, *told))

    return with_needed(fleet, asked.sites, compare)


def against_revision(fleet: Fleet, asked: Asked, revision: str) -> Differences:
    """The sites against the branches that another commit of the fleet would make. Raises Rejected for an unknown one."""
    with temporary_folder() as folder:
        export(fleet.root, revision, folder)
        base, _ = load_fleet(folder)
        repository = create_repository(folder / "delivery.git")
        there = [name for name in asked.sites if name in base.sites]

        def make(names: Sequence[str]) -> None:
            for _ in publish(repository, Changed(base, {}, asked.jobs).files(names), Source()):
                pass

        make(there)
        with reading(fleet, [repository], lambda _: repository) as branches:

            def fetch(hubs: Sequence[str]) -> None:
                make([hub for hub in hubs if hub in base.sites])
                branches.look([repository])

            found = _against(branches, asked, fetch)
            return replace(found, gone=tuple(sorted(base.sites.keys() - fleet.sites.keys())))


def _against(
    branches: Branches, asked: Asked, fetch: Callable[[Sequence[str]], object] = lambda _: None
) -> Differences:
    """*fetch* is called with hubs that come in addition, before they are compared with their branches."""
    changed = Changed(branches.fleet, branches.heads, asked.jobs, branches, fetch)
    steps: dict[str, Step] = {}
    holds: list[Diagnostic] = []
    sites = counted(
        changed.files(asked.sites), asked.watch, len(asked.sites), lambda: len(changed.unchanged) + len(changed.failed)
    )
    found = tuple(_differing(branches, sites, steps, holds, texts=asked.texts))
    for site in changed.unchanged:
        name = branch(branches.fleet, site)
        steps[site] = Step(name, *branches.heads[name])
    unchanged = len(asked.sites) + changed.extra - len(found) - len(changed.failed)
    return Differences(found, unchanged, tuple(changed.failed), (*changed.findings, *holds), steps)


def _differing(
    branches: Branches, sites: Iterator[SiteFiles], steps: dict[str, Step], holds: list[Diagnostic], *, texts: bool
) -> Iterator[SiteDiff]:
    """The sites that differ; the step of every site is added to *steps*, and a warning about each that is held to *holds*."""
    for site, plan in plans(branches.store, sites, adopt=True, shrink=True):
        steps[site.site] = Step(plan.branch, plan.parent, plan.tree)
        if plan.held:
            holds.append(replace(hold_finding(plan.site, plan.branch, plan.held), severity=Severity.WARNING))
        if not plan.is_empty:
            old = dict(zip(plan.old, branches.store(site.site).objects.contents(list(plan.old.values())), strict=True))
            new = {path: site.files[path] for path in plan.written}
            diff = SiteDiff(site.site, site.branch, compare_files(old, new), old, new)
            # Without the texts, many sites fit into memory.
            yield diff if texts else replace(diff, old={}, new={})
