"""Commits to site branches, many at once: one lock, one reading and one writing git a repository, however many sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain, islice
from types import TracebackType

from composer import __version__
from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.importer import ROOT, Commit, Importer, Signs, write_root
from composer.git.lock import publishing
from composer.git.process import GitFailed
from composer.git.repository import METADATA, Head, Repository, heads, pack_branches
from composer.git.source import Source
from composer.model.names import active_branch
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.hydrated import hydrated
from composer.stages.publish.plan import SitePlan, summary
from composer.stages.publish.steps import Store, plans
from composer.stages.publish.trailers import HUB, hubs_text


class Outcome(StrEnum):
    """What became of a site: refused by a guard of the composer, declined by the server, broken off half way."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    MOVED = "moved"
    DECLINED = "declined"
    BROKEN = "broken off"
    FAILED = "failed"

    @property
    def is_done(self) -> bool:
        """Whether the branch holds the site's files."""
        return self in (Outcome.PUBLISHED, Outcome.UNCHANGED)


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


def _as_it_is(plan: SitePlan) -> SitePlan:
    return plan


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms sites are published: whether branches of others are taken over, whether volumes may become smaller.

    *signer* signs the commits, if there is one. *check* sees each plan before it is carried out; what it adds to the plan's
    findings stops the site. *metadata* is what METADATA of proposed branches holds, "" where there are none.
    """

    adopt: bool = False
    shrink: bool = False
    check: Callable[[SitePlan], SitePlan] = _as_it_is
    signer: Signs | None = None
    metadata: bytes = b""


class Publisher:
    """Writes the commits of sites that come in, and moves the branches only in `finish`. To be used in a `with` block.

    *where* tells which of the *repositories* has a site's branch. Left before `finish`, no branch has moved.
    Raises Rejected where git cannot write, or somebody else publishes for too long.
    """

    def __init__(
        self,
        repositories: Sequence[Repository],
        where: Callable[[str], Repository],
        source: Source,
        terms: Terms,
    ) -> None:
        self._where = where
        self._source = source
        self._terms = terms
        self._runs = {repository.path: _Run(repository, source, terms.signer) for repository in repositories}
        self._stack = ExitStack()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, value, trace)
        if isinstance(value, GitFailed):
            place = next(iter(self._runs.values())).repository.place
            raise Rejected([error("B024", f"nothing was published: {value}", place)]) from value

    def take(self, sites: Iterable[SiteFiles]) -> Iterator[SiteResult]:
        """Writes commits for the sites; yields those that need none or must not have one.

        Sites are taken one after the other and not kept.
        """
        sites = iter(sites)
        # Whoever makes the sites may fork processes for it: before there is a lock, or they would hold it too.
        first = list(islice(sites, 1))
        sites = chain(first, sites)
        for run in self._runs.values():
            run.looks = bool(first)
            self._stack.enter_context(run)
        steps = plans(lambda site: self._run(site).store, sites, adopt=self._terms.adopt, shrink=self._terms.shrink)
        for site, planned in steps:
            plan = self._terms.check(replace(planned, told=site.told))
            if self._terms.metadata and not plan.is_empty:
                plan = hydrated(site, plan, self._terms.metadata)
            result = _foreseen(plan, self._source)
            if result.outcome is Outcome.PUBLISHED and site.is_stripped:
                # Its branch held these files a moment ago.
                result = branch_moved(result, plan.parent)
            if result.outcome is Outcome.PUBLISHED:
                self._run(site.site).add(site, plan, result, self._terms.metadata)
            else:
                yield result

    def finish(self) -> list[SiteResult]:
        """Signs, then moves the branches; gives what became of the sites that a commit was written for."""
        for run in self._runs.values():
            run.seal()
        return [result for run in self._runs.values() for result in run.finish()]

    def _run(self, site: str) -> _Run:
        return self._runs[self._where(site).path]


def publish(
    repository: Repository, sites: Iterable[SiteFiles], source: Source, terms: Terms | None = None
) -> Iterator[SiteResult]:
    """Brings each site's branch to the site's files with one commit, where it does not hold them yet.

    Those that need no commit are answered at once, the others at the end, when their branches have moved. One that cannot
    be published does not hold others up.
    """
    with Publisher([repository], lambda _: repository, source, terms or Terms()) as publisher:
        yield from publisher.take(sites)
        yield from publisher.finish()


MANY = 1000
"""Branches that move at once before they are put into one file: reading ten thousand files takes twice as long."""


@dataclass(eq=False)
class _Run:
    """The publishing to one repository. *commits* are the sites that a commit is for, as they are foreseen.

    Without a site to publish, nobody *looks* at the branches.
    """

    repository: Repository
    source: Source
    signer: Signs | None
    commits: list[SiteResult] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _importer: Importer | None = None
    _lock: int = -1
    looks: bool = True
    store: Store = field(init=False)

    def __enter__(self) -> _Run:
        """Takes the lock, then looks at the branches."""
        with ExitStack() as stack:
            self._lock = stack.enter_context(publishing(self.repository))
            objects = stack.enter_context(self.repository.reading())
            self.store = Store(objects, heads(self.repository) if self.looks else {})
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, value, trace)

    def add(self, site: SiteFiles, plan: SitePlan, foreseen: SiteResult, metadata: bytes) -> None:
        if self._importer is None:
            self._importer = self._stack.enter_context(Importer(self.repository, self._lock, self.signer))
        self.commits.append(foreseen)
        written = {path: site.files[path] for path in plan.written}
        active = active_branch(plan.branch)
        if active and active not in self.store.heads:
            write_root(self.repository)
            self._importer.start(active)
        beside = {METADATA: metadata} if metadata else {}
        self._importer.add(_commit(plan, self.source), {**written, **beside}, plan.removed)

    def seal(self) -> None:
        """Signs the commits where they are to be signed. Raises GitFailed; then no branch has moved."""
        signed = self._importer.seal() if self._importer else {}
        self.commits = [replace(result, commit=signed.get(result.commit, result.commit)) for result in self.commits]

    def finish(self) -> Iterator[SiteResult]:
        """Moves the branches and gives up the lock."""
        failure = ""
        try:
            with self._stack:
                if self._importer:
                    self._importer.finish()
                if len(self.commits) >= MANY:
                    pack_branches(self.repository, self._lock)
        except GitFailed as failed:
            failure = str(failed)
        after = heads(self.repository) if self.commits else {}
        return (verdict(result, after.get(result.branch), failure) for result in self.commits)


def _foreseen(plan: SitePlan, source: Source) -> SiteResult:
    """What is to become of a site, if nothing comes in between."""
    if plan.findings:
        return SiteResult(plan.site, plan.branch, Outcome.REFUSED, plan.parent, plan.parent, findings=plan.findings)
    if plan.is_empty:
        return SiteResult(plan.site, plan.branch, Outcome.UNCHANGED, plan.parent, plan.parent)
    commit = _commit(plan, source).id
    return SiteResult(plan.site, plan.branch, Outcome.PUBLISHED, commit, plan.parent, summary(plan))


def verdict(foreseen: SiteResult, head: Head | None, failure: str) -> SiteResult:
    """What has become of a site that a commit was written for, by where its branch stands now."""
    now = head.commit if head else ""
    if now == foreseen.commit:
        return foreseen
    if now != foreseen.parent:
        return branch_moved(foreseen, now)
    finding = error("B023", f"branch {foreseen.branch} could not be moved: {failure}", Place(foreseen.branch))
    return replace(foreseen, outcome=Outcome.FAILED, commit=now, findings=(finding.at_site(foreseen.site),))


def branch_moved(foreseen: SiteResult, now: str) -> SiteResult:
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
        **({HUB: hubs_text(plan.told)} if plan.told else {}),
    }
    lines = "\n".join(f"{key}: {value}" for key, value in trailers.items())
    parent = plan.parent or (ROOT.id if active_branch(plan.branch) else "")
    return Commit(plan.branch, parent, plan.tree, source.date, f"{summary(plan)}\n\n{lines}\n")
