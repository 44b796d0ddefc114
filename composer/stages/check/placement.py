"""On which machines a pod may run: node selectors and required node affinity against the labels of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.model.machines import Machine
from composer.stages.check.objects import Pod

ARCH = "kubernetes.io/arch"

OTHERS = ("kubernetes.io/hostname", ARCH)
"""Labels that every node has, also where the document cannot say with which value."""

SET_BY_CLUSTER = ("node-role.kubernetes.io/", "node.kubernetes.io/", "topology.kubernetes.io/")
"""Prefixes of labels that Kubernetes or a cloud puts on nodes; documents need not repeat them."""


def may_run(pod: Pod, machine: Machine) -> bool:
    """Whether the pod's own words let it run there. What is not known of a machine is taken to suit."""
    spec = pod.spec
    if "nodeName" in spec and not _holds(machine, "kubernetes.io/hostname", "In", [spec["nodeName"]]):
        return False
    if not all(_holds(machine, key, "In", [value]) for key, value in spec.get("nodeSelector", {}).items()):
        return False
    terms = list(_terms(spec))
    return not terms or any(_term_holds(term, machine) for term in terms)


def restricts(pod: Pod) -> bool:
    """Whether the pod says anything at all about where it may run."""
    return bool("nodeName" in pod.spec or pod.spec.get("nodeSelector") or list(_terms(pod.spec)))


def _terms(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The terms of required node affinity, one of which must hold."""
    required = (
        spec.get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", {})
    )
    yield from required.get("nodeSelectorTerms", ())


def _term_holds(term: Mapping[str, Any], machine: Machine) -> bool:
    fields = ({**each, "key": "kubernetes.io/hostname"} for each in term.get("matchFields", ()))
    expressions = [*term.get("matchExpressions", ()), *fields]
    return bool(expressions) and all(_holds(machine, e["key"], e["operator"], e.get("values", ())) for e in expressions)


def _holds(machine: Machine, key: str, operator: str, values: Any) -> bool:
    there = machine.labels.get(key)
    if there is None:
        if key in OTHERS or key.startswith(SET_BY_CLUSTER):
            return True
        return operator in ("NotIn", "DoesNotExist")
    if operator in ("Gt", "Lt"):
        return _compares(there, operator, values)
    return {"In": there in values, "NotIn": there not in values, "DoesNotExist": False}.get(operator, True)


def _compares(there: str, operator: str, values: Any) -> bool:
    try:
        one, other = int(there), int(values[0])
    except (ValueError, IndexError):
        return False
    return one > other if operator == "Gt" else one < other
