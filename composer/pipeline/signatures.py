"""Who signs a fleet's branches, and whose signatures count: Git's configuration, and the fleet's policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, error, warning
from composer.git.process import GitFailed
from composer.git.repository import Repository
from composer.git.signing import Signature, Signer, Trust, signatures, signer_of
from composer.model.fleet import Fleet
from composer.source.files import read_text
from composer.source.temporary import temporary_folder
from composer.stages.publish import Record

_SAID = {
    Trust.UNSIGNED: "is not signed",
    Trust.UNTRUSTED: "is signed with a key that nobody is known to own",
    Trust.EXPIRED: "is signed with a key or for a time that is over",
    Trust.REVOKED: "is signed with a key that was revoked",
    Trust.BAD: "has a signature that is not for what it holds",
    Trust.UNCHECKED: "has a signature that cannot be checked here",
}
_HINTS = {
    Trust.UNSIGNED: "publish it anew with a key: user.signingKey of Git's configuration names it",
    Trust.UNTRUSTED: "policies.signatures.allowedSigners, gpg.ssh.allowedSignersFile or the GPG keyring says who may sign",
    Trust.UNCHECKED: "the key is not in the GPG keyring, or no file of allowed signers is named",
}
_WRONG = (Trust.BAD, Trust.REVOKED)
"""What is an error although nobody demands signatures."""


def signer(fleet: Fleet, jobs: int = 1) -> Signer | None:
    """What signs the commits of the fleet's branches, by *jobs* processes; None where they are not to be signed.

    Raises Rejected.
    """
    if _is_required(fleet):
        return Signer(fleet.root, jobs)
    try:
        return signer_of(fleet.root, jobs)
    except GitFailed as failed:
        raise Rejected(
            [error("B013", f"git cannot read the fleet's repository: {failed}", Place(str(fleet.root)))]
        ) from failed


def checked(fleet: Fleet, repository: Repository, records: Sequence[Record]) -> Mapping[str, Signature]:
    """Site -> the signature of its branch's last commit. Raises Rejected where the file of allowed signers cannot be read."""
    commits = [record.tip for record in records]
    file = _policy(fleet).get("allowedSigners")
    if file is None:
        found = signatures(fleet.root, repository, commits)
    else:
        with temporary_folder() as folder:
            allowed = folder / "allowed-signers"
            allowed.write_text(read_text(fleet.root, f"sites/{file}"), encoding="utf-8")
            found = signatures(fleet.root, repository, commits, allowed)
    return {record.site: found[record.tip.id] for record in records}


def finding(fleet: Fleet, record: Record, signature: Signature) -> tuple[Diagnostic, ...]:
    """What is to be said of a branch's signature, if anything: less than the policy demands, or that it is not good."""
    required = _is_required(fleet)
    if signature.trust is Trust.GOOD or (signature.trust is Trust.UNSIGNED and not required):
        return ()
    key = f" ({signature.key})" if signature.key else ""
    message = f"commit {record.tip.id[:12]} of branch {record.branch} {_SAID[signature.trust]}{key}"
    make = error if required or signature.trust in _WRONG else warning
    return (make("B081", message, Place(record.branch), hint=_HINTS.get(signature.trust, "")),)


def _policy(fleet: Fleet) -> Mapping[str, Any]:
    return (fleet.document.data["spec"].get("policies") or {}).get("signatures") or {}


def _is_required(fleet: Fleet) -> bool:
    return bool(_policy(fleet).get("required"))
