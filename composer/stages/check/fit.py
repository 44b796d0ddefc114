"""The pods of a site fit its nodes: now, and also while one of its workloads is updated, scales up or works off a job."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic, Related, did_you_mean, error, warning
from composer.stages.check.context import Nodes
from composer.stages.check.finding import finding
from composer.stages.check.loads import Ground, is_extended
from composer.stages.check.site import Site
from composer.stages.check.trial import Trial, everything, nothing, only, reasons, try_out
from composer.stages.check.workloads import Workload, workloads_of


def check_fit(site: Site) -> Iterator[Diagnostic]:
    """Whether the pods fit. Nothing is said where no document tells the nodes."""
    nodes = site.context.nodes
    if nodes is None:
        return
    yield from _doubles(nodes)
    small = list(_too_small(nodes))
    yield from small
    ground = Ground(site, nodes, workloads_of(site))
    if not small and ground.is_roomy:
        return
    homeless = [*_without_node(ground), *_without_device(ground)]
    yield from homeless
    if not small and not homeless and all(ground.where.values()):
        yield from _placed(ground, nodes)


def _doubles(nodes: Nodes) -> Iterator[Diagnostic]:
    first: dict[str, int] = {}
    for machine in nodes.machines:
        before = first.setdefault(machine.name, machine.entry)
        if before != machine.entry:
            related = [Related("the other one", nodes.place((before, "name")))]
            message = f"two nodes are called {machine.name!r}"
            yield error("K068", message, nodes.place((machine.entry, "name")), related=related)


def _too_small(nodes: Nodes) -> Iterator[Diagnostic]:
    """Machines with nothing left once the system has its share."""
    for machine in nodes.machines:
        for resource in ("cpu", "memory"):
            if machine.left.get(resource) == 0:
                message = f"node {machine.name} is too small: the system alone takes all of its {resource}"
                hint = "what the system takes is explained by `composer explain K066`"
                yield error("K066", message, nodes.place((machine.entry, resource)), hint=hint)


def _without_node(ground: Ground) -> Iterator[Diagnostic]:
    """Pods whose own words keep them from every node. What the architecture alone rules out has findings of its own."""
    for workload in ground.workloads:
        if not ground.where[workload.name] and not ground.suits_somewhere(workload):
            spec = workload.pod.spec
            field = next(key for key in ("nodeName", "nodeSelector", "affinity") if key in spec)
            said = f" {spec[field]}" if field == "nodeName" else _labels(spec.get("nodeSelector", {}))
            message = f"is satisfied by no node of the site{said and ': no node has' + said}"
            hint = "labels of nodes stand in the site's document: cluster.nodes[].labels"
            route = (*workload.pod.spec_route, field)
            related = [Related("the nodes", ground.nodes.place(()))]
            yield finding("K062", workload.pod.subject, route, message, hint=hint, related=related)


def _labels(selector: dict[str, str]) -> str:
    return "".join(f" {key}={value}" for key, value in sorted(selector.items()))


def _without_device(ground: Ground) -> Iterator[Diagnostic]:
    """Pods that want what a device plugin would have to offer on one of their nodes, and none does."""
    offered = sorted({resource for machine in ground.machines for resource in machine.offers})
    for workload in ground.workloads:
        where = ground.where[workload.name]
        for resource in sorted(filter(is_extended, workload.needs)):
            if workload.needs[resource] and not any(
                machine.offers.get(resource) for machine in ground.machines if machine.key in where
            ):
                there = " that its pods may run on" if resource in offered else ""
                message = f"needs {resource}, which no node{there} offers"
                hint = (
                    did_you_mean(resource, offered)
                    or "declare it: cluster.nodes[].serial, or cluster.nodes[].resources"
                )
                related = [Related("the nodes", ground.nodes.place(()))]
                yield finding("K063", workload.pod.subject, (), message, hint=hint, related=related)


def _placed(ground: Ground, nodes: Nodes) -> Iterator[Diagnostic]:
    if try_out(ground, everything).fits:
        return
    steady = try_out(ground, nothing)
    if not steady.fits:
        yield from _unplaced(ground, nodes, steady)
        return
    growing = [workload for workload in ground.workloads if workload.more]
    trials = [(workload, try_out(ground, only(workload))) for workload in growing]
    yield from (_stuck(ground, nodes, workload, trial) for workload, trial in trials if not trial.fits)
    if all(trial.fits for _, trial in trials):
        yield _waiting(nodes, growing)


def _unplaced(ground: Ground, nodes: Nodes, trial: Trial) -> Iterator[Diagnostic]:
    for reason in reasons(ground, trial):
        if trial.outcome.proved:
            hint = "more or larger nodes, or smaller requests; `composer explain K060` tells what is counted"
            yield error("K060", reason.text, nodes.place(()), hint=reason.hint or hint, related=reason.related)
        else:
            yield warning("K067", reason.text, nodes.place(()), related=reason.related)


def _stuck(ground: Ground, nodes: Nodes, workload: Workload, trial: Trial) -> Diagnostic:
    reason = reasons(ground, trial)[0]
    pods = "1 more pod" if workload.more == 1 else f"{workload.more} more pods"
    message = f"the pods fit, but {workload.why} of {workload.label} ({pods} for a while) cannot go on: {reason.text}"
    if not trial.outcome.proved:
        return warning("K067", message, nodes.place(()), related=reason.related)
    return error("K061", message, nodes.place(()), hint=reason.hint or _MORE[workload.why], related=reason.related)


_MORE = {
    "a rolling update": "a larger node, or the strategy Recreate, which ends the old pod first",
    "a run": "a larger node, or smaller requests",
    "scaling up": "a larger node, or a smaller maxReplicas",
}


def _waiting(nodes: Nodes, growing: list[Workload]) -> Diagnostic:
    names = ", ".join(workload.label for workload in growing[:4]) + (" and others" if len(growing) > 4 else "")
    message = f"there is room for one change at a time only: updates, jobs and scaling of {names} wait for each other"
    return warning("K061", message, nodes.place(()), hint="a larger node")
