"""Every image is one certain image: it has a digest, or a tag that is not `latest`."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic
from composer.model.images import parse_image
from composer.model.units import UnitError
from composer.source.document import Route
from composer.stages.check.finding import finding
from composer.stages.check.objects import Pod, Subject
from composer.stages.check.site import Site


def check_images(site: Site) -> Iterator[Diagnostic]:
    """The images of all containers, and those mounted as volumes."""
    for pod in site.pods:
        for route, reference in images_of(pod):
            yield from _check(pod.subject, route, reference)


def images_of(pod: Pod) -> Iterator[tuple[Route, str]]:
    """The image references of a pod template, and where each stands."""
    for container in pod.containers:
        yield (*container.route, "image"), container.spec.get("image", "")
    for index, volume in enumerate(pod.spec.get("volumes", ())):
        if "image" in volume:
            yield (
                (*pod.spec_route, "volumes", index, "image", "reference"),
                volume["image"].get("reference", ""),
            )


def _check(subject: Subject, route: Route, reference: str) -> Iterator[Diagnostic]:
    try:
        image = parse_image(reference)
    except UnitError:
        hint = "expected registry/name:tag, or registry/name@sha256:..."
        yield finding("K022", subject, route, f"is {reference!r}, which is no image reference", hint=hint)
        return
    if image.is_pinned:
        return
    hint = "give the tag of a version, or a digest"
    if image.tag:
        yield finding("K021", subject, route, f"is {reference}: `latest` is another image tomorrow", hint=hint)
    else:
        yield finding("K020", subject, route, f"is {reference}, without a tag: that means `latest`", hint=hint)
