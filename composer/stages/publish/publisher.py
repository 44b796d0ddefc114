"""Commits to site branches, many at once: one lock, one reading and one writing git, however many sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain, islice

from composer import __version__
from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.git.importer import Commit, Importer
from composer.git.lock import publishing
from composer.git.process import GitFailed
from composer.git.repository import Head, Repository, heads
from composer.git.source import Source
from composer.stages.publish.branches import read_branches
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.plan import SitePlan, plan_site, summary, unchanged
from composer.stages.publish.volumes import hold_volumes

_CHUNK = 64
"""Sites in memory at a time."""


class Outcome(StrEnum):
    """What became of a site. In a dry run "published" means that it would be."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    MOVED = "moved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SiteResult:
    """A site after publishing: *commit* is its branch's head now, *parent* the one before.

    *summary* is the subject of a new commit.
    """

    site: str
    branch: str
    outcome: Outcome
    commit: str = ""
    parent: str = ""
    summary: str = ""
    findings: tuple[Diagnostic, ...] = ()


Planned = tuple[SiteFiles, SitePlan]


def plans(
    objects: Batch, known: Mapping[str, Head], sites: Iterable[SiteFiles], *, adopt: bool = False, shrink: bool = False
) -> Iterator[Planned]:
    """Each site with the plan for its branch, in order. Only branches that hold another tree are read.

    Unless they may *shrink*, a volume that would become smaller is a finding.
    """
    for some in _chunks(sites):
        stale = [s for s in some if s.branch in known and known[s.branch].tree != s.tree]
        states = dict(
            zip(
                (s.branch for s in stale),
                read_branches(objects, [(s.site, known[s.branch]) for s in stale]),
                strict=True,
            )
        )
        for site in some:
            head = known.get(site.branch)
            if head and head.tree == site.tree:
                yield site, unchanged(site, head.commit)
            else:
                plan = plan_site(site, states.get(site.branch), adopt=adopt)
                yield site, plan if shrink else hold_volumes(objects, site, plan)


def publish(
    repository: Repository,
    sites: Iterable[SiteFiles],
    source: Source,
    *,
    adopt: bool = False,
    shrink: bool = False,
    dry_run: bool = False,
) -> Iterator[SiteResult]:
    """Brings each site's branch to the site's files with one commit, where it does not hold them yet.

    Sites are taken one after the other and not kept. Those that need no commit are answered at once, the
    others at the end, when their branches have moved. One that cannot be published does not hold others up.
    """
    sites = iter(sites)
    # Whoever makes the sites may fork processes for it: before there is a lock, or they would hold it too.
    sites = chain(list(islice(sites, 1)), sites)
    if dry_run:
        with repository.reading() as objects:
            found = plans(objects, heads(repository), sites, adopt=adopt, shrink=shrink)
            yield from (_foreseen(p, source) for _, p in found)
        return
    run = _Run(repository, source, adopt, shrink)
    failure = ""
    try:
        with publishing(repository) as lock:
            yield from run.commit(sites, lock)
    except GitFailed as failed:
        if not run.written:
            raise Rejected([error("B024", f"nothing was published: {failed}", repository.place)]) from failed
        failure = str(failed)
    after = heads(repository)
    for result in run.commits:
        yield _verdict(result, after.get(result.branch), failure)


@dataclass(eq=False)
class _Run:
    """One publishing. *commits* are the sites that a commit is for, as they are foreseen.

    *written* tells that git has all commits and is about to move the branches; before that, none moves.
    """

    repository: Repository
    source: Source
    adopt: bool
    shrink: bool
    commits: list[SiteResult] = field(default_factory=list)
    written: bool = False

    def commit(self, sites: Iterable[SiteFiles], lock: int) -> Iterator[SiteResult]:
        """Writes the commits and moves the branches; yields the sites that need none or must not have one."""
        with self.repository.reading() as objects, ExitStack() as stack:
            importer: Importer | None = None
            for site, plan in plans(objects, heads(self.repository), sites, adopt=self.adopt, shrink=self.shrink):
                result = _foreseen(plan, self.source)
                if result.outcome is Outcome.PUBLISHED and site.is_stripped:
                    # Its branch held these files a moment ago.
                    result = _moved(result, plan.parent)
                if result.outcome is not Outcome.PUBLISHED:
                    yield result
                    continue
                self.commits.append(result)
                importer = importer or stack.enter_context(Importer(self.repository, lock))
                written = {path: site.files[path] for path in plan.written}
                importer.add(_commit(plan, self.source), written, plan.removed)
            self.written = True
            if importer:
                importer.finish()


def _foreseen(plan: SitePlan, source: Source) -> SiteResult:
    """What is to become of a site, if nothing comes in between."""
    if plan.is_empty:
        return SiteResult(plan.site, plan.branch, Outcome.UNCHANGED, plan.parent, plan.parent)
    if plan.findings:
        return SiteResult(plan.site, plan.branch, Outcome.REFUSED, plan.parent, plan.parent, findings=plan.findings)
    commit = _commit(plan, source).id
    return SiteResult(plan.site, plan.branch, Outcome.PUBLISHED, commit, plan.parent, summary(plan))


def _verdict(foreseen: SiteResult, head: Head | None, failure: str) -> SiteResult:
    """What has become of a site that a commit was written for, by where its branch stands now."""
    now = head.commit if head else ""
    if now == foreseen.commit:
        return foreseen
    if now != foreseen.parent:
        return _moved(foreseen, now)
    finding = error("B023", f"branch {foreseen.branch} could not be moved: {failure}", Place(foreseen.branch))
    return replace(foreseen, outcome=Outcome.FAILED, commit=now, findings=(finding.at_site(foreseen.site),))


def _moved(foreseen: SiteResult, now: str) -> SiteResult:
    """The result where the branch is no longer what the site was compared with."""
    message = f"somebody else moved branch {foreseen.branch} meanwhile, to {now[:12] or 'nothing'}"
    hint = "look at what came in, then publish again"
    finding = error("B022", message, Place(foreseen.branch), hint=hint)
    return replace(foreseen, outcome=Outcome.MOVED, commit=now, findings=(finding.at_site(foreseen.site),))


def _commit(plan: SitePlan, source: Source) -> Commit:
    """The commit of a plan. It says nothing that differs between two runs over the same inputs."""
    trailers = {
        "Composer-Site": plan.site,
        "Composer-Version": __version__,
        "Composer-Source": source.label,
        "Composer-Tree": plan.own_tree,
        **({"Composer-Adopted": plan.parent} if plan.adopts else {}),
    }
    lines = "\n".join(f"{key}: {value}" for key, value in trailers.items())
    return Commit(plan.branch, plan.parent, plan.tree, source.date, f"{summary(plan)}\n\n{lines}\n")


def _chunks(sites: Iterable[SiteFiles]) -> Iterator[Sequence[SiteFiles]]:
    remaining = iter(sites)
    while some := list(islice(remaining, _CHUNK)):
        yield some
