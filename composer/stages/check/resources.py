"""What every container should say about itself: what it needs, and how to tell whether it works."""

from __future__ import annotations

from collections.abc import Iterator

from composer.diagnostic import Diagnostic
from composer.stages.check.finding import remark
from composer.stages.check.objects import Pod
from composer.stages.check.selectors import PROBES
from composer.stages.check.site import Site

WANTED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
"""What capacity is worked out from. A CPU limit is left to the author: it only slows the container."""

_ENDS = frozenset({"CronJob", "Job"})
"""Kinds whose pods end by themselves, and need no probe."""


def check_resources(site: Site) -> Iterator[Diagnostic]:
    """Requests and a memory limit for every container, a probe for every one that keeps running."""
    for pod in site.pods:
        for container in pod.containers:
            resources = container.spec.get("resources", {})
            missing = [f"{part}.{name}" for part, name in WANTED if name not in resources.get(part, ())]
            if missing:
                route = (*container.route, "resources")
                yield remark("K041", pod.subject, route, f"does not state {', '.join(missing)}")
        yield from _probes(pod)


def _probes(pod: Pod) -> Iterator[Diagnostic]:
    if pod.subject.kind in _ENDS:
        return
    for container in pod.containers:
        if container.runs_on and not any(probe in container.spec for probe in PROBES):
            hint = f"add one of {', '.join(PROBES)}"
            message = f"({container.spec['name']}) has no probe: nobody notices when it hangs"
            yield remark("K042", pod.subject, container.route, message, hint=hint)
