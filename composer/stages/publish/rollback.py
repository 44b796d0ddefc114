"""An earlier state of a site's branch as a new commit, held there or not, and which states there were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.git.commits import CommitObject
from composer.git.importer import Commit, Importer
from composer.git.lock import publishing
from composer.git.process import GitFailed
from composer.git.repository import METADATA, Head, Repository, heads
from composer.model.names import active_branch
from composer.stages.publish.branches import BranchState, read_branches
from composer.stages.publish.files import SiteFiles, site_files
from composer.stages.publish.hydrated import hydrated
from composer.stages.publish.plan import SitePlan, plan_site, refusals
from composer.stages.publish.publisher import Outcome, SiteResult, Terms, branch_moved, verdict
from composer.stages.publish.record import is_composers
from composer.stages.publish.trailers import HELD, TRAILERS, describe, trailers_of
from composer.stages.publish.volumes import hold_volumes

_PART = re.compile(r"[0-9a-f]{4,40}")
_SHOWN = 5
"""Commits that a hint names."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """A state that a site's branch had: the composer's *commit*, and what it wrote."""

    commit: CommitObject
    files: SiteFiles


def earlier_state(objects: Batch, site: str, branch: str, history: Sequence[CommitObject], to: str | None) -> Earlier:
    """The state at *to*, a commit of the branch or of the fleet (the beginning of its id is enough), else the one before.

    *history* is the whole branch, newest first. The state before is that of the composer's last commit with another tree; where
    the site is held, seen from the commit that it is held at. Raises Rejected where there is no such state.
    """
    own = [commit for commit in history if is_composers(commit, site)]
    found = _before(own) if to is None else _named(history, to)
    if found is None:
        raise Rejected([_nothing(site, branch, own, to)])
    return state_at(objects, site, branch, found)


def state_at(objects: Batch, site: str, branch: str, commit: CommitObject) -> Earlier:
    """What the composer wrote in this commit. Raises Rejected where it did not make it."""
    (state,) = read_branches(objects, [(site, Head(commit.id, commit.tree))])
    if not is_composers(commit, site) or state.stranger:
        text = describe(Head(commit.id, commit.tree), commit.content)
        message = f"the composer did not make this commit for site {site}, and can not go back to it: {text}"
        raise Rejected([error("B083", message, Place(branch)).at_site(site)])
    ids = {path: state.entries[path].id for path in sorted(state.owned)}
    files = dict(zip(ids, objects.contents(list(ids.values())), strict=True))
    return Earlier(commit, site_files(site, branch, files, ids))


def set_back(repository: Repository, earlier: Earlier, terms: Terms, *, hold: bool) -> SiteResult:
    """Brings the branch to the earlier state with one commit, held there or not; no commit where that is so already.

    The commit names the source and the version that the state was made from. Raises Rejected where git cannot write.
    """
    site, branch = earlier.files.site, earlier.files.branch
    try:
        with publishing(repository) as lock, repository.reading() as objects:
            head = heads(repository, branch).get(branch)
            if head is None:
                return branch_moved(SiteResult(site, branch, Outcome.MOVED), "")
            (state,) = read_branches(objects, [(site, head)])
            plan = _plan(objects, earlier, state, terms)
            if plan.findings:
                return SiteResult(site, branch, Outcome.REFUSED, head.commit, head.commit, findings=plan.findings)
            if plan.is_empty and not state.stranger and state.held == (earlier.commit.id if hold else ""):
                return SiteResult(site, branch, Outcome.UNCHANGED, head.commit, head.commit)
            result = _written(repository, lock, plan, earlier, state, terms, hold=hold)
    except GitFailed as failed:
        raise Rejected([error("B024", f"nothing was published: {failed}", repository.place)]) from failed
    return verdict(result, heads(repository, branch).get(branch), "")


def _plan(objects: Batch, earlier: Earlier, state: BranchState, terms: Terms) -> SitePlan:
    plan = plan_site(earlier.files, replace(state, held=""), adopt=terms.adopt)
    if not plan.findings and not terms.adopt:
        # Here a commit follows although no file differs.
        plan = replace(plan, findings=refusals(earlier.files, state, ()))
    return plan if terms.shrink else hold_volumes(objects, earlier.files, plan)


def _written(
    repository: Repository,
    lock: int,
    plan: SitePlan,
    earlier: Earlier,
    state: BranchState,
    terms: Terms,
    *,
    hold: bool,
) -> SiteResult:
    """Writes the commit and moves the branch. Raises GitFailed where it did not move."""
    beside = {}
    if active_branch(plan.branch):
        with repository.reading() as objects:
            beside = {METADATA: _metadata(objects, plan, earlier)}
        plan = hydrated(earlier.files, plan, beside[METADATA])
    subject = f"{plan.site}: {'rolled back to' if hold else 'released, still at'} {earlier.commit.id[:12]}"
    trailers = {key: value for key, value in trailers_of(earlier.commit.content).items() if key in TRAILERS}
    trailers |= {"Composer-Tree": plan.own_tree, **({HELD: earlier.commit.id} if hold else {})}
    trailers |= {"Composer-Adopted": plan.parent} if plan.adopts or state.stranger else {}
    lines = "\n".join(f"{key}: {value}" for key, value in trailers.items())
    commit = Commit(plan.branch, plan.parent, plan.tree, earlier.commit.date, f"{subject}\n\n{lines}\n")
    with Importer(repository, lock, terms.signer) as importer:
        importer.add(commit, {**{path: earlier.files.files[path] for path in plan.written}, **beside}, plan.removed)
        id_ = importer.seal().get(commit.id, commit.id)
        importer.finish()
    return SiteResult(plan.site, plan.branch, Outcome.PUBLISHED, id_, plan.parent, subject)


def _metadata(objects: Batch, plan: SitePlan, earlier: Earlier) -> bytes:
    """What the earlier commit says of its source. Raises Rejected where it is older than promotion, and says nothing."""
    where = f"{earlier.commit.id}:{METADATA}"
    if objects.objects([where]) == [None]:
        message = f"commit {earlier.commit.id[:12]} of branch {plan.branch} is from before delivery.mode was promote"
        hint = "bring the earlier state into the documents, and publish that"
        raise Rejected([error("B083", message, Place(plan.branch), hint=hint).at_site(plan.site)])
    return objects.contents([where])[0]


def _before(own: Sequence[CommitObject]) -> CommitObject | None:
    """The composer's commit before the present state."""
    if not own:
        return None
    now = trailers_of(own[0].content)
    start = next((index for index, commit in enumerate(own) if commit.id == now.get(HELD)), 0)
    tree = now["Composer-Tree"]
    return next((commit for commit in own[start:] if trailers_of(commit.content)["Composer-Tree"] != tree), None)


def _named(history: Sequence[CommitObject], to: str) -> CommitObject | None:
    """The commit of the branch whose id begins like this, else the newest that was rendered from such a commit of the fleet."""
    if not _PART.fullmatch(to):
        return None
    by_id = [commit for commit in history if commit.id.startswith(to)]
    sources = ((commit, trailers_of(commit.content).get("Composer-Source", "")) for commit in history)
    by_source = [commit for commit, source in sources if source.startswith(to)]
    return by_id[0] if len(by_id) == 1 else by_source[0] if by_source and not by_id else None


def _nothing(site: str, branch: str, own: Sequence[CommitObject], to: str | None) -> Diagnostic:
    what = "no earlier state" if to is None else f"no one commit {to!r}, by its own id or by that of the fleet's commit"
    shown = ", ".join(f"{c.id[:12]} (from {trailers_of(c.content)['Composer-Source'][:12]})" for c in own[:_SHOWN])
    hint = f"the latest are {shown}" if shown else ""
    return error("B083", f"branch {branch} has {what}", Place(branch), hint=hint).at_site(site)
