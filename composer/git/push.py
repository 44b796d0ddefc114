"""Commits on their way to a server: all branches in one push, and what it declines as a whole in parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from composer.git.process import GitFailed
from composer.git.remote import HEADS, NAME, TRACKED, Remote, heads_at, refs_of, run_with
from composer.git.repository import Repository

MOST_NAMED = 1000
"""Branches that a push names one by one. Git compares each with each, and a command line holds two megabytes."""

MOST_PUSHES = 400
"""Pushes that one may become where the server declines several branches together: enough for two dozen culprits among
thousands, as each takes two pushes for every halving of what it was pushed with."""

PATIENCE = 32
"""Pushes in a row that bring nothing in before a server is taken to decline whatever comes."""

_MOVED = (
    *("stale info", "fetch first", "non-fast-forward", "needs force"),
    *("cannot lock ref", "incorrect old value provided", "failed to update ref", "reference already exists"),
)
"""What git says of a branch that somebody else moved: it can be tried again after rendering again."""

_DENIED = (
    *("error: 401", "error: 403", "Authentication failed", "could not read Username"),
    *("Permission denied", "access rights", "not permitted", "read-only", "read only", "service not enabled"),
)
"""What git and servers say where somebody may read and not write."""

_BY_ITSELF = ("protected branch", "unpacker error", "deletion prohibited", "shallow update not allowed")
"""What servers say of a branch whatever it is pushed with, or where parts fare no better than the whole. So does `hook
declined`, which is what git says where the hook `update` refused a branch."""

_SILENT = "remote failed to report status"
"""What git says of a branch that the server gave no answer for."""

_SERVER = "remote: "
"""What git puts before each line that the server and its hooks wrote."""


class Refusal(StrEnum):
    """Why a branch did not move: somebody else moved it, the push broke off before, the server does not want it, the server
    declined it together with others and nobody knows which of them it does not want, or the push broke off and nobody knows
    whether it moved.

    After all but FINAL, it can be tried again; after MOVED only once it was compared anew.
    """

    MOVED = "moved"
    BROKEN = "broken"
    FINAL = "final"
    TOGETHER = "together"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Refused:
    """A branch that the server did not move, and the reason in its words."""

    kind: Refusal
    reason: str


def push(mirror: Repository, remote: Remote) -> Mapping[str, Refused]:
    """Pushes every branch of the mirror that moved since it was fetched; gives those that the remote did not take.

    All go over one connection, each with a lease: on the condition that the remote's branch still stands where it stood
    when it was fetched. A push that is cut off leaves every branch as it was or as it should be; where the answer for a branch
    is missing, the remote is asked where it stands. Branches that are declined together are pushed again in ever smaller parts,
    MOST_PUSHES at most and PATIENCE in vain, so that those at fault hold no other up.
    """
    here, there = (refs_of(mirror, prefix) for prefix in (HEADS, TRACKED))
    moved = {branch: commit for branch, commit in here.items() if there.get(branch) != commit}
    return _sent(_Way(mirror, remote, moved, there)) if moved else {}


def delete(mirror: Repository, remote: Remote, branches: Mapping[str, str]) -> Mapping[str, Refused]:
    """Deletes these branches (branch -> the commit it has to stand at) from the remote; gives those that it did not take."""
    return _sent(_Way(mirror, remote, dict.fromkeys(branches, ""), branches))


@dataclass(frozen=True, eq=False)
class _Way:
    """Branches on their way from a mirror: where they are *wanted* ("": nowhere), and where they have to stand *there*."""

    mirror: Repository
    remote: Remote
    wanted: Mapping[str, str]
    there: Mapping[str, str]

    def words(self, branches: Sequence[str]) -> Iterator[str]:
        """Git's arguments for what must hold and what is pushed: each branch by name with the commit it has to stand at ("": it
        must not exist), or of very many all that moved, with what was fetched as the condition."""
        if len(branches) > MOST_NAMED and all(self.wanted.values()):
            yield from ("--force-with-lease", "--", NAME, f"{HEADS}*:{HEADS}*")
            return
        yield from (f"--force-with-lease={HEADS}{branch}:{self.there.get(branch, '')}" for branch in branches)
        yield from ("--", NAME)
        yield from (
            f"{HEADS}{branch}:{HEADS}{branch}" if self.wanted[branch] else f":{HEADS}{branch}" for branch in branches
        )


def _sent(way: _Way) -> Mapping[str, Refused]:
    """The branches that did not come to where they are wanted.

    Of the parts that are left, the largest and the smallest take turns: the one finds a few branches at fault that stand side
    by side soonest, the other many that are spread out.
    """
    refused: dict[str, Refused] = {}
    parts: list[Sequence[str]] = [sorted(way.wanted)]
    pushes, vain = 0, 0
    while parts and pushes < MOST_PUSHES and vain < PATIENCE:
        part = parts.pop(-(pushes % 2))
        answers = _pushed(way, part)
        pushes += 1
        vain = 0 if len(answers) < len(part) else vain + 1
        refused = {branch: known for branch, known in refused.items() if branch not in set(part)} | answers
        if any(answer.kind in (Refusal.BROKEN, Refusal.UNKNOWN) for answer in answers.values()):
            break
        together = [branch for branch, answer in answers.items() if answer.kind is Refusal.TOGETHER]
        parts = sorted([*parts, *_halves(together)], key=len, reverse=True)
    return refused


def _halves(branches: Sequence[str]) -> Iterator[Sequence[str]]:
    """The branches in two parts, or in as many as it takes to push each of them by name."""
    size = min((len(branches) + 1) // 2, MOST_NAMED)
    return (branches[start : start + size] for start in range(0, len(branches), size or 1))


def _pushed(way: _Way, branches: Sequence[str]) -> dict[str, Refused]:
    """The branches that did not come to where they are wanted with one push."""
    words = ("--porcelain", "--no-follow-tags", "--no-verify", "--no-signed", "--no-recurse-submodules")
    try:
        answer = run_with(way.mirror, way.remote, "push", *words, *way.words(branches))
        problem, told = "", ""
    except GitFailed as failed:
        answer, problem, told = failed.output, str(failed), _told(failed.errors)
    said = dict(_answers(answer.decode("utf-8", "surrogateescape")))
    refused = {branch: found for branch in branches if (found := said.get(branch)) is not None}
    missing = [branch for branch in branches if branch not in said] if problem else []
    if not missing:
        return _explained(refused, told, none_moved=len(refused) == len(branches))
    stand = heads_at(way.mirror, way.remote)
    kept = Refused(_unanswered(problem, stand), problem)
    left = [branch for branch in missing if stand is None or stand.get(branch, "") != way.wanted[branch]]
    return {**refused, **dict.fromkeys(left, kept)}


def _explained(refused: Mapping[str, Refused], told: str, *, none_moved: bool) -> dict[str, Refused]:
    """The refusals of a push in what the server *told* besides, where it is known which branch it speaks of.

    Where *none_moved* and all that the server was asked for are declined for one reason, they are declined together.
    """
    declined = {branch: answer for branch, answer in refused.items() if answer.kind is Refusal.FINAL}
    reasons = {answer.reason for answer in declined.values()}
    if len(declined) > 1 and not (none_moved and len(reasons) == 1 and _is_of_all(min(reasons))):
        return dict(refused)
    kind = Refusal.TOGETHER if len(declined) > 1 else Refusal.FINAL
    said = {branch: Refused(kind, ": ".join(filter(None, (r.reason, told)))) for branch, r in declined.items()}
    return {**refused, **said}


def _is_of_all(reason: str) -> bool:
    """Whether a push may have been declined as a whole for this reason."""
    return reason != "hook declined" and not any(words in reason for words in _BY_ITSELF)


def _told(errors: bytes) -> str:
    """What the server and its hooks said, on one line."""
    lines = (line.strip() for line in errors.decode("utf-8", "replace").splitlines())
    return "; ".join(filter(None, (line.removeprefix(_SERVER).strip() for line in lines if line.startswith(_SERVER))))


def _unanswered(problem: str, stand: Mapping[str, str] | None) -> Refusal:
    """What kept a branch that the server said nothing of; *stand* is where its branches stand, if it says that."""
    if any(words in problem for words in _DENIED):
        return Refusal.FINAL
    return Refusal.UNKNOWN if stand is None else Refusal.BROKEN


def _answers(porcelain: str) -> Iterator[tuple[str, Refused | None]]:
    """Each branch that the push gave an answer for: None where it moved. Lines are `flag TAB from:to TAB summary (reason)`."""
    for line in porcelain.splitlines():
        flag, _, rest = line.partition("\t")
        refs, _, summary = rest.partition("\t")
        branch = refs.rpartition(":")[2].removeprefix(HEADS)
        if flag == "!" and summary.endswith(f"({_SILENT})"):
            continue
        if flag == "!":
            yield branch, _refused(summary)
        elif rest:
            yield branch, None


def _refused(summary: str) -> Refused:
    reason = summary.rpartition("(")[2].removesuffix(")") if "(" in summary else summary
    moved = any(words in reason for words in _MOVED)
    return Refused(Refusal.MOVED if moved else Refusal.FINAL, reason)
