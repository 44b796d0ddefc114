"""Retiring sites: their documents, and their branches in the delivery repositories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from composer.diagnostic import Diagnostic, Place, Rejected, Severity, did_you_mean, error
from composer.model.fleet import Fleet
from composer.model.names import site_name_fault
from composer.pipeline.branch import branch
from composer.pipeline.consequences import consequences, refusal
from composer.pipeline.deliveries import Branches, Deliveries, Sharding, deliveries, present_deliveries, reading
from composer.pipeline.delivery import not_moved
from composer.pipeline.guards import Guarded, too_many_sites
from composer.pipeline.links import hubs_of
from composer.pipeline.strays import Stray
from composer.pipeline.watch import Phase, Watch, unwatched
from composer.stages.publish import read_branches


@dataclass(frozen=True, slots=True)
class Wish:
    """Which *sites* are to go. With *strays*, only branches in repositories where they do not belong, and no document.

    *adopt* takes branches away that others have committed to, *many* more sites than the fleet lets go at once, *errors*
    sites without which others have errors. *jobs* processes look for those.
    """

    sites: Sequence[str]
    strays: bool = False
    adopt: bool = False
    many: bool = False
    errors: bool = False
    jobs: int = 1


@dataclass(frozen=True, eq=False)
class Leaving:
    """What would go: the *documents* of sites (site -> file), and *branches*. *findings* are what others have only then."""

    documents: dict[str, str]
    branches: tuple[Stray, ...]
    findings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, eq=False)
class Removed:
    """The branches that went, and why others stayed."""

    branches: tuple[Stray, ...]
    findings: tuple[Diagnostic, ...]


def look(fleet: Fleet, wish: Wish) -> Leaving:
    """What would go. Raises Rejected for names that mean nothing, Guarded where a guard stands against it."""
    with (
        present_deliveries(Sharding(fleet)) as targets,
        reading(fleet, targets.repositories, targets.repository) as branches,
    ):
        found = tuple(stray for name in wish.sites for stray in _branches(targets, branches, name, wish))
        documents = {} if wish.strays else {name: fleet.sites[name] for name in wish.sites if name in fleet.sites}
        known = {*documents, *(stray.site for stray in found)}
        unknown = [_unknown(fleet, name) for name in wish.sites if name not in known]
        if unknown:
            raise Rejected(unknown)
        against = [*_guards(fleet, branches, wish, found), *([] if wish.adopt else _foreign(branches, found))]
    errors = [finding for finding in against if finding.is_error]
    if errors:
        raise Guarded(errors)
    after = consequences(fleet, documents.keys(), wish.jobs)
    refused = [] if wish.errors else refusal(documents, after)
    if refused:
        raise Guarded(refused)
    return Leaving(documents, found, (*against, *after))


def remove_documents(fleet: Fleet, leaving: Leaving) -> None:
    """Deletes the documents. Raises Rejected."""
    for file in leaving.documents.values():
        try:
            (fleet.root / file).unlink()
        except OSError as problem:
            raise Rejected([error("B061", f"cannot delete {file}: {problem.strerror}", Place(file))]) from problem


def remove_branches(fleet: Fleet, leaving: Leaving, watch: Watch = unwatched) -> Removed:
    """Removes the branches, each only if it stands where it stood when it was looked at. Raises Rejected."""
    went: list[Stray] = []
    findings: list[Diagnostic] = []
    with deliveries(Sharding(fleet)) as targets:
        watch(Phase.MOVING, 0, len(leaving.branches))
        for target in targets.all.values():
            here = [stray for stray in leaving.branches if stray.there.address == target.address]
            refused = target.remove({stray.branch: stray.head.commit for stray in here}) if here else {}
            went += (stray for stray in here if stray.branch not in refused)
            findings += (not_moved(name, refusal) for name, refusal in sorted(refused.items()))
    return Removed(tuple(went), tuple(findings))


def _branches(targets: Deliveries, branches: Branches, name: str, wish: Wish) -> Iterator[Stray]:
    """The branches of the site in all repositories."""
    if site_name_fault(name):
        return
    home = targets.of(name) if name in branches.fleet.sites else None
    for target in targets.all.values():
        head = branches.stores[target.repository.path].heads.get(branch(branches.fleet, name))
        if head and not (wish.strays and target is home):
            yield Stray(name, branch(branches.fleet, name), head, target, home)


def _guards(fleet: Fleet, branches: Branches, wish: Wish, found: Sequence[Stray]) -> Iterator[Diagnostic]:
    """Why these sites must not go."""
    if wish.strays:
        return
    going = set(wish.sites)
    children: dict[str, list[str]] = {name: [] for name in wish.sites}
    for site in sorted(fleet.sites.keys() - going):
        for hub in hubs_of(fleet, site):
            if hub in children:
                children[hub].append(site)
    hubs = (_hub(fleet, hub, below) for hub, below in children.items() if below)
    yield from (replace(hub, severity=Severity.WARNING) if wish.errors else hub for hub in hubs)
    others = sum(branch(fleet, site) in branches.heads for site in fleet.sites if site not in going)
    many = None if wish.many else too_many_sites(fleet, sorted({stray.site for stray in found}), others)
    yield from [many] if many else []


def _hub(fleet: Fleet, hub: str, below: Sequence[str]) -> Diagnostic:
    some = ", ".join(below[:5]) + (f" and {len(below) - 5:,} more" if len(below) > 5 else "")
    message = f"the uplinks of other sites lead to {hub}: {some}"
    place = Place(fleet.sites.get(hub, fleet.sites[below[0]]))
    return error(
        "B062", message, place, hint="give them another hub first, or remove them too; --allow-errors breaks them"
    )


def _foreign(branches: Branches, found: Sequence[Stray]) -> Iterator[Diagnostic]:
    for stray in found:
        objects = branches.stores[stray.there.repository.path].objects
        (state,) = read_branches(objects, [(stray.site, stray.head)])
        if state.stranger:
            message = f"the last commit of branch {stray.branch} was not made by the composer: {state.stranger}"
            yield error("B020", message, Place(stray.branch), hint="look at it, then remove the branch with --adopt")


def _unknown(fleet: Fleet, name: str) -> Diagnostic:
    hint = did_you_mean(name, fleet.sites) or "sites are the files <name>.yaml below sites/"
    return error(
        "X001", f"there is no site {name!r}, and no branch of one to be removed", Place("command line"), hint=hint
    )
