"""A composed site as the files of its branch."""

from __future__ import annotations

from composer.model.fleet import Fleet
from composer.model.names import branch_of
from composer.pipeline.line import Composed
from composer.stages.load import shipped_names
from composer.stages.publish import Contents, MadeFrom, SiteFiles, branch_files


def branch(fleet: Fleet, site: str) -> str:
    """The name of a site's branch."""
    delivery = fleet.document.data["spec"].get("delivery") or {}
    return branch_of(delivery.get("branch"), site)


def files_of(composed: Composed) -> SiteFiles:
    """What lies on the branch of a site that was composed without errors. Raises Rejected."""
    assert composed.wiring is not None
    assert composed.inputs is not None
    stack = composed.wiring.stack
    contents = Contents(composed.objects, tuple(stack.tenants), composed.copies)
    shadowing = shipped_names() if any(b.origin == "fleet" for b in composed.inputs.blueprints) else frozenset()
    made_from = MadeFrom(composed.inputs.digest, composed.inputs.blueprints, shadowing)
    return branch_files(composed.site, branch(stack.fleet, composed.site), contents, made_from)
