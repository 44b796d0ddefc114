"""All objects of one site, indexed once for the rules that ask what else there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from composer.model.conventions import DELIVERY_NAMESPACES
from composer.stages.check.context import CheckContext
from composer.stages.check.objects import POD_TEMPLATES, Identity, Pod, Subject, pods_of
from composer.stages.check.schemas import Schemas

EXISTING_NAMESPACES = frozenset(
    {"default", "kube-node-lease", "kube-public", "kube-system", *DELIVERY_NAMESPACES.values()}
)
"""Namespaces that are there before anything is delivered."""


PLAIN_GROUPS = frozenset(
    {
        "argoproj.io",
        "cert-manager.io",
        "external-secrets.io",
        "gateway.networking.k8s.io",
        "kustomize.toolkit.fluxcd.io",
        "monitoring.coreos.com",
        "source.toolkit.fluxcd.io",
    }
)
"""Groups of custom resources that make no objects around them, or only such as the rules know of."""


class Site:
    """The objects under check. *subjects* are all with a name, *sound* those that follow their schema."""

    def __init__(
        self, context: CheckContext, schemas: Schemas, subjects: Sequence[Subject], sound: Sequence[Subject]
    ) -> None:
        self.context = context
        self.schemas = schemas
        self.subjects = subjects
        self.sound = sound
        self.pods = pods_of(sound)
        self._kinds: dict[tuple[str, str], list[Subject]] = {}
        for subject in sound:
            self._kinds.setdefault((subject.group, subject.kind), []).append(subject)

    def of_kind(self, group: str, kind: str) -> Sequence[Subject]:
        """The sound objects of one kind."""
        return self._kinds.get((group, kind), ())

    @cached_property
    def identities(self) -> Mapping[Identity, Subject]:
        """Every object by what makes it that object; of doubles the first."""
        return {subject.identity: subject for subject in reversed(self.subjects)}

    @cached_property
    def namespaces(self) -> Mapping[str, Subject]:
        """The namespaces among the objects."""
        return {subject.name: subject for subject in self.subjects if subject.kind == "Namespace" and not subject.group}

    def knows(self, namespace: str) -> bool:
        """Whether all that *namespace* holds is among the objects; in others, somebody else puts things."""
        return namespace in self.namespaces and namespace not in self._operated

    def knows_pods(self, namespace: str) -> bool:
        """Whether the pods of *namespace* can be told from the objects: all are among them, and each follows its schema."""
        return self.knows(namespace) and namespace not in self._unsound

    @cached_property
    def _unsound(self) -> frozenset[str]:
        """The namespaces with workloads that do not follow their schema; what their pods are like is not known."""
        sound = frozenset(map(id, self.sound))
        makers = (s for s in self.subjects if id(s) not in sound and (s.group, s.kind) in POD_TEMPLATES)
        return frozenset(subject.namespace for subject in makers)

    @cached_property
    def _operated(self) -> frozenset[str]:
        """The namespaces with custom resources of operators that make pods, Services and Secrets of them."""
        known = self.schemas.groups | PLAIN_GROUPS
        return frozenset(subject.namespace for subject in self.subjects if subject.group not in known)

    @cached_property
    def _pods_by_label(self) -> Mapping[tuple[str, str, str], list[Pod]]:
        found: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in self.pods:
            for key, value in pod.labels.items():
                found.setdefault((pod.subject.namespace, key, value), []).append(pod)
        return found

    def pods_with(self, namespace: str, labels: Mapping[str, str]) -> list[Pod]:
        """The pod templates of *namespace* that carry all of *labels*; without any, all of its templates."""
        if not labels:
            return [pod for pod in self.pods if pod.subject.namespace == namespace]
        wanted = labels.items()
        fewest: Sequence[Pod] | None = None
        for key, value in wanted:
            found = self._pods_by_label.get((namespace, key, value), ())
            if fewest is None or len(found) < len(fewest):
                fewest = found
        return [pod for pod in fewest or () if wanted <= pod.labels.items()]

    def selected(self, namespace: str, selector: Mapping[str, Any]) -> list[Pod]:
        """The pod templates of *namespace* that a label selector (matchLabels, matchExpressions) chooses."""
        found = self.pods_with(namespace, selector.get("matchLabels", {}))
        for expression in selector.get("matchExpressions", ()):
            found = [pod for pod in found if _holds(expression, pod.labels)]
        return found


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector chooses something with *labels*."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and _all_hold(selector.get("matchExpressions", ()), labels)


def _all_hold(expressions: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> bool:
    return all(_holds(expression, labels) for expression in expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]
