"""Stage publish: a site's objects as the files of its branch, and the commit that brings the branch there."""

from composer.stages.publish.files import SiteFiles
from composer.stages.publish.folder import write_tree
from composer.stages.publish.layout import Contents, branch_files
from composer.stages.publish.lockfile import MadeFrom
from composer.stages.publish.names import check_branches
from composer.stages.publish.publisher import Outcome, SiteResult, plans, publish

__all__ = [
    "Contents",
    "MadeFrom",
    "Outcome",
    "SiteFiles",
    "SiteResult",
    "branch_files",
    "check_branches",
    "plans",
    "publish",
    "write_tree",
]
