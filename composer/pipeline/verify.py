"""Verifying: every chosen site's branch against what the commit of the fleet that it names renders to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.git.checkout import Checkout
from composer.git.ids import FILE
from composer.git.source import states
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.changed import Changed
from composer.pipeline.deliveries import Sharding, present_deliveries
from composer.pipeline.delivery import Delivery
from composer.pipeline.records import records_of
from composer.pipeline.signatures import checked, finding
from composer.pipeline.watch import Watch, counted, unwatched
from composer.source.temporary import temporary_folder
from composer.stages.compare import SiteDiff, compare_files
from composer.stages.load import load_fleet
from composer.stages.publish import Proof, Record, SiteFiles, prove

_READABLE = (FILE, "100755")
"""Modes of files whose content can be compared; the others are links and other repositories."""

_Proved = tuple[Proof, SiteDiff | None]


@dataclass(frozen=True, eq=False)
class Verified:
    """The *proofs* of all sites that have a branch, in order, *edits*: what branches hold and their sources do not render to,
    and all findings; *absent* sites have no branch.
    """

    proofs: tuple[Proof, ...]
    edits: tuple[SiteDiff, ...]
    absent: tuple[str, ...]
    findings: tuple[Diagnostic, ...] = field(repr=False)


def verify_sites(fleet: Fleet, names: Sequence[str], jobs: int, watch: Watch = unwatched) -> Verified:
    """Verifies the branches of these sites. Nothing is written, and no cache is believed. Raises Rejected."""
    sharding = Sharding(fleet)
    with present_deliveries(sharding, sharding.homes(names)) as targets:
        pairs = (pair for target, some in targets.groups(names) for pair in _all(fleet, target, some, jobs))
        proved = sorted(counted(pairs, watch, len(names)), key=lambda pair: pair[0].record.site)
    proofs = tuple(proof for proof, _ in proved)
    known = {proof.record.site for proof in proofs}
    absent = tuple(name for name in names if name not in known)
    findings = [d for proof in proofs for d in proof.findings] + [absent_branch(fleet, name) for name in absent]
    return Verified(proofs, tuple(edit for _, edit in proved if edit), absent, tuple(findings))


def _all(fleet: Fleet, target: Delivery, names: Sequence[str], jobs: int) -> Iterator[_Proved]:
    records = records_of(fleet, target, names)
    signatures = checked(fleet, target.repository, records)
    known = {record.site: finding(fleet, record, signatures[record.site]) for record in records}
    with target.repository.reading() as objects:
        proved = _Proving(fleet, objects, known, jobs).all(records)
        yield from ((replace(proof, signature=signatures[proof.record.site]), edit) for proof, edit in proved)


@dataclass(frozen=True, eq=False)
class _Proving:
    """What is needed to prove the records of a fleet; *known* are findings of each site that are part of its proof."""

    fleet: Fleet
    objects: Batch
    known: Mapping[str, Sequence[Diagnostic]]
    jobs: int

    def all(self, records: Sequence[Record]) -> Iterator[_Proved]:
        """The proof of each record, and how its branch differs; those of one state of the fleet together: it is read once."""
        sources = [record.source for record in records if record.source and not record.is_dirty]
        known = states(self.fleet.root, list(dict.fromkeys(sources)))
        by_state: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.is_dirty or record.source not in known:
                yield self._unproven(record, (_sourceless if record.is_dirty else _lost)(record))
            else:
                by_state[known[record.source]].append(record)
        with temporary_folder() as folder:
            checkout = Checkout(self.fleet.root, folder)
            for concerned in by_state.values():
                yield from self._against(checkout, concerned)

    def _against(self, checkout: Checkout, records: Sequence[Record]) -> Iterator[_Proved]:
        """The records against what the fleet renders to at their source, or, which is the same, at that of the first."""
        try:
            base, _ = load_fleet(checkout.at(records[0].source))
        except Rejected as rejected:
            yield from (self._unproven(r, [_unrendered(r), *rejected.diagnostics]) for r in records)
            return
        waiting = {record.site: record for record in records}
        changed = Changed(base, {branch(base, record.site): record.head for record in records}, self.jobs)
        for files in changed.files([name for name in waiting if name in base.sites]):
            proof = prove(self.objects, waiting.pop(files.site), files, self.known[files.site])
            yield proof, _edit(self.objects, proof, files)
        for site, record in waiting.items():
            errors = [d for d in changed.findings if d.site == site and d.is_error]
            yield self._unproven(record, [_unrendered(record), *errors])

    def _unproven(self, record: Record, why: Sequence[Diagnostic]) -> _Proved:
        return prove(self.objects, record, None, [*why, *self.known[record.site]]), None


def _edit(objects: Batch, proof: Proof, files: SiteFiles) -> SiteDiff | None:
    """How the branch differs from its source by objects and fields; None where it does not."""
    if not proof.source:
        return None
    differing = (*proof.source.changed, *proof.source.foreign)
    plain = {path: proof.entries[path].id for path in differing if proof.entries[path].mode in _READABLE}
    new = dict(zip(plain, objects.contents(list(plain.values())), strict=True))
    old = {path: files.files[path] for path in (*proof.source.changed, *proof.source.missing)}
    return SiteDiff(files.site, proof.record.branch, compare_files(old, new), {}, {})


def absent_branch(fleet: Fleet, site: str) -> Diagnostic:
    """The finding about a site that has no branch."""
    message = f"site {site} has no branch {branch(fleet, site)}"
    return error("B070", message, Place(fleet.sites[site]), hint="publish it").at_site(site)


def _sourceless(record: Record) -> tuple[Diagnostic, ...]:
    if record.last is None:
        return ()
    said = record.trailers["Composer-Source"]
    message = (
        f"branch {record.branch} was rendered from {said!r}, which is no commit: what it should hold cannot be proved"
    )
    return (error("B073", message, Place(record.branch), hint="commit the fleet's changes and publish the site again"),)


def _lost(record: Record) -> tuple[Diagnostic, ...]:
    message = f"branch {record.branch} names commit {record.source} of the fleet, which is not in this clone"
    hint = "fetch it (git fetch --unshallow); if it is nowhere, it was published from a commit that nobody pushed"
    return (error("B074", message, Place(record.branch), hint=hint),)


def _unrendered(record: Record) -> Diagnostic:
    message = f"commit {record.source[:12]} of the fleet, which branch {record.branch} names, does not render site {record.site}"
    return error(
        "B084", message, Place(record.branch), hint="verify with the version of the composer that made the branch"
    )
