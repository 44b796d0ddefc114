"""Where `delivery.mode` is promote: what commits tell GitOps Promoter, in a file, and in notes where there is no new commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from composer.diagnostic import Diagnostic, Rejected, error, warning
from composer.git.lock import publishing
from composer.git.notes import HYDRATOR, add_notes
from composer.git.process import GitFailed
from composer.git.remote import fetch_notes, push_notes
from composer.git.repository import heads
from composer.git.source import Source, commit_of
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch, is_promoted
from composer.pipeline.deliveries import Deliveries
from composer.pipeline.delivery import Delivery
from composer.stages.publish import SiteResult, metadata, note

_TRIES = 5
"""Notes of all sites are one reference, which somebody else may move at any time."""


def metadata_of(fleet: Fleet, source: Source) -> bytes:
    """What proposed branches say of the source; b"" without promotion. Raises Rejected where the fleet is in no commit."""
    if not is_promoted(fleet):
        return b""
    if not source.commit:
        place = fleet.document.place(("spec", "delivery", "mode"))
        message = "the fleet is in no Git commit, and what is promoted is known by the commit it comes from"
        raise Rejected([error("B101", message, place, hint="commit the fleet first")])
    repository = (fleet.document.data["spec"].get("delivery") or {}).get("source", "")
    return metadata(commit_of(fleet.root, source.commit), repository)


def write_notes(
    fleet: Fleet, targets: Deliveries, results: Iterable[SiteResult], unchanged: Iterable[str], source: Source
) -> list[Diagnostic]:
    """Has the commit at which each proposed branch stands say that it is right for the source, whether or not it is a new one.

    A finding for each repository whose server did not take that.
    """
    sites = sorted({result.site for result in results if result.outcome.is_done} | {*unchanged})
    groups = targets.groups(sites)
    return [
        finding
        for target, names in groups
        if names
        for finding in _noted(target, [branch(fleet, site) for site in names], source)
    ]


def _noted(target: Delivery, branches: Sequence[str], source: Source) -> list[Diagnostic]:
    failure = ""
    for _ in range(_TRIES):
        try:
            if target.remote:
                fetch_notes(target.repository, target.remote, HYDRATOR)
            if _write(target, branches, source) and target.remote:
                push_notes(target.repository, target.remote, HYDRATOR)
        except GitFailed as failed:
            failure = str(failed)
        else:
            return []
    message = f"the notes of {HYDRATOR} could not be written: {failure}"
    hint = "publish again; until then, unchanged sites are taken for not yet rendered from this commit"
    return [warning("B102", message, target.repository.place, hint=hint)]


def _write(target: Delivery, branches: Sequence[str], source: Source) -> bool:
    known = heads(target.repository)
    said = {known[name].commit: note(source.commit) for name in branches if name in known}
    with publishing(target.repository):
        return add_notes(target.repository, said, source.date)
