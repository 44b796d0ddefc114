"""What rules look at: the objects of one site, named, and the pod templates inside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from composer.model.stack import Rendered
from composer.source.document import Route

Identity = tuple[str, str, str, str]
"""API group, kind, namespace ("" for none) and name: what no two objects of a cluster share."""

POD_TEMPLATES: Mapping[tuple[str, str], Route] = {
    ("", "Pod"): (),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
}
"""(Group, kind) -> where its pod template stands."""


MOST = 8192
"""Objects of which a rule remembers something."""

Answer = TypeVar("Answer")
More = ParamSpec("More")
Thing = TypeVar("Thing", bound="Subject | Pod")


def of_shared(
    function: Callable[Concatenate[Thing, More], Answer],
) -> Callable[Concatenate[Thing, More], Answer]:
    """*function* of an object, remembered for objects that sites share. Others are seen at one site and then let go, memory
    and all, so that the next site finds it warm.
    """
    known: dict[Any, Answer] = {}

    @wraps(function)
    def ask(thing: Thing, /, *more: More.args, **named: More.kwargs) -> Answer:
        rendered = thing.rendered
        if not rendered.component.shared:
            return function(thing, *more, **named)
        key = (rendered, more)
        if key not in known:
            if len(known) >= MOST:
                known.clear()
            known[key] = function(thing, *more, **named)
        return known[key]

    return ask


class Subject(NamedTuple):
    """An object under check."""

    rendered: Rendered
    object: dict[str, Any]
    api_version: str
    group: str
    kind: str
    namespace: str
    name: str
    tenant: str
    """The tenant whose blueprint made it, or "". The walls around a tenant are the platform's."""
    identity: Identity

    @property
    def label(self) -> str:
        """How messages name it: Kind/name."""
        return f"{self.kind}/{self.name}"


class Container(NamedTuple):
    """A container of a pod template. *route* leads to it from the object's root."""

    route: Route
    spec: dict[str, Any]
    starts_first: bool
    """Whether it is one of the initContainers."""

    @property
    def runs_on(self) -> bool:
        """Whether it keeps running: an init container does so only as a sidecar."""
        return not self.starts_first or self.spec.get("restartPolicy") == "Always"


class Pod(NamedTuple):
    """A pod template. *route* leads to it from the root of *subject*'s object."""

    subject: Subject
    route: Route
    metadata: Mapping[str, Any]
    labels: Mapping[str, str]
    spec: dict[str, Any]
    containers: tuple[Container, ...]

    @property
    def rendered(self) -> Rendered:
        return self.subject.rendered

    @property
    def spec_route(self) -> Route:
        return (*self.route, "spec")


def subject_of(rendered: Rendered) -> Subject | None:
    """The object with its names, or None where it has none to go by."""
    return _shared_subject(rendered) if rendered.component.shared else _subject(rendered)


def _subject(rendered: Rendered) -> Subject | None:
    thing = rendered.object
    try:
        metadata = thing["metadata"]
        api_version, kind = thing["apiVersion"], thing["kind"]
        name, namespace = metadata["name"], metadata.get("namespace", "")
    except (KeyError, TypeError, AttributeError):
        return None
    if not (type(api_version) is type(kind) is type(name) is type(namespace) is str):
        return None
    if not (api_version and kind and name):
        return None
    component = rendered.component
    tenant = "" if component.role == "tenancy" else component.tenant
    group = api_version.rpartition("/")[0]
    return Subject(rendered, thing, api_version, group, kind, namespace, name, tenant, (group, kind, namespace, name))


_shared_subject = lru_cache(maxsize=MOST)(_subject)


def pods_of(subjects: Iterable[Subject]) -> list[Pod]:
    """The pod templates of those that have one."""
    found = []
    for subject in subjects:
        route = POD_TEMPLATES.get((subject.group, subject.kind))
        if route is not None:
            found.append(_pod(subject, route))
    return found


@of_shared
def _pod(subject: Subject, route: Route) -> Pod:
    template: Any = subject.object
    for key in route:
        template = template.get(key, {})
    metadata = template.get("metadata", {})
    spec = template.get("spec", {})
    containers = tuple(
        Container((*route, "spec", kind, index), container, kind == "initContainers")
        for kind in ("initContainers", "containers")
        for index, container in enumerate(spec.get(kind, ()))
    )
    return Pod(subject, route, metadata, metadata.get("labels", {}), spec, containers)
