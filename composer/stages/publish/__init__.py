"""Publish: a site's objects as files, and these files on its branch or in a folder."""

from composer.stages.publish.files import SiteFiles
from composer.stages.publish.folder import Written, write_tree
from composer.stages.publish.layout import Contents, branch_files
from composer.stages.publish.lockfile import LOCK, Link, MadeFrom, link_of
from composer.stages.publish.names import check_branches
from composer.stages.publish.paths import tenant_folder
from composer.stages.publish.plan import SitePlan
from composer.stages.publish.publisher import Outcome, SiteResult, plans, publish

__all__ = [
    "LOCK",
    "Contents",
    "Link",
    "MadeFrom",
    "Outcome",
    "SiteFiles",
    "SitePlan",
    "SiteResult",
    "Written",
    "branch_files",
    "check_branches",
    "link_of",
    "plans",
    "publish",
    "tenant_folder",
    "write_tree",
]
