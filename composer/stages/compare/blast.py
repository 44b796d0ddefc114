"""How far a comparison reaches: sites, tenants, objects, and for each risk how many of them."""

from __future__ import annotations

from dataclasses import dataclass

from composer.stages.compare.change import Risk, is_lock
from composer.stages.compare.groups import Comparison, GroupedChange


@dataclass(frozen=True, slots=True)
class Reach:
    """How many distinct changes carry a risk, at how many *objects* of how many *sites* in all."""

    risk: Risk
    changes: int
    objects: int
    sites: int


@dataclass(frozen=True, slots=True)
class Blast:
    """What a comparison touches. An object counts once for each site it is at; *risks* has the worst first."""

    sites: int
    objects: int
    tenants: tuple[str, ...]
    risks: tuple[Reach, ...]


def blast_radius(comparison: Comparison) -> Blast:
    """How far the changes of a comparison reach."""
    groups = comparison.groups
    tenants = sorted({group.change.tenant for group in groups if group.change.tenant})
    reaches = (_reach(risk, [group for group in groups if _carries(group, risk)]) for risk in Risk)
    objects = sum(len(group.sites) for group in groups if not is_lock(group.change.identity))
    return Blast(len(comparison.changed), objects, tuple(tenants), tuple(reach for reach in reaches if reach.changes))


def _carries(group: GroupedChange, risk: Risk) -> bool:
    return any(danger.risk is risk for danger in group.change.dangers)


def _reach(risk: Risk, groups: list[GroupedChange]) -> Reach:
    sites = {site for group in groups for site in group.sites}
    return Reach(risk, len(groups), sum(len(group.sites) for group in groups), len(sites))
