"""A site's branch packed for a registry, in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, warning
from composer.git.source import Source
from composer.model.fleet import Fleet
from composer.model.inventory import by_image
from composer.model.stack import Rendered
from composer.pipeline.branch import files_of
from composer.pipeline.images import images_of_site
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.stages.publish import Bundle, bundle, write_tree


@dataclass(frozen=True)
class Bundled:
    """How it went: what was *packed*, None where the site has errors, and how many files of the folder were *changed*.

    *address* is the repository of the registry that the site's cluster looks at, "" where it looks at none.
    """

    site: str
    findings: tuple[Diagnostic, ...] = field(repr=False)
    packed: Bundle | None = None
    address: str = ""
    changed: int = 0


def write_bundle(fleet: Fleet, site: str, source: Source, folder: Path, anchor: Path) -> Bundled:
    """The site's bundle in *folder*; below *anchor* no link is followed. Raises Rejected where something is in the way."""
    (done,) = compose_all(fleet, [site], 1, lambda composed: _packed(composed, source))
    if done.packed is None:
        return done
    written = write_tree(folder, done.packed.files, anchor)
    return replace(done, changed=written.written + written.removed)


def _packed(composed: Composed, source: Source) -> Bundled:
    if not composed.ok:
        return Bundled(composed.site, composed.findings)
    try:
        files = files_of(composed)
    except Rejected as rejected:
        return Bundled(composed.site, (*composed.findings, *(d.at_site(composed.site) for d in rejected.diagnostics)))
    needed = by_image({composed.site: images_of_site(composed).needs})
    images = "".join(f"{image.reference}\n" for image in needed)
    registry = _registry(composed.objects)
    tag = registry["ref"]["tag"] if registry else composed.site
    findings = composed.findings if registry else (*composed.findings, _elsewhere(composed))
    return Bundled(composed.site, findings, bundle(files, source, tag, images), registry.get("url", ""))


def _registry(objects: Sequence[Rendered]) -> Mapping[str, Any]:
    """The spec of what makes the cluster look for the branch in a registry; empty where it looks elsewhere."""
    delivering = (rendered.object for rendered in objects if rendered.component.role == "delivery")
    return next((each["spec"] for each in delivering if each["kind"] == "OCIRepository"), {})


def _elsewhere(composed: Composed) -> Diagnostic:
    """A bundle says itself where its cluster looks next; that should be a registry."""
    assert composed.wiring is not None
    message = f"the bundle of site {composed.site} has its cluster look for the branch in Git, not in a registry"
    hint = "set ociRepository of blueprint delivery-flux for this site: spec.components.delivery.params.ociRepository"
    place = composed.wiring.stack.document.place(("spec", "components", "delivery"))
    return warning("B100", message, place, hint=hint).at_site(composed.site)
