"""Stage check: every object of a site against its schema, then all of them against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from composer.diagnostic import Diagnostic, error, in_order
from composer.model.stack import Rendered
from composer.stages.check.architectures import check_architectures
from composer.stages.check.contents import check_contents
from composer.stages.check.context import CheckContext
from composer.stages.check.fields import check_fields
from composer.stages.check.fit import check_fit
from composer.stages.check.identities import check_identities
from composer.stages.check.identity import check_identity, check_scope
from composer.stages.check.images import check_images
from composer.stages.check.labels import check_labels
from composer.stages.check.licences import check_licences
from composer.stages.check.objects import MOST, Subject, subject_of
from composer.stages.check.places import place_of, written_at
from composer.stages.check.quotas import check_quotas
from composer.stages.check.references import check_references
from composer.stages.check.resources import check_resources
from composer.stages.check.rights import check_rights
from composer.stages.check.schemas import Schemas
from composer.stages.check.secrets import check_makers, check_plain_secrets
from composer.stages.check.security import check_security
from composer.stages.check.selectors import check_policies, check_probes, check_services, check_workloads
from composer.stages.check.site import Site
from composer.stages.check.volumes import check_doubles, check_volumes
from composer.stages.check.walls import check_walls

Rule = Callable[[Site], Iterator[Diagnostic]]

ALONE: tuple[Rule, ...] = (
    check_labels,
    check_contents,
    check_plain_secrets,
    check_images,
    check_doubles,
    check_volumes,
    check_probes,
    check_resources,
)
"""Rules that look at one object after the other, whatever else there is."""

TOGETHER: tuple[Rule, ...] = (
    check_identity,
    check_scope,
    check_walls,
    check_rights,
    check_identities,
    check_references,
    check_makers,
    check_workloads,
    check_services,
    check_policies,
    check_security,
    check_architectures,
    check_licences,
    check_fit,
    check_quotas,
)
"""Rules that look at an object among all others of its site."""


@lru_cache(maxsize=MOST)
def _passed(_shared: Rendered, _schemas: Schemas) -> list[bool]:
    """Holds something once an object that sites share was found right by itself."""
    return []


def check(objects: Sequence[Rendered], context: CheckContext) -> list[Diagnostic]:
    """Everything that is wrong with a site's objects, in order.

    Raises Rejected where the site's Kubernetes version is not known at all.
    """
    schemas, findings = context.schemas()
    named = [(rendered, subject_of(rendered)) for rendered in objects]
    findings += [_nameless(rendered) for rendered, subject in named if subject is None]
    subjects = [subject for _, subject in named if subject is not None]
    unsound = _check_alone(context, schemas, subjects, findings)
    site = Site(context, schemas, subjects, [s for s in subjects if id(s) not in unsound] if unsound else subjects)
    for rule in TOGETHER:
        findings += rule(site)
    return in_order(findings)


def _check_alone(
    context: CheckContext, schemas: Schemas, subjects: Sequence[Subject], findings: list[Diagnostic]
) -> frozenset[int]:
    """Looks at those that are not known to be fine; gives the ids of subjects that do not follow their schema."""
    fresh = [s for s in subjects if not (s.rendered.component.shared and _passed(s.rendered, schemas))]
    sound, found = check_fields(fresh, schemas)
    site = Site(context, schemas, fresh, sound)
    for rule in ALONE:
        found += rule(site)
    if not found:
        for subject in fresh:
            if subject.rendered.component.shared:
                _passed(subject.rendered, schemas).append(True)
    findings += found
    return frozenset(map(id, fresh)) - frozenset(map(id, sound))


def _nameless(rendered: Rendered) -> Diagnostic:
    component = rendered.component
    message = f"an object of {component.label} lacks apiVersion, kind or metadata.name, or one of them is no text"
    return error("K001", message, place_of(rendered, ()), related=written_at(component))
