"""What publishing a site would do to its branch: worked out before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from composer.diagnostic import Diagnostic, Place, error
from composer.git.ids import Entry, plain_files, tree_id
from composer.git.repository import METADATA
from composer.model.names import active_branch
from composer.stages.publish.branches import BranchState
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.layout import KUSTOMIZATION
from composer.stages.publish.lockfile import LOCK


@dataclass(frozen=True, eq=False)
class SitePlan:
    """The step from a branch's files to a site's. *parent* is "" where there is no branch yet.

    *tree* is what the branch will hold, *own_tree* what of it is the composer's. With *findings*, the step
    must not be taken. *old* maps the path of every changed and removed file to the id of what it holds now. *held* is the commit
    that the site is held at, if it is; *before* is the number of the composer's objects on the branch.
    *told* are the hubs to which the site tells something new, and where their branches stand.
    *kept* are files of others. With *starts* there is no branch yet, and it begins at *parent*, a commit of another one.
    """

    site: str
    branch: str
    parent: str
    tree: str
    own_tree: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    old: Mapping[str, str] = field(repr=False, default_factory=dict)
    findings: tuple[Diagnostic, ...] = ()
    adopts: bool = False
    held: str = ""
    before: int = 0
    told: tuple[tuple[str, str], ...] = ()
    kept: Mapping[str, Entry] = field(repr=False, default_factory=dict)
    starts: bool = False

    @property
    def objects_removed(self) -> int:
        return _objects(self.removed)

    @property
    def is_empty(self) -> bool:
        """Whether the branch holds the site's files already."""
        return not (self.starts or self.added or self.changed or self.removed)

    @property
    def written(self) -> tuple[str, ...]:
        return self.added + self.changed


def plan_site(site: SiteFiles, state: BranchState | None, *, adopt: bool = False, starts: bool = False) -> SitePlan:
    """The plan for a site whose branch is in *state* (None where there is none).

    With *adopt*, what others committed or put in the way is taken over instead of being a finding. With *starts*, the
    state is that of the branch from which the site's is to begin.
    """
    if state is None:
        return SitePlan(site.site, site.branch, "", site.tree, site.tree, added=tuple(sorted(site.ids)))
    new = plain_files(site.ids)
    foreign = {
        path: entry for path, entry in state.foreign.items() if path != METADATA or not active_branch(site.branch)
    }
    in_the_way = _in_the_way(new, foreign)
    kept = {path: entry for path, entry in foreign.items() if path not in new and path not in in_the_way}
    gone = sorted((state.owned | in_the_way) - new.keys())
    changed = tuple(path for path in sorted(new) if path in state.entries and state.entries[path] != new[path])
    hold = (hold_finding(site.site, site.branch, state.held),) if state.held else ()
    plan = SitePlan(
        site.site,
        site.branch,
        state.head.commit,
        tree_id({**kept, **new}) if kept else site.tree,
        site.tree,
        added=tuple(path for path in sorted(new) if path not in state.entries),
        changed=changed,
        removed=tuple(gone),
        old={path: state.entries[path].id for path in (*changed, *gone)},
        findings=(*hold, *(() if adopt else refusals(site, state, in_the_way))),
        adopts=bool(state.stranger or in_the_way),
        held=state.held,
        before=_objects(state.owned),
        kept=kept,
        starts=starts,
    )
    # Where nothing is to be written, nothing of anybody's is overwritten.
    if plan.is_empty:
        return SitePlan(site.site, site.branch, state.head.commit, state.head.tree, site.tree, kept=kept)
    return plan


def unchanged(site: SiteFiles, commit: str) -> SitePlan:
    """The plan for a site whose branch is at *commit* and holds exactly its files."""
    return SitePlan(site.site, site.branch, commit, site.tree, site.tree)


def _in_the_way(new: Mapping[str, Entry], foreign: Mapping[str, Entry]) -> frozenset[str]:
    """The files of others that cannot stay: at a path of ours, or where we need a folder or a file."""
    if not foreign:
        return frozenset()
    folders = {folder for path in new for folder in _folders(path)}
    return frozenset(
        path
        for path, entry in foreign.items()
        if new.get(path, entry) != entry or path in folders or any(folder in new for folder in _folders(path))
    )


def _folders(path: str) -> Iterable[str]:
    """The folders a path lies in: "a" and "a/b" for "a/b/c"."""
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def hold_finding(site: str, branch: str, held: str) -> Diagnostic:
    """What stands in the way of publishing a site that is held at the commit *held*."""
    message = f"site {site} was rolled back to {held[:12]} and is held there: its branch stays as it is"
    hint = f"composer rollback {site} --release ends that"
    return error("B082", message, Place(branch), hint=hint).at_site(site)


def refusals(site: SiteFiles, state: BranchState, in_the_way: Iterable[str]) -> tuple[Diagnostic, ...]:
    """What somebody else did to the branch that must not be overwritten unasked, also by files *in_the_way*."""
    findings = [
        error(
            "B021",
            f"branch {site.branch} holds a file {path!r} of somebody else, where the site needs its own",
            Place(f"{site.branch}:{path}"),
            hint="move the file elsewhere, or overwrite it with --adopt",
        )
        for path in sorted(in_the_way)
    ]
    if state.stranger:
        message = f"the last commit of branch {site.branch} was not made by the composer: {state.stranger}"
        hint = "bring the change into the site's documents, then publish with --adopt"
        findings.insert(0, error("B020", message, Place(site.branch), hint=hint))
    return tuple(finding.at_site(site.site) for finding in findings)


def summary(plan: SitePlan) -> str:
    """The subject of the plan's commit: objects added, changed and removed."""
    added, changed, removed = (_objects(paths) for paths in (plan.added, plan.changed, plan.removed))
    if plan.starts and not plan.written + plan.removed:
        return f"{plan.site}: proposed from now on"
    if not added + changed + removed:
        return f"{plan.site}: lock file only"
    return f"{plan.site}: {added} added, {changed} changed, {removed} removed"


def _objects(paths: Iterable[str]) -> int:
    return sum(path != LOCK and path.rpartition("/")[2] != KUSTOMIZATION for path in paths)
