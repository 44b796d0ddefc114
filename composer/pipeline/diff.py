"""What publishing would change: every chosen site against its branch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from composer.diagnostic import Diagnostic
from composer.git.repository import Repository, create_repository, heads
from composer.git.source import Source, export, source_of
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch, published_link
from composer.pipeline.changed import Changed
from composer.pipeline.delivery import existing_delivery, repository_id
from composer.pipeline.plan_file import Pin, Plan
from composer.stages.compare import SiteDiff, compare_files
from composer.stages.load import load_fleet
from composer.stages.publish import SiteFiles, Store, plans, publish


@dataclass(frozen=True, slots=True)
class Asked:
    """The sites to compare, by how many processes, and whether the *texts* of files that differ are wanted too."""

    sites: Sequence[str]
    jobs: int
    texts: bool = False


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
    repository = repository_id(fleet)
    pins = {site: Pin(repository, *step) for site, step in sorted(found.steps.items())}
    return Plan(fleet.document.data["metadata"]["name"], source_of(fleet.root).label, pins)


def against_branches(fleet: Fleet, asked: Asked) -> Differences:
    """The sites against the delivery repository; without one, everything is new."""
    with existing_delivery(fleet) as repository:
        if repository is not None:
            return _against(repository, fleet, asked)
    with TemporaryDirectory() as folder:
        return _against(create_repository(Path(folder) / "nothing.git"), fleet, asked)


def against_revision(fleet: Fleet, asked: Asked, revision: str) -> Differences:
    """The sites against the branches that another commit of the fleet would make. Raises Rejected for an unknown one."""
    with TemporaryDirectory() as folder:
        export(fleet.root, revision, Path(folder))
        base, _ = load_fleet(Path(folder))
        repository = create_repository(Path(folder) / "delivery.git")
        there = [name for name in asked.sites if name in base.sites]

        def make(names: Sequence[str]) -> None:
            for _ in publish(repository, Changed(base, {}, asked.jobs).files(names), Source()):
                pass

        make(there)
        found = _against(repository, fleet, asked, lambda hubs: make([hub for hub in hubs if hub in base.sites]))
        return replace(found, gone=tuple(sorted(base.sites.keys() - fleet.sites.keys())))


def _against(
    repository: Repository, fleet: Fleet, asked: Asked, make: Callable[[Sequence[str]], None] | None = None
) -> Differences:
    """*make* writes the branches of hubs that come in addition, where they are not there yet."""
    known = dict(heads(repository))

    def fetch(hubs: Sequence[str]) -> None:
        if make and hubs:
            make(hubs)
            known.update(heads(repository))

    with repository.reading() as objects:
        changed = Changed(fleet, known, asked.jobs, lambda name: published_link(objects, known.get(name)), fetch)
        steps: dict[str, Step] = {}
        store = Store(objects, known)
        found = tuple(_differing(store, changed.files(asked.sites), steps, texts=asked.texts))
    for site in changed.unchanged:
        name = branch(fleet, site)
        steps[site] = Step(name, *known[name])
    unchanged = len(asked.sites) + changed.extra - len(found) - len(changed.failed)
    return Differences(found, unchanged, tuple(changed.failed), tuple(changed.findings), steps)


def _differing(store: Store, sites: Iterator[SiteFiles], steps: dict[str, Step], *, texts: bool) -> Iterator[SiteDiff]:
    """The sites that differ; the step of every site is added to *steps*."""
    for site, plan in plans(lambda _: store, sites, adopt=True, shrink=True):
        steps[site.site] = Step(plan.branch, plan.parent, plan.tree)
        if not plan.is_empty:
            old = dict(zip(plan.old, store.objects.contents(list(plan.old.values())), strict=True))
            new = {path: site.files[path] for path in plan.written}
            diff = SiteDiff(site.site, site.branch, compare_files(old, new), old, new)
            # Without the texts, many sites fit into memory.
            yield diff if texts else replace(diff, old={}, new={})
