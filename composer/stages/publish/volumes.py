"""Volumes never shrink by themselves: a claim that asks for less than its branch does is refused before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.batch import Batch
from composer.model.units import UnitError, quantity
from composer.source.reader import parse
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.plan import SitePlan

CLAIM = "persistentvolumeclaim"
"""Part of the name of every file that holds a claim."""


def hold_volumes(objects: Batch, site: SiteFiles, plan: SitePlan) -> SitePlan:
    """The plan, with a finding for each claim that would shrink."""
    claims = [path for path in plan.changed if CLAIM in path and path in site.files]
    if not claims:
        return plan
    before = objects.contents([plan.old[path] for path in claims])
    found = _shrinking(site, claims, before)
    return replace(plan, findings=(*plan.findings, *found)) if found else plan


def _shrinking(site: SiteFiles, claims: Sequence[str], before: Sequence[bytes]) -> list[Diagnostic]:
    found = []
    for path, content in zip(claims, before, strict=True):
        old, new = _size(content, path), _size(site.files[path], path)
        if old is not None and new is not None and quantity(new) < quantity(old):
            message = f"volume {path} would shrink from {old} to {new}; no cluster does that, and its data may not fit"
            hint = f"say the size outright (storage.size: {old}), or publish with --allow-shrink once the claim is made anew"
            found.append(error("W073", message, Place(f"{site.branch}:{path}"), hint=hint).at_site(site.site))
    return found


def _size(content: bytes, path: str) -> Any:
    """What the claim asks for; None for what is no claim that anybody can read."""
    try:
        written = parse(content.decode(), path).data["spec"]["resources"]["requests"]["storage"]
        quantity(written)
    except (Rejected, UnitError, UnicodeDecodeError, KeyError, TypeError):
        return None
    return written
