"""Which blueprint a component means, and whether it may be used where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, Related, did_you_mean, error
from composer.model.blueprint import Blueprint
from composer.model.fleet import Fleet
from composer.model.versions import satisfies
from composer.source.document import Route

TENANT_ROLES = {"streams": "stream", "functions": "function", "gateways": "gateway"}
"""Section of a tenant's spec -> the role its blueprints must have."""


Where = Callable[[], Place]
"""Works out a place only when there is something to say about it."""

Said = Callable[[Route], Place]


def choose(fleet: Fleet, reference: str, where: Where) -> Blueprint:
    """The blueprint that *reference* names: name, name@major or name@exact.version. Raises Rejected."""
    name, _, wanted = reference.partition("@")
    majors = fleet.blueprints.get(name)
    if not majors:
        raise Rejected([_unknown_name(name, fleet.blueprints, where())])
    if not wanted:
        if len(majors) > 1:
            raise Rejected([_ambiguous(name, majors, where())])
        return majors[next(iter(majors))]
    blueprint = majors.get(int(wanted.split(".", 1)[0]))
    if blueprint is None or ("." in wanted and blueprint.version != wanted):
        raise Rejected([_unknown_version(reference, name, majors, where())])
    return blueprint


def _unknown_name(name: str, known: Iterable[str], place: Place) -> Diagnostic:
    hint = did_you_mean(name, known) or f"known blueprints: {', '.join(sorted(known))}"
    return error("L001", f"there is no blueprint {name!r}", place, hint=hint)


def _unknown_version(reference: str, name: str, majors: Mapping[int, Blueprint], place: Place) -> Diagnostic:
    have = ", ".join(majors[m].version for m in sorted(majors))
    return error("L002", f"there is no blueprint {reference}", place, hint=f"versions of {name} here: {have}")


def _ambiguous(name: str, majors: Mapping[int, Blueprint], place: Place) -> Diagnostic:
    choices = " or ".join(f"{name}@{major}" for major in sorted(majors))
    return error("L003", f"blueprint {name!r} has several major versions", place, hint=f"write {choices}")


def check_use(
    blueprint: Blueprint, *, role: str, tenant: str, spec: Mapping[str, Any], where: Where, said: Said
) -> list[Diagnostic]:
    """Whether the blueprint fits the place it is used at, and the site with this *spec* has what it needs.

    *said* tells where something of the spec is written.
    """
    findings: list[Diagnostic] = []
    if role and blueprint.role != role:
        findings.append(
            error("L004", f"{blueprint.name} has the role {blueprint.role!r}; here a {role} is needed", where())
        )
    scope = blueprint.spec.get("scope", "site")
    if scope != "any" and (scope == "tenant") != bool(tenant):
        owner = "a tenant" if scope == "tenant" else "the site itself"
        findings.append(error("L005", f"{blueprint.name} can only be used by {owner}", where()))
    licences = spec.get("licences") or {}
    findings += [no_licence(blueprint, name, where()) for name in blueprint.certain_licences if name not in licences]
    return findings + _cluster_findings(blueprint, spec.get("cluster") or {}, where, said)


def no_licence(blueprint: Blueprint, name: str, place: Place) -> Diagnostic:
    place_of_need = next(n for n, image in blueprint.images.items() if image.get("requiresLicence") == name)
    related = [Related("said here", blueprint.manifest.place(("spec", "images", place_of_need, "requiresLicence")))]
    hint = f"name the Secret that holds it: spec.licences.{name}: {{secret: ...}}"
    return error(
        "L014",
        f"{blueprint.label} needs a licence of {name}, and the site names none",
        place,
        hint=hint,
        related=related,
    )


def _cluster_findings(
    blueprint: Blueprint, cluster: Mapping[str, object], where: Where, said: Said
) -> list[Diagnostic]:
    def finding(code: str, what: str, *route: str, hint: str = "") -> Diagnostic:
        related = [Related("the cluster is described here", said(("cluster", *route)))]
        return error(code, f"{blueprint.label} needs {what}", where(), hint=hint, related=related)

    findings: list[Diagnostic] = []
    wanted = blueprint.spec.get("kubernetes", "*")
    have = str(cluster.get("version", ""))
    if have and not satisfies(have, wanted):
        findings.append(finding("L006", f"Kubernetes {wanted}, the site's cluster is {have}", "version"))
    capabilities = cluster.get("capabilities")
    declared: Mapping[str, str] = capabilities if isinstance(capabilities, Mapping) else {}
    for name, span in (blueprint.spec.get("requires") or {}).items():
        if name not in declared:
            near = did_you_mean(name, declared).removeprefix("did you mean ").rstrip("?")
            hint = f"if the cluster has it, declare it: spec.cluster.capabilities.{name}"
            hint = f"{hint}; is it {near} that should be called so?" if near else hint
            findings.append(finding("L007", f"{name} {span}, which the site lacks", "capabilities", hint=hint))
        elif not satisfies(declared[name], span):
            what = f"{name} {span}, the site has {declared[name]}"
            findings.append(finding("L008", what, "capabilities", name))
    return findings
