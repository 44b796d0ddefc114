"""Sites rendered to folders, or as one stream of YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from composer.diagnostic import Diagnostic, Rejected
from composer.emit import to_yaml
from composer.model.fleet import Fleet
from composer.pipeline.branch import files_of
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.stages.publish import write_tree


@dataclass(frozen=True, slots=True)
class RenderedSite:
    """How one site went: *changed* files were written or removed, or *text* is what to print.

    *left_out* is the number of encrypted secrets that are files of the branch and no objects to print.
    """

    site: str
    ok: bool
    findings: tuple[Diagnostic, ...]
    changed: int = 0
    text: str = ""
    left_out: int = 0


def write_site(fleet: Fleet, names: Sequence[str], jobs: int, folder: Path, anchor: Path) -> Iterator[RenderedSite]:
    """Each site's branch files in *folder*/<site>; below *anchor* no link is followed."""

    def write(composed: Composed, done: RenderedSite) -> RenderedSite:
        written = write_tree(folder / composed.site, files_of(composed).files, anchor)
        return replace(done, changed=written.written + written.removed)

    return compose_all(fleet, names, jobs, _finishing(write))


def print_site(fleet: Fleet, names: Sequence[str], jobs: int) -> Iterator[RenderedSite]:
    """Each site's objects as a stream of YAML documents."""

    def text(composed: Composed, done: RenderedSite) -> RenderedSite:
        objects = (to_yaml(rendered.object) for rendered in composed.objects)
        return replace(done, text="".join(f"---\n{written}" for written in objects), left_out=len(composed.copies))

    return compose_all(fleet, names, jobs, _finishing(text))


def _finishing(
    finish: Callable[[Composed, RenderedSite], RenderedSite],
) -> Callable[[Composed], RenderedSite]:
    """*finish* for sites without errors; what it refuses becomes the site's finding."""

    def run(composed: Composed) -> RenderedSite:
        done = RenderedSite(composed.site, composed.ok, composed.findings)
        if not composed.ok:
            return done
        try:
            return finish(composed, done)
        except Rejected as rejected:
            findings = (*composed.findings, *(d.at_site(composed.site) for d in rejected.diagnostics))
            return replace(done, ok=False, findings=findings)

    return run
