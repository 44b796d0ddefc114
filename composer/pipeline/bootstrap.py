"""What is applied once at a site's cluster so that it follows its branch, and what has to be there before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, has_errors
from composer.model.blueprint import Blueprint
from composer.model.conventions import tenant_namespace
from composer.model.fleet import Fleet
from composer.model.prerequisites import Bootstrap, Capability, Expected, Prerequisites
from composer.model.stack import Rendered, Stack, Wired, Wiring
from composer.pipeline.inputs import encrypted_secrets
from composer.pipeline.line import Composed, Line
from composer.pipeline.run import compose_in_time
from composer.stages.check import CheckContext
from composer.stages.check.prerequisites import custom_kinds, expected_namespaces, expected_objects, site_of
from composer.stages.check.site import Site
from composer.stages.render import compile_blueprint, render

KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class Bootstrapped:
    """What to apply, None where the site has errors, and all findings."""

    bootstrap: Bootstrap | None
    findings: tuple[Diagnostic, ...] = field(repr=False)


def bootstrap(fleet: Fleet, site: str) -> Bootstrapped:
    """What is applied once at the cluster of a site."""
    composed = compose_in_time(Line(fleet), site)
    if composed.wiring is None:
        return Bootstrapped(None, composed.findings)
    try:
        objects, expected = _of_blueprints(composed, composed.wiring)
    except Rejected as rejected:
        return Bootstrapped(None, (*composed.findings, *(d.at_site(site) for d in rejected.diagnostics)))
    extra = [rendered for rendered in objects if rendered not in composed.objects]
    checked, found = site_of([*composed.objects, *extra], CheckContext.of(composed.wiring))
    findings = (*composed.findings, *(finding.at_site(site) for finding in found))
    if has_errors(findings):
        return Bootstrapped(None, findings)
    needs = _prerequisites(composed.wiring.stack, checked, expected)
    return Bootstrapped(_bootstrap(composed.wiring, objects, needs), findings)


def _bootstrap(wiring: Wiring, objects: Sequence[Rendered], needs: Prerequisites) -> Bootstrap:
    delivery: Mapping[str, Any] = wiring.wired[0].context["delivery"]
    engine, repository, branch = (delivery[key] for key in ("engine", "repository", "branch"))
    return Bootstrap(wiring.stack.site, engine, repository, branch, tuple(r.object for r in objects), needs)


def _of_blueprints(composed: Composed, wiring: Wiring) -> tuple[list[Rendered], list[Expected]]:
    """The objects that blueprints want applied once, and those that they expect. Raises Rejected."""
    objects: list[Rendered] = []
    expected: list[Expected] = []
    for wired in wiring.wired:
        if "bootstrap" in wired.component.blueprint.spec:
            made = [r for r in composed.objects if r.component is wired.component] + _rendered(wired)
            objects += _chosen(wired, made, "objects")
            expected += map(_expected, _chosen(wired, made, "expects"))
    return objects, expected


def _rendered(wired: Wired) -> list[Rendered]:
    """The objects of the templates that are no part of the branch."""
    component = wired.component
    blueprint = replace(component.blueprint, manifests=component.blueprint.bootstrap)
    return [
        replace(made, component=component) for made in render(compile_blueprint(blueprint), component, wired.context)
    ]


def _chosen(wired: Wired, made: Sequence[Rendered], what: str) -> Iterator[Rendered]:
    blueprint = wired.component.blueprint
    for path in blueprint.at_bootstrap(what):
        yield from (rendered for rendered in made if rendered.manifest == f"{blueprint.folder}/{path}")


def _expected(rendered: Rendered) -> Expected:
    """An object by what it is known by."""
    made, metadata = rendered.object, rendered.object["metadata"]
    group = made["apiVersion"].rpartition("/")[0]
    labels = metadata.get("labels") or {}
    return Expected(group, made["kind"], metadata.get("namespace", ""), metadata["name"], labels)


def _prerequisites(stack: Stack, site: Site, expected: Sequence[Expected]) -> Prerequisites:
    named = {each.identity for each in expected}
    there = (*expected, *(each for each in expected_objects(site, _copied(stack)) if each.identity not in named))
    cluster = stack.spec["cluster"]
    requires = {c.blueprint.name: _requires(c.blueprint) for c in stack.components}
    return Prerequisites(
        _capability(KUBERNETES, cluster["version"], requires),
        tuple(_capability(name, said, requires) for name, said in sorted((cluster.get("capabilities") or {}).items())),
        custom_kinds(site),
        expected_namespaces(site, there),
        there,
    )


def _requires(blueprint: Blueprint) -> dict[str, str]:
    """The ranges a blueprint wants, of Kubernetes and of capabilities."""
    return {KUBERNETES: blueprint.spec.get("kubernetes", "*"), **(blueprint.spec.get("requires") or {})}


def _capability(name: str, version: str, requires: Mapping[str, Mapping[str, str]]) -> Capability:
    """What the site declares, and the ranges that blueprints want of it."""
    spans = sorted({wanted[name] for wanted in requires.values() if wanted.get(name, "*") != "*"})
    needs = ((span, tuple(sorted(b for b, wanted in requires.items() if wanted.get(name) == span))) for span in spans)
    return Capability(name, version, tuple(needs))


def _copied(stack: Stack) -> frozenset[tuple[str, str]]:
    """The Secrets that lie on the branch encrypted."""
    found = ((tenant_namespace(tenant), name) for tenant in stack.tenants for name in encrypted_secrets(stack, tenant))
    return frozenset(found)
