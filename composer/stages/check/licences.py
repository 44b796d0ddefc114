"""Images that need a licence run only where the site has one."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic, Related, error
from composer.stages.check.images import images_of
from composer.stages.check.places import component_place
from composer.stages.check.site import Site


def check_licences(site: Site) -> Iterator[Diagnostic]:
    """The images that are really used: a blueprint may have several, some of them free."""
    for pod in site.pods:
        component = pod.subject.rendered.component
        if not component.blueprint.licences:
            continue
        used = {reference for _, reference in images_of(pod)}
        for name, image in component.blueprint.images.items():
            product = image.get("requiresLicence")
            if product and image["reference"] in used and product not in site.context.licences:
                place = component.blueprint.manifest.place(("spec", "images", name, "requiresLicence"))
                message = f"{component.label} uses {image['reference']}, which needs a licence of {product}; the site names none"
                hint = f"name the Secret that holds it: spec.licences.{product}: {{secret: ...}}"
                related = [Related("said here", place)]
                yield error("L014", message, component_place(component), hint=hint, related=related)
