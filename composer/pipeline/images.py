"""What many sites need of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from composer.diagnostic import Diagnostic
from composer.model.fleet import Fleet
from composer.model.inventory import Need
from composer.model.machines import RESERVE, machines_of
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.pipeline.watch import Watch, counted, unwatched
from composer.stages.check.inventory import needs_of


@dataclass(frozen=True, slots=True)
class SiteImages:
    """What one site needs; nothing where it has errors."""

    site: str
    ok: bool
    findings: tuple[Diagnostic, ...]
    needs: tuple[Need, ...] = ()


def site_images(fleet: Fleet, names: Sequence[str], jobs: int, watch: Watch = unwatched) -> list[SiteImages]:
    """The images of each site, in the order of *names*."""
    return list(counted(compose_all(fleet, names, jobs, images_of_site), watch, len(names)))


def images_of_site(composed: Composed) -> SiteImages:
    """What a composed site needs."""
    if not composed.ok or composed.wiring is None:
        return SiteImages(composed.site, ok=False, findings=composed.findings)
    nodes = composed.wiring.stack.spec["cluster"].get("nodes") or ()
    needs = needs_of(composed.objects, machines_of(nodes, RESERVE))
    return SiteImages(composed.site, ok=True, findings=composed.findings, needs=needs)
