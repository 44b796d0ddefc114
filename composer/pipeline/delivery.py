"""Where a fleet's site branches live: a repository on this machine, or a mirror of one on a server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.address import folder, identity
from composer.git.lock import holding, publishing
from composer.git.mirror import forget_settings
from composer.git.process import GitFailed
from composer.git.push import Refusal, Refused, delete, push
from composer.git.remote import PROTOCOLS, Remote, deepen, fetch, remote_of
from composer.git.repository import Repository, create_repository, open_repository, remove_branch
from composer.model.fleet import Fleet
from composer.model.shards import Shard, shards_of
from composer.stages.publish import Outcome, SiteResult

DEFAULT_REPOSITORY = "out/delivery.git"
MIRRORS = "out/mirrors"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The *repository* on this machine whose branches are compared with and moved, and the *remote* it mirrors, if any."""

    repository: Repository
    remote: Remote | None = None

    @property
    def address(self) -> str:
        """How people know it."""
        return self.remote.address if self.remote else str(self.repository.path)

    def send(self, results: Sequence[SiteResult]) -> tuple[SiteResult, ...]:
        """The *results* of publishing once the remote has answered; without one, as they are."""
        if self.remote is None or not any(result.outcome is Outcome.PUBLISHED for result in results):
            return tuple(results)
        refused = push(self.repository, self.remote)
        return tuple(_after_push(result, refused) for result in results)

    def remove(self, branches: Mapping[str, str]) -> Mapping[str, Refused]:
        """Removes branches (branch -> the commit where it has to stand); gives those that stay. Raises Rejected where somebody
        else publishes for too long."""
        if self.remote is not None:
            return delete(self.repository, self.remote, branches)
        refused = {}
        with publishing(self.repository):
            for branch, commit in sorted(branches.items()):
                try:
                    remove_branch(self.repository, branch, commit)
                except GitFailed as failed:
                    refused[branch] = Refused(Refusal.MOVED, str(failed))
        return refused

    def deepen(self, branches: Sequence[str]) -> None:
        """Sees to it that all commits of these branches are here; a mirror has only the last ones. Raises Rejected."""
        if self.remote is None or not branches:
            return
        try:
            deepen(self.repository, self.remote, branches)
        except GitFailed as failed:
            raise Rejected([_unfetched(self.remote, failed, Place(self.remote.address))]) from failed


@contextmanager
def delivery(fleet: Fleet, shard: Shard) -> Iterator[Delivery]:
    """The delivery repository of a shard, made or fetched. Raises Rejected where it cannot be had."""
    remote = remote_of(written(shard))
    if remote is None:
        yield Delivery(create_repository(folder(fleet.root / written(shard))))
        return
    mirror = create_repository(
        fleet.root.absolute() / MIRRORS / _mirror_name(remote, identity(written(shard), fleet.root))
    )
    with holding(mirror) as held:
        _fetch(held, remote, _place(fleet, shard))
        yield Delivery(held, remote)


@contextmanager
def present_delivery(fleet: Fleet, shard: Shard) -> Iterator[Delivery | None]:
    """The delivery repository of a shard, or None where nothing was ever published to it. Raises Rejected."""
    if remote_of(written(shard)) is None:
        path = folder(fleet.root / written(shard))
        yield Delivery(open_repository(path)) if path.exists() else None
        return
    with delivery(fleet, shard) as found:
        yield found


def repositories_here(fleet: Fleet) -> list[Path]:
    """The delivery repositories on this machine."""
    addresses = (written(shard) for shard in shards_of(fleet.document.data))
    return [(fleet.root / address).absolute() for address in addresses if remote_of(address) is None]


def written(shard: Shard) -> str:
    """The address of a shard's repository."""
    return shard.repository or DEFAULT_REPOSITORY


def _place(fleet: Fleet, shard: Shard) -> Place:
    return fleet.document.place((*shard.route, "repository"))


def address_findings(fleet: Fleet, shard: Shard) -> list[Diagnostic]:
    """What is wrong with the address of a shard's repository."""
    remote = remote_of(written(shard))
    if remote is None or remote.is_allowed:
        return []
    message = f"delivery repositories are not reached by {remote.protocol!r}"
    hint = f"addresses begin with {', '.join(f'{name}://' for name in PROTOCOLS)}, or are a path"
    return [error("B040", message, _place(fleet, shard), hint=hint)]


def _mirror_name(remote: Remote, known_as: str) -> str:
    """A folder's name for the mirror: something to recognise, and a digest, since addresses differ in any character."""
    last = re.sub(r"[^A-Za-z0-9_-]+", "-", remote.address.rstrip("/").removesuffix(".git").rpartition("/")[2])
    return f"{last[:40] or 'delivery'}-{sha256(known_as.encode()).hexdigest()[:12]}.git"


def _fetch(mirror: Repository, remote: Remote, place: Place) -> None:
    try:
        forget_settings(mirror)
        fetch(mirror, remote)
    except (GitFailed, OSError) as failed:
        raise Rejected([_unfetched(remote, failed, place)]) from failed


def _unfetched(remote: Remote, failed: Exception, place: Place) -> Diagnostic:
    message = f"the delivery repository {remote.address} cannot be fetched: {failed}"
    hint = "git's own configuration says how you log in there; nothing was changed"
    return error("B042", message, place, hint=hint)


def _after_push(result: SiteResult, refused: Mapping[str, Refused]) -> SiteResult:
    refusal = refused.get(result.branch) if result.outcome is Outcome.PUBLISHED else None
    if refusal is None:
        return result
    finding = not_moved(result.branch, refusal).at_site(result.site)
    return replace(result, outcome=VERDICTS[refusal.kind].outcome, commit=result.parent, findings=(finding,))


def not_moved(branch: str, refusal: Refused) -> Diagnostic:
    """The finding about a branch that did not move."""
    verdict = VERDICTS[refusal.kind]
    message = verdict.message.format(branch=branch, reason=refusal.reason)
    return error(verdict.code, message, Place(branch), hint=verdict.hint)


class Verdict(NamedTuple):
    """What is said of a branch that the server did not move."""

    outcome: Outcome
    code: str
    message: str
    hint: str


_AGAIN = "run it again: it does only what is left"
VERDICTS = {
    Refusal.MOVED: Verdict(
        Outcome.MOVED,
        "B022",
        "somebody else moved branch {branch} meanwhile ({reason})",
        "run it again: it is compared with what came in",
    ),
    Refusal.BROKEN: Verdict(
        Outcome.BROKEN, "B058", "the push broke off before branch {branch} moved: {reason}", _AGAIN
    ),
    Refusal.FINAL: Verdict(
        Outcome.DECLINED,
        "B025",
        "the server did not take branch {branch}: {reason}",
        "running it again alone will not help; ask who runs the server",
    ),
    Refusal.TOGETHER: Verdict(
        Outcome.DECLINED,
        "B065",
        "the server declined branch {branch} together with others, and which of them it does not want was not found: {reason}",
        "ask who runs the server, or publish few sites at a time (composer publish SITE...)",
    ),
    Refusal.UNKNOWN: Verdict(
        Outcome.BROKEN,
        "B026",
        "the push was cut off, and the server does not say whether branch {branch} moved: {reason}",
        _AGAIN,
    ),
}
"""Why a branch did not move -> what becomes of its site."""
