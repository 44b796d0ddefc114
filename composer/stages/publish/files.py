"""A site's branch as files: what a worker hands over, with the ids Git will give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from composer.git.ids import blob_id, plain_files, tree_id


@dataclass(frozen=True, eq=False)
class SiteFiles:
    """All files of a site, path -> content; *ids* are their blob ids, *tree* the id of the tree they make.

    *told* are the hubs to which the site tells something else than before, with the commits that their branches stand at.
    """

    site: str
    branch: str
    files: Mapping[str, bytes] = field(repr=False)
    ids: Mapping[str, str] = field(repr=False)
    tree: str
    told: tuple[tuple[str, str], ...] = ()

    @property
    def is_stripped(self) -> bool:
        """Whether the contents were left behind because a branch held them."""
        return not self.files

    def without_files(self) -> SiteFiles:
        """The same without contents: enough where the branch holds this tree already."""
        return replace(self, files={})


def site_files(site: str, branch: str, files: Mapping[str, bytes], ids: Mapping[str, str] | None = None) -> SiteFiles:
    """The files as they will lie on the branch. *ids* are blob ids that are known already."""
    known = {path: blob_id(content) for path, content in files.items()} if ids is None else ids
    return SiteFiles(site, branch, files, known, tree_id(plain_files(known)))
