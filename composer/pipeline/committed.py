"""What is handed over is made from a commit, unless somebody says that it need not be."""

from __future__ import annotations

from composer.diagnostic import Diagnostic, Place, error
from composer.git.source import Source, source_of
from composer.model.fleet import Fleet
from composer.pipeline.guards import Guarded


def committed(fleet: Fleet, *, allow_dirty: bool) -> Source:
    """The fleet's commit. Raises Guarded where files differ from it, unless they may."""
    source = source_of(fleet.root)
    if source.dirty and not allow_dirty:
        raise Guarded([_dirty(fleet, source)])
    return source


def _dirty(fleet: Fleet, source: Source) -> Diagnostic:
    what = "the fleet has changes that are not committed" if source.commit else "the fleet is in no Git commit"
    hint = "commit them first, or go on with --allow-dirty, which is recorded"
    return error("B041", f"{what}, so nobody could tell what was published", Place(str(fleet.root)), hint=hint)
