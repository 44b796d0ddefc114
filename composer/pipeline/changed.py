"""Sites on their way to their branches: those that cannot have changed are told apart before any work is done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from composer.diagnostic import Diagnostic, Rejected
from composer.git.repository import Head
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch, files_of
from composer.pipeline.cache import Entry, as_child
from composer.pipeline.line import Composed
from composer.pipeline.links import Links
from composer.pipeline.run import compose_some, in_turn
from composer.stages.publish import Link, SiteFiles


@dataclass(frozen=True, eq=False)
class _Made:
    """What a worker hands over: the site's files (without contents where its branch holds them), or findings."""

    site: str
    findings: tuple[Diagnostic, ...]
    files: SiteFiles | None = None
    entry: Entry | None = None


def _nothing(_: object) -> None:
    return None


class Before(Protocol):
    """What delivery repositories tell of sites and their hubs."""

    def link(self, site: str) -> Link | None:
        """What the site told its hub when its branch was written."""

    def stands(self, site: str) -> str:
        """The commit at the site's branch, or ""."""

    def left_behind(self, site: str) -> Sequence[str]:
        """The hubs to which the site told something new when its branch was written, and whose branches have not moved since."""


@dataclass(eq=False)
class Changed:
    """Makes the files of sites whose branches may hold something else, and of hubs to which one of them says something else.

    *heads* tells where branches stand; *before* what sites told their hubs when their branches were written
    (without it, no hub comes in addition), and *fetch* is called with hubs that come in addition, before they are looked at.
    With *alone*, none comes, but what sites tell them is known.
    While `files` is read, *findings*, *failed* and *unchanged* fill up; *extra* is then the number of hubs that came in addition.
    """

    fleet: Fleet
    heads: Mapping[str, Head]
    jobs: int
    before: Before | None = None
    fetch: Callable[[Sequence[str]], object] = _nothing
    alone: bool = False
    findings: list[Diagnostic] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    extra: int = 0
    _same: set[str] = field(default_factory=set)

    def files(self, names: Sequence[str]) -> Iterator[SiteFiles]:
        """The files of each site that is not known to be unchanged, in order; sites with errors are left out."""
        links = Links(self.fleet, self.jobs)
        chosen = set(names)
        waiting = list(names)
        while waiting:
            concerned: set[str] = set()
            for some in in_turn(links, waiting):
                for files in self._files(links, some):
                    told = self._told(links, files)
                    concerned.update(hub for hub, _ in told)
                    yield replace(files, told=told)
                concerned.update(self._left_behind(links, some, chosen))
            waiting = [] if self.alone else sorted(concerned - chosen)
            chosen.update(waiting)
            self.fetch(waiting)
        self.extra = len(chosen) - len(names)
        links.keep()

    def _files(self, links: Links, names: Sequence[str]) -> Iterator[SiteFiles]:
        waiting = [name for name in names if not self._is_unchanged(links, name)]
        for made in compose_some(links, waiting, self._finish(links)):
            self.findings += made.findings
            if made.files is None:
                self.failed.append(made.site)
                continue
            if made.entry is not None:
                links.cache.learn(made.site, made.entry)
            yield made.files

    def _told(self, links: Links, files: SiteFiles) -> tuple[tuple[str, str], ...]:
        """The hubs that a site tells something else than when its branch was written, and where their branches stand."""
        head = self.heads.get(files.branch)
        if head and head.tree == files.tree:
            self._same.add(files.site)
        elif self.before is not None:
            summary, before = links.summary(files.site), self.before.link(files.site)
            now = Link(summary.hub, summary.digest) if summary else None
            hubs = dict.fromkeys(link.hub for link in (before, now) if link) if now != before else {}
            return tuple((hub, self.before.stands(hub)) for hub in hubs if hub in self.fleet.sites)
        return ()

    def _left_behind(self, links: Links, names: Sequence[str], chosen: Collection[str]) -> Iterator[str]:
        """The hubs of unchanged sites whose branches do not know yet what these told them, since publishing broke off."""
        if self.before is not None and not links.hubs <= set(chosen):
            for name in names:
                if name in self._same:
                    yield from self.before.left_behind(name)

    def _is_unchanged(self, links: Links, name: str) -> bool:
        head = self.heads.get(branch(self.fleet, name))
        entry = links.cache.known(name) if head else None
        if entry is None or head is None or entry.tree != head.tree:
            return False
        self.unchanged.append(name)
        self._same.add(name)
        self.findings += (warning.at_site(name) for warning in entry.warnings)
        links.learn(as_child(name, entry))
        return True

    def _finish(self, links: Links) -> Callable[[Composed], _Made]:
        def finish(composed: Composed) -> _Made:
            if not composed.ok:
                return _Made(composed.site, composed.findings)
            try:
                files = files_of(composed)
            except Rejected as rejected:
                found = tuple(d.at_site(composed.site) for d in rejected.diagnostics)
                return _Made(composed.site, (*composed.findings, *found))
            head = self.heads.get(files.branch)
            kept = files.without_files() if head and head.tree == files.tree else files
            return _Made(composed.site, composed.findings, kept, self._entry(links, composed, files.tree))

        return finish

    def _entry(self, links: Links, composed: Composed, tree: str) -> Entry | None:
        if composed.inputs is None or composed.child is None:
            return None
        return links.cache.entry(composed.site, composed.inputs, tree, composed.child, composed.findings)
