"""What verifying found: a line for each branch and the edits below for people, everything for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from composer import __version__
from composer.git.signing import Signature, Trust
from composer.report.diff import human
from composer.report.diff_json import comparison_document
from composer.report.visible import json_inert, visible
from composer.stages.compare import SiteDiff, group
from composer.stages.publish import FileDifferences, Proof


def text(proofs: Sequence[Proof], edits: Sequence[SiteDiff], absent: Sequence[str], *, colour: bool = False) -> str:
    """A line for each site, in order, then what branches hold that their sources do not render to, like a diff."""
    lines = {proof.record.site: _line(proof) for proof in proofs}
    lines |= {site: f"{'absent':<9} {site}" for site in absent}
    shown = "".join(f"{visible(lines[site])}\n" for site in sorted(lines))
    if not edits:
        return shown
    unchanged = len(proofs) - len(edits)
    return f"{shown}\nwhat branches hold against what their commits render to:\n{human(group(edits, unchanged), colour=colour)}"


def _line(proof: Proof) -> str:
    record = proof.record
    source = record.trailers.get("Composer-Source", "")
    made = f" from {source[:12]}{'-dirty' if source.endswith('-dirty') else ''}" if source else ""
    other = f" by composer {record.version}" if record.version not in ("", __version__) else ""
    held = f", held at {record.held[:12]}" if record.held else ""
    return f"{proof.verdict:<9} {record.branch} {record.head.commit[:12]}{made}{other}{held}{_signed(proof.signature)}"


def _signed(signature: Signature) -> str:
    """ ", signed by ci@example.com"; nothing where there is no signature."""
    if signature.trust is Trust.UNSIGNED:
        return ""
    who = signature.signer or signature.key or "somebody"
    return f", signed by {who}{'' if signature.trust is Trust.GOOD else f' ({signature.trust})'}"


def as_json(proofs: Sequence[Proof], edits: Sequence[SiteDiff], absent: Sequence[str]) -> str:
    """All that is known, with a line break at the end. docs/reference/branch.md describes the form."""
    document = {
        "apiVersion": "edge-composer.io/v1alpha1",
        "kind": "Verification",
        "composer": __version__,
        "sites": [_site(proof) for proof in proofs],
        "absent": list(absent),
        "edits": comparison_document(group(edits, len(proofs) - len(edits))),
    }
    return json_inert(json.dumps(document, indent=2, ensure_ascii=True, default=str)) + "\n"


def _site(proof: Proof) -> dict[str, Any]:
    record = proof.record
    return {
        "site": record.site,
        "branch": record.branch,
        "commit": record.head.commit,
        "verdict": str(proof.verdict),
        "source": record.trailers.get("Composer-Source"),
        "version": record.version or None,
        "held": record.held or None,
        "signature": {
            "trust": str(proof.signature.trust),
            "signer": proof.signature.signer or None,
            "key": proof.signature.key or None,
        },
        "foreignCommits": [
            {"commit": commit.id, "author": commit.author, "merge": len(commit.parents) > 1} for commit in record.above
        ],
        "againstSource": _files(proof.source),
        "againstLock": _files(proof.lock),
        "findings": [
            {"code": d.code, "severity": d.severity, "message": d.message, "hint": d.hint} for d in proof.findings
        ],
    }


def _files(found: FileDifferences | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"changed": list(found.changed), "missing": list(found.missing), "foreign": list(found.foreign)}
