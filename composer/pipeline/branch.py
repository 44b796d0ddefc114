"""A composed site as the files of its branch."""

from __future__ import annotations

from functools import lru_cache

from composer.git.batch import Batch
from composer.git.repository import Head
from composer.model.fleet import Fleet
from composer.model.names import branch_of, proposed_branch
from composer.pipeline.line import Composed
from composer.stages.load import shipped_names
from composer.stages.publish import LOCK, Contents, Link, MadeFrom, SiteFiles, branch_files, link_of


def branch(fleet: Fleet, site: str) -> str:
    """The name of the branch that a site is published to: with promotion, the one that proposes what its cluster gets."""
    pattern, promoted = _naming(fleet)
    name = branch_of(pattern, site)
    return proposed_branch(name) if promoted else name


def active(fleet: Fleet, site: str) -> str:
    """The name of the branch that a site's cluster follows."""
    return branch_of(_naming(fleet)[0], site)


def is_promoted(fleet: Fleet) -> bool:
    """Whether a promotion tool moves what is published on to the branches that clusters follow."""
    return _naming(fleet)[1]


@lru_cache(maxsize=8)
def _naming(fleet: Fleet) -> tuple[str | None, bool]:
    """The pattern of branch names, None for the usual one, and whether a promotion tool stands between."""
    delivery = fleet.document.data["spec"].get("delivery") or {}
    return delivery.get("branch"), delivery.get("mode") == "promote"


def files_of(composed: Composed) -> SiteFiles:
    """What lies on the branch of a site that was composed without errors. Raises Rejected."""
    assert composed.wiring is not None
    assert composed.inputs is not None
    stack = composed.wiring.stack
    contents = Contents(composed.objects, tuple(stack.tenants), composed.copies)
    shadowing = shipped_names() if any(b.origin == "fleet" for b in composed.inputs.blueprints) else frozenset()
    summary = composed.wiring.summary
    link = Link(summary.hub, summary.digest) if summary else None
    made_from = MadeFrom(composed.inputs.digest, composed.inputs.blueprints, shadowing, link)
    return branch_files(composed.site, branch(stack.fleet, composed.site), contents, made_from)


def published_link(objects: Batch, head: Head | None) -> Link | None:
    """What the site at the head of its branch told its hub; None where it told nothing, or there is no branch."""
    found = objects.objects([f"{head.commit}:{LOCK}"]) if head else [None]
    return link_of(found[0][1]) if found[0] else None
