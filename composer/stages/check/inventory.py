"""The images that a site's objects run, for whoever has to have them at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from composer.model.inventory import Need
from composer.model.machines import Machine
from composer.model.stack import Rendered
from composer.stages.check.architectures import built_for
from composer.stages.check.images import images_of
from composer.stages.check.objects import POD_TEMPLATES, pods_of, subject_of
from composer.stages.check.placement import may_run


def needs_of(objects: Sequence[Rendered], machines: Sequence[Machine]) -> tuple[Need, ...]:
    """Every image of every pod template, init containers and image volumes with it, and those that custom resources name as
    their blueprint's; sorted."""
    return tuple(sorted({need for rendered in objects for need in _needs(rendered, machines)}))


def _needs(rendered: Rendered, machines: Sequence[Machine]) -> Iterator[Need]:
    component = rendered.component
    for reference in dict.fromkeys(_references(rendered)):
        image = next((i for i in component.blueprint.images.values() if i["reference"] == reference), {})
        architectures = _architectures(rendered, reference, machines)
        licence, requires = image.get("licence", ""), image.get("requiresLicence", "")
        yield Need(reference, component.label, architectures, licence, requires)


def _references(rendered: Rendered) -> Iterator[str]:
    subject = subject_of(rendered)
    if subject is not None and (subject.group, subject.kind) in POD_TEMPLATES:
        for pod in pods_of([subject]):
            yield from (reference for _, reference in images_of(pod))
    else:
        declared = {image["reference"] for image in rendered.component.blueprint.images.values()}
        yield from (text for text in _texts(rendered.object) if text in declared)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _architectures(rendered: Rendered, reference: str, machines: Sequence[Machine]) -> tuple[str, ...]:
    subject = subject_of(rendered)
    pods = pods_of([subject]) if subject is not None else []
    built = (image for pod in pods for image in built_for(pod))
    exists = next((image.architectures for image in built if image.reference == reference), None)
    here = {machine.arch for machine in machines if machine.arch and all(may_run(pod, machine) for pod in pods)}
    if not here:
        return tuple(sorted(exists or ()))
    return tuple(sorted(here if exists is None else here & {*exists}))
