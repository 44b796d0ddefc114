"""Branch names: what Git takes for one, and which of them cannot live in one repository."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from composer.diagnostic import Diagnostic, Place, error
from composer.model.names import branch_fault


def check_branches(branches: Mapping[str, str], places: Mapping[str, Place]) -> list[Diagnostic]:
    """What is wrong with the branches (site -> branch) of a fleet; to be asked before anything is written."""
    findings = [
        error("B004", f"{branch!r} of site {site} cannot be a branch: {fault}", places[site])
        for site, branch in sorted(branches.items())
        if (fault := branch_fault(branch))
    ]
    return findings + _equal(branches, places) + _nested(branches, places)


def _equal(branches: Mapping[str, str], places: Mapping[str, Place]) -> list[Diagnostic]:
    """Branches that differ in capitals at most: Git keeps them as files, and to many disks these are one."""
    ordered = sorted(branches, key=lambda site: (branches[site].casefold(), site))
    groups = (list(sites) for _, sites in groupby(ordered, key=lambda site: branches[site].casefold()))
    return [_clash(site, first, branches, places) for first, *others in groups for site in others]


def _nested(branches: Mapping[str, str], places: Mapping[str, Place]) -> list[Diagnostic]:
    """Branches that would have to be a file and a folder at once."""
    owners = {branch.casefold(): site for site, branch in sorted(branches.items(), reverse=True)}
    findings = []
    for site, branch in sorted(branches.items()):
        parts = branch.casefold().split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        findings += [_clash(site, owners[name], branches, places) for name in above if name in owners]
    return findings


def _clash(site: str, other: str, branches: Mapping[str, str], places: Mapping[str, Place]) -> Diagnostic:
    message = (
        f"branch {branches[site]!r} of site {site} and branch {branches[other]!r} of site {other} "
        "cannot be in one repository"
    )
    return error("B003", message, places[site], hint="rename one of the sites")
