"""What a site's branch holds now, and which of it is the composer's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from composer.git.batch import Batch
from composer.git.ids import Entry, plain_files, tree_id
from composer.git.importer import is_root
from composer.git.repository import METADATA, Head
from composer.stages.publish.lockfile import LOCK, inventory
from composer.stages.publish.record import read_record
from composer.stages.publish.trailers import HELD, describe, trailers_of


@dataclass(frozen=True, eq=False)
class BranchState:
    """A branch: all its files, and *owned*, the paths among them that the composer wrote.

    *stranger* describes the last commit where the composer did not make it, else "". *held* is the commit that the site was
    rolled back to and is held at, "" where it is not held.
    """

    head: Head
    entries: Mapping[str, Entry] = field(repr=False)
    owned: frozenset[str] = field(repr=False)
    stranger: str = ""
    held: str = ""

    @property
    def foreign(self) -> dict[str, Entry]:
        """The files that somebody else put there."""
        return {path: entry for path, entry in self.entries.items() if path not in self.owned}


def read_branches(objects: Batch, sites: Sequence[tuple[str, Head]]) -> list[BranchState]:
    """The state of each of these sites' branches, in the same order."""
    commits = objects.contents([head.commit for _, head in sites])
    # Of a proposed branch, the head tells another tree than the commit.
    listings = objects.trees([f"{head.commit}^{{tree}}" for _, head in sites])
    return [
        _state(objects, site, head, commit, entries)
        for (site, head), commit, entries in zip(sites, commits, listings, strict=True)
    ]


def _state(objects: Batch, site: str, head: Head, commit: bytes, entries: Mapping[str, Entry]) -> BranchState:
    trailers = trailers_of(commit)
    own_site = trailers.get("Composer-Site") == site
    # The commit names the tree of what the composer wrote. Where that is all there is, this is enough.
    if own_site and trailers.get("Composer-Tree") == head.tree:
        return BranchState(head, entries, frozenset(entries) - {METADATA}, held=trailers.get(HELD, ""))
    if is_root(commit):
        return BranchState(head, entries, frozenset())
    ids = _inventory(objects, entries)
    own = own_site and trailers.get("Composer-Tree") == tree_id(plain_files(ids))
    untouched = (own or (METADATA in entries and is_promotion(commit))) and _holds(entries, ids)
    # Whoever puts something on top of a hold does not end it.
    held = read_record(objects, site, "", head).trailers.get(HELD, "")
    stranger = "" if untouched else describe(head, commit)
    return BranchState(head, entries, frozenset(ids) & frozenset(entries), stranger, held)


def is_promotion(commit: bytes) -> bool:
    """Whether a commit only joins a proposed branch with what it was promoted to, as GitOps Promoter does."""
    return commit.partition(b"\n\n")[0].count(b"\nparent ") > 1


def _inventory(objects: Batch, entries: Mapping[str, Entry]) -> dict[str, str]:
    """Path -> blob id of what the branch's lock file claims, and its own; empty where none can be read."""
    lock = entries.get(LOCK)
    if lock is None:
        return {}
    ids = inventory(objects.contents([lock.id])[0])
    return {} if ids is None else {**ids, LOCK: lock.id}


def _holds(entries: Mapping[str, Entry], ids: Mapping[str, str]) -> bool:
    return all(entries.get(path) == entry for path, entry in plain_files(ids).items())
