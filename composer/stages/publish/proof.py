"""Whether a branch holds what its source renders to, file by file and commit by commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from composer import __version__
from composer.diagnostic import Diagnostic, Place, error, has_errors, warning
from composer.git.batch import Batch
from composer.git.ids import Entry, plain_files
from composer.git.repository import METADATA, Head
from composer.git.signing import NO_SIGNATURE, Signature
from composer.model.names import active_branch
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.lockfile import LOCK, inventory
from composer.stages.publish.record import Record
from composer.stages.publish.trailers import describe

_NAMED = 10
"""Files that a message names; of more there is the number."""


class Verdict(StrEnum):
    """What came out: the branch is what its source renders to, or it is not, or nobody can tell."""

    EQUAL = "equal"
    DIFFERS = "differs"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class FileDifferences:
    """Paths on a branch whose content or mode is another than expected, that are not there, and that nobody expects."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.foreign)


@dataclass(frozen=True, eq=False)
class Proof:
    """A branch against its source and against its own lock file; None stands for what it could not be compared with.

    *signature* is that of the branch's last commit. *entries* are the branch's files where they were looked at: they need
    not be where its tree is the expected one.
    """

    record: Record
    verdict: Verdict
    source: FileDifferences | None
    lock: FileDifferences | None
    findings: tuple[Diagnostic, ...]
    entries: Mapping[str, Entry] = field(repr=False, default_factory=dict)
    signature: Signature = NO_SIGNATURE


def prove(objects: Batch, record: Record, expected: SiteFiles | None, known: Sequence[Diagnostic] = ()) -> Proof:
    """The proof for a branch whose source renders to *expected*; None where nobody can tell. *known* findings are part of it."""
    found = [*known, *_strangers(record)]
    if expected is not None and record.head.tree == expected.tree:
        return _proof(record, FileDifferences(), FileDifferences(), found)
    (listing,) = objects.trees([record.tip.tree])
    hidden = {METADATA} if active_branch(record.branch) else frozenset()
    entries = {path: entry for path, entry in listing.items() if path not in hidden}
    ids = _recorded(objects, entries)
    source = _differences(entries, plain_files(expected.ids)) if expected is not None else None
    lock = _differences(entries, plain_files({**ids, LOCK: entries[LOCK].id})) if ids is not None else None
    found += _file_findings(record, source, lock)
    if ids is None:
        found.append(_lockless(record, entries.get(LOCK)))
    if source and record.version != __version__:
        found.append(_other_version(record))
    return _proof(record, source, lock, found, entries)


def _proof(
    record: Record,
    source: FileDifferences | None,
    lock: FileDifferences | None,
    found: Sequence[Diagnostic],
    entries: Mapping[str, Entry] | None = None,
) -> Proof:
    findings = tuple(finding.at_site(record.site) for finding in found)
    told = Verdict.DIFFERS if has_errors(findings) else Verdict.EQUAL
    return Proof(record, Verdict.UNPROVEN if source is None else told, source, lock, findings, entries or {})


def _recorded(objects: Batch, entries: Mapping[str, Entry]) -> Mapping[str, str] | None:
    """The inventory of the branch's lock file; None where there is none that can be read."""
    lock = entries.get(LOCK)
    found = objects.objects([lock.id])[0] if lock else None
    return inventory(found[1]) if found else None


def _differences(entries: Mapping[str, Entry], expected: Mapping[str, Entry]) -> FileDifferences:
    return FileDifferences(
        tuple(path for path in sorted(expected.keys() & entries.keys()) if entries[path] != expected[path]),
        tuple(sorted(expected.keys() - entries.keys())),
        tuple(sorted(entries.keys() - expected.keys())),
    )


def _strangers(record: Record) -> Iterator[Diagnostic]:
    """The commits that the composer did not make, each a finding."""
    below = (*record.above[1:], record.last)
    for commit, next_ in zip(record.above, below, strict=False):
        if active_branch(record.branch) and len(commit.parents) > 1 and next_ and next_.tree == commit.tree:
            continue  # GitOps Promoter joins the branch with what it was promoted to
        text = describe(Head(commit.id, commit.tree), commit.content)
        if len(commit.parents) > 1:
            message = f"branch {record.branch} holds a merge, which the composer never makes: {text}"
            yield error("B072", message, Place(record.branch), hint=_MEND)
        else:
            message = f"branch {record.branch} holds a commit that the composer did not make: {text}"
            yield error("B071", message, Place(record.branch), hint=_MEND)


_MEND = "bring what is wanted of it into the site's documents, then publish with --adopt"


def _file_findings(
    record: Record, source: FileDifferences | None, lock: FileDifferences | None
) -> Iterator[Diagnostic]:
    branch, made = f"branch {record.branch}", f"commit {record.source[:12]} renders to"
    if source is not None:
        yield from _named("B076", record, source.changed, f"{branch} differs in {{}} from what {made}")
        yield from _named("B077", record, source.missing, f"{branch} lacks {{}} of what {made}")
        yield from _named("B078", record, source.foreign, f"{branch} holds {{}} besides what {made}")
    if lock is not None:
        broken = tuple(sorted((*lock.changed, *lock.missing)))
        yield from _named("B080", record, broken, f"{branch} differs in {{}} from its {LOCK}")
        if source is None:
            yield from _named("B078", record, lock.foreign, f"{branch} holds {{}} besides what its {LOCK} names")


def _named(code: str, record: Record, paths: Sequence[str], message: str) -> Iterator[Diagnostic]:
    """One finding about these files, if there are any."""
    if paths:
        more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
        place = Place(f"{record.branch}:{paths[0]}" if len(paths) == 1 else record.branch)
        count = "1 file" if len(paths) == 1 else f"{len(paths):,} files"
        yield error(code, f"{message.format(count)}: {', '.join(paths[:_NAMED])}{more}", place)


def _lockless(record: Record, lock: Entry | None) -> Diagnostic:
    fault = "is no lock file of the composer" if lock else "is missing"
    message = f"{LOCK} of branch {record.branch} {fault}: nobody can tell which files are the composer's"
    return error("B079", message, Place(f"{record.branch}:{LOCK}"), hint="publish the site with --adopt")


def _other_version(record: Record) -> Diagnostic:
    made = record.version or "an unknown version"
    message = f"branch {record.branch} was made by composer {made}, and this is {__version__}"
    hint = f"differences may come from that; verify with composer {made} to know"
    return warning("B075", message, Place(record.branch), hint=hint)
