"""Images exist for certain processors, and pods run on machines of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from composer.diagnostic import Diagnostic, Place, Related, error
from composer.model.stack import Component
from composer.stages.check.finding import finding
from composer.stages.check.images import images_of
from composer.stages.check.objects import Pod, of_shared
from composer.stages.check.placement import ARCH, may_run
from composer.stages.check.places import component_place
from composer.stages.check.site import Site


class Built(NamedTuple):
    """*reference* exists for *architectures* alone; *place* is where that stands."""

    reference: str
    architectures: tuple[str, ...]
    place: Place


def check_architectures(site: Site) -> Iterator[Diagnostic]:
    """Every image exists for some machine, and no pod can land on a machine that one of its images does not exist for."""
    nodes = site.context.nodes
    if nodes is None or not all(machine.arch for machine in nodes.machines):
        return
    here = sorted({machine.arch for machine in nodes.machines})
    for pod in site.pods:
        if suits(pod.subject.rendered.component, here):
            continue
        for image in built_for(pod):
            if set(here) <= set(image.architectures):
                continue
            if not set(here) & set(image.architectures):
                yield _nowhere(pod, image, here, nodes.place(()))
            elif wrong := sorted(
                {m.arch for m in nodes.machines if may_run(pod, m) and m.arch not in image.architectures}
            ):
                yield _astray(pod, image, wrong)


def suits(component: Component, here: Iterable[str]) -> bool:
    """Whether nothing is known against any of the architectures *here*. Told without a look at pods."""
    built = component.blueprint.architectures
    return (built is None or built.issuperset(here)) and not component.params.get("architectures")


def architectures_of(pod: Pod) -> frozenset[str] | None:
    """The architectures that a workload can run on; None where nothing is known against any."""
    images = built_for(pod)
    return frozenset.intersection(*(frozenset(image.architectures) for image in images)) if images else None


@of_shared
def built_for(pod: Pod) -> tuple[Built, ...]:
    """The images of a pod template of which the architectures are known: those of its blueprint, by what blueprint.yaml says;
    others by the component's parameter `architectures`, where it has one and it names any."""
    references = dict.fromkeys(reference for _, reference in images_of(pod))
    return tuple(found for reference in references if (found := _built(pod.rendered.component, reference)))


def _built(component: Component, reference: str) -> Built | None:
    manifest = component.blueprint.manifest
    for name, image in component.blueprint.images.items():
        if image["reference"] == reference:
            place = manifest.place(("spec", "images", name, "architectures"))
            return Built(reference, tuple(image["architectures"]), place)
    said = component.params.get("architectures")
    if isinstance(said, list) and said:
        return Built(reference, tuple(said), component_place(component))
    return None


def _nowhere(pod: Pod, image: Built, here: list[str], nodes: Place) -> Diagnostic:
    component = pod.subject.rendered.component
    message = (
        f"{component.label} cannot run here: its image {image.reference} exists for {' and '.join(image.architectures)} only, "
        f"and the site's nodes are {' and '.join(here)}"
    )
    related = [Related("the nodes", nodes), Related("the image's architectures", image.place)]
    hint = f"a node of {' or '.join(image.architectures)}, or another image"
    return error("K064", message, component_place(component), hint=hint, related=related)


def _astray(pod: Pod, image: Built, wrong: list[str]) -> Diagnostic:
    message = f"may run on nodes of {' and '.join(wrong)}, for which its image {image.reference} does not exist"
    hint = f"take `affinity` from the fragment `pod`, or a nodeSelector {ARCH}: {image.architectures[0]}"
    return finding("K065", pod.subject, (*pod.spec_route, "nodeSelector"), message, hint=hint)
