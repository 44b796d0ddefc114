"""Sites on their way to their branches: those that cannot have changed are told apart before any work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from composer.diagnostic import Diagnostic, Rejected
from composer.git.repository import Head
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch, files_of
from composer.pipeline.cache import Cache, Entry
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.stages.publish import SiteFiles

CACHE = "out/cache.json"


@dataclass(frozen=True, eq=False)
class _Made:
    """What a worker hands over: the site's files (without contents where its branch holds them), or findings."""

    site: str
    findings: tuple[Diagnostic, ...]
    files: SiteFiles | None = None
    entry: Entry | None = None


@dataclass(eq=False)
class Changed:
    """Makes the files of sites whose branches may hold something else.

    *heads* tells where branches stand. While `files` is read, *findings*, *failed* and *unchanged* fill up.
    """

    fleet: Fleet
    heads: Mapping[str, Head]
    jobs: int
    findings: list[Diagnostic] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def files(self, names: Sequence[str]) -> Iterator[SiteFiles]:
        """The files of each site that is not known to be unchanged, in order; sites with errors are left out."""
        file = self.fleet.root / CACHE
        cache = Cache.read(file, self.fleet)
        waiting = [name for name in names if not self._is_unchanged(cache, name)]
        if not waiting:
            return
        for made in compose_all(self.fleet, waiting, self.jobs, self._finish(cache)):
            self.findings += made.findings
            if made.files is None:
                self.failed.append(made.site)
                continue
            if made.entry is not None and not made.findings:
                cache.learn(made.site, made.entry)
            yield made.files
        _write(cache, file)

    def _is_unchanged(self, cache: Cache, name: str) -> bool:
        head = self.heads.get(branch(self.fleet, name))
        same = head is not None and cache.tree(name) == head.tree
        if same:
            self.unchanged.append(name)
        return same

    def _finish(self, cache: Cache) -> Callable[[Composed], _Made]:
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
            entry = cache.entry(composed.site, composed.inputs, files.tree) if composed.inputs else None
            return _Made(composed.site, composed.findings, kept, entry)

        return finish


def _write(cache: Cache, file: Path) -> None:
    """Keeps the cache; a disk that does not want it costs the next run some time."""
    try:
        cache.write(file)
    except OSError:
        return
