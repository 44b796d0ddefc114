"""Publish: a site's objects as files, and these files on its branch or in a folder."""

from composer.stages.publish.branches import read_branches
from composer.stages.publish.bundle import Bundle, bundle
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.folder import Written, write_tree
from composer.stages.publish.hydrated import metadata, note
from composer.stages.publish.layout import Contents, branch_files
from composer.stages.publish.lockfile import LOCK, Link, MadeFrom, link_of, locked_site
from composer.stages.publish.names import check_branches
from composer.stages.publish.paths import tenant_folder
from composer.stages.publish.plan import SitePlan, hold_finding
from composer.stages.publish.proof import FileDifferences, Proof, Verdict, prove
from composer.stages.publish.publisher import Outcome, Publisher, SiteResult, Terms, branch_moved, publish
from composer.stages.publish.record import Record, read_record
from composer.stages.publish.rollback import Earlier, earlier_state, set_back, state_at
from composer.stages.publish.steps import Store, plans
from composer.stages.publish.trailers import hubs_told, trailers_of

__all__ = [
    "LOCK",
    "Bundle",
    "Contents",
    "Earlier",
    "FileDifferences",
    "Link",
    "MadeFrom",
    "Outcome",
    "Proof",
    "Publisher",
    "Record",
    "SiteFiles",
    "SitePlan",
    "SiteResult",
    "Store",
    "Terms",
    "Verdict",
    "Written",
    "branch_files",
    "branch_moved",
    "bundle",
    "check_branches",
    "earlier_state",
    "hold_finding",
    "hubs_told",
    "link_of",
    "locked_site",
    "metadata",
    "note",
    "plans",
    "prove",
    "publish",
    "read_branches",
    "read_record",
    "set_back",
    "state_at",
    "tenant_folder",
    "trailers_of",
    "write_tree",
]
