"""What publishing would change: every chosen site against its branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from composer.diagnostic import Diagnostic, Rejected
from composer.git.batch import Batch
from composer.git.repository import Head, heads
from composer.git.source import export
from composer.model.fleet import Fleet
from composer.pipeline.branch import files_of
from composer.pipeline.changed import Changed
from composer.pipeline.line import Composed
from composer.pipeline.publish import existing_repository
from composer.pipeline.run import compose_all
from composer.stages.compare import SiteDiff, compare_files
from composer.stages.load import load_fleet
from composer.stages.publish import SiteFiles, plans


@dataclass(frozen=True, eq=False)
class Differences:
    """*diffs* of the sites whose files differ, how many others were *unchanged*, which *failed*, and all findings."""

    diffs: tuple[SiteDiff, ...]
    unchanged: int
    failed: tuple[str, ...]
    findings: tuple[Diagnostic, ...]


def against_branches(fleet: Fleet, names: Sequence[str], jobs: int) -> Differences:
    """The chosen sites against the delivery repository; without one, everything is new."""
    repository = existing_repository(fleet)
    if repository is None:
        changed = Changed(fleet, {}, jobs)
        diffs = tuple(_diff(site, {}, site.files) for site in changed.files(names))
        return Differences(diffs, 0, tuple(changed.failed), tuple(changed.findings))
    known = heads(repository)
    changed = Changed(fleet, known, jobs)
    with repository.reading() as objects:
        found = tuple(_planned(objects, known, changed.files(names)))
    findings = tuple(changed.findings)
    return Differences(found, len(names) - len(found) - len(changed.failed), tuple(changed.failed), findings)


def _planned(objects: Batch, known: Mapping[str, Head], sites: Iterator[SiteFiles]) -> Iterator[SiteDiff]:
    for site, plan in plans(objects, known, sites, adopt=True):
        if not plan.is_empty:
            contents = objects.contents(list(plan.old.values()))
            old = dict(zip(plan.old, contents, strict=True))
            yield _diff(site, old, {path: site.files[path] for path in plan.written})


def _diff(site: SiteFiles, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> SiteDiff:
    return SiteDiff(site.site, site.branch, compare_files(old, new), old, new)


def against_revision(fleet: Fleet, names: Sequence[str], jobs: int, revision: str) -> Differences:
    """The chosen sites against what they were at another commit of the fleet. Raises Rejected for an unknown one."""
    with TemporaryDirectory() as folder:
        export(fleet.root, revision, Path(folder))
        base, _ = load_fleet(Path(folder))
        before = {}
        there = [name for name in names if name in base.sites]
        for made in compose_all(base, there, jobs, _files):
            before[made.site] = made
    diffs: list[SiteDiff] = []
    failed: list[str] = []
    findings: list[Diagnostic] = []
    for made in compose_all(fleet, names, jobs, _files):
        findings += made.findings
        earlier = before.get(made.site)
        if made.files is None:
            failed.append(made.site)
        elif earlier is None or earlier.files is None:
            diffs.append(_diff(made.files, {}, made.files.files))
        elif made.files.tree != earlier.files.tree:
            diffs.append(_differing(earlier.files, made.files))
    return Differences(tuple(diffs), len(names) - len(diffs) - len(failed), tuple(failed), tuple(findings))


def _differing(old: SiteFiles, new: SiteFiles) -> SiteDiff:
    """Only the files that differ."""
    before = {path: content for path, content in old.files.items() if new.ids.get(path) != old.ids[path]}
    after = {path: content for path, content in new.files.items() if old.ids.get(path) != new.ids[path]}
    return _diff(new, before, after)


@dataclass(frozen=True, eq=False)
class _Made:
    site: str
    findings: tuple[Diagnostic, ...]
    files: SiteFiles | None = None


def _files(composed: Composed) -> _Made:
    if not composed.ok:
        return _Made(composed.site, composed.findings)
    try:
        return _Made(composed.site, composed.findings, files_of(composed))
    except Rejected as rejected:
        found = tuple(d.at_site(composed.site) for d in rejected.diagnostics)
        return _Made(composed.site, (*composed.findings, *found))
