"""The Pod Security Standards, held against the pod templates of namespaces that enforce one of their levels.

They are Kubernetes' own rules: https://kubernetes.io/docs/concepts/security/pod-security-standards.
A cluster that enforces them refuses the pods, not the workload, and nobody sees why nothing runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic
from composer.source.document import Route
from composer.stages.check.finding import finding
from composer.stages.check.mentions import text_at
from composer.stages.check.objects import Container, Pod, of_shared
from composer.stages.check.selectors import actions
from composer.stages.check.site import Site
from composer.stages.check.walls import ENFORCE

Version = tuple[int, int]
Fault = tuple[Route, str]
Control = Callable[[Pod, Version], Iterator[Fault]]

_CAPABILITIES = frozenset(
    """
    AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID
    SYS_CHROOT
    """.split()  # noqa: SIM905 - reads better than a list
)
_SYSCTLS: Mapping[str, Version] = {
    "kernel.shm_rmid_forced": (1, 0),
    "net.ipv4.ip_local_port_range": (1, 0),
    "net.ipv4.ip_local_reserved_ports": (1, 27),
    "net.ipv4.ip_unprivileged_port_start": (1, 0),
    "net.ipv4.ping_group_range": (1, 0),
    "net.ipv4.tcp_fin_timeout": (1, 29),
    "net.ipv4.tcp_keepalive_intvl": (1, 29),
    "net.ipv4.tcp_keepalive_probes": (1, 29),
    "net.ipv4.tcp_keepalive_time": (1, 29),
    "net.ipv4.tcp_rmem": (1, 32),
    "net.ipv4.tcp_syncookies": (1, 0),
    "net.ipv4.tcp_wmem": (1, 32),
}
"""Kernel settings that concern the pod alone -> since which Kubernetes version they are allowed."""

_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral name persistentVolumeClaim projected secret".split()  # noqa: SIM905
)
_PROFILES = ("Localhost", "RuntimeDefault")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def check_security(site: Site) -> Iterator[Diagnostic]:
    """What the Pod Security level of its namespace refuses in a pod template."""
    major, _, minor = site.schemas.version.partition(".")
    version = (int(major), int(minor))
    levels = {name: _level(namespace.object) for name, namespace in site.namespaces.items()}
    for pod in site.pods:
        level = levels.get(pod.subject.namespace, "")
        for route, message in _faults(pod, level, version):
            hint = f"namespace {pod.subject.namespace} enforces the Pod Security level {level}"
            yield finding("K040", pod.subject, route, message, hint=hint)


@of_shared
def _faults(pod: Pod, level: str, version: Version) -> tuple[Fault, ...]:
    """What *level* refuses in a pod template."""
    return tuple([fault for control in LEVELS.get(level, ()) for fault in control(pod, version)])


def _level(namespace: Mapping[str, Any]) -> str:
    return text_at(namespace, "metadata", "labels", ENFORCE)


def _context(container: Container) -> Mapping[str, Any]:
    context: Mapping[str, Any] = container.spec.get("securityContext", {})
    return context


def _pod_context(pod: Pod) -> Mapping[str, Any]:
    context: Mapping[str, Any] = pod.spec.get("securityContext", {})
    return context


def _contexts(pod: Pod) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """The security contexts of the pod and of each container that has one."""
    if "securityContext" in pod.spec:
        yield (*pod.spec_route, "securityContext"), pod.spec["securityContext"]
    for container in pod.containers:
        if "securityContext" in container.spec:
            yield (*container.route, "securityContext"), container.spec["securityContext"]


def _host_namespaces(pod: Pod, _: Version) -> Iterator[Fault]:
    for field in ("hostIPC", "hostNetwork", "hostPID"):
        if pod.spec.get(field):
            yield (*pod.spec_route, field), "is true: the pod would be part of the node"


def _host_paths(pod: Pod, _: Version) -> Iterator[Fault]:
    for index, volume in enumerate(pod.spec.get("volumes", ())):
        if "hostPath" in volume:
            route = (*pod.spec_route, "volumes", index, "hostPath")
            yield route, "gives the pod a piece of the node's file system"


def _host_ports(pod: Pod, _: Version) -> Iterator[Fault]:
    for container in pod.containers:
        for index, port in enumerate(container.spec.get("ports", ())):
            if port.get("hostPort"):
                yield (
                    (*container.route, "ports", index, "hostPort"),
                    f"is {port['hostPort']}, a port of the node",
                )


def _host_probes(pod: Pod, version: Version) -> Iterator[Fault]:
    if version < (1, 34):
        return
    for container in pod.containers:
        for route, action in actions(container):
            if action.get("host"):
                yield (*route, "host"), f"is {action['host']}: the node would connect wherever the pod says"


def _privileged(pod: Pod, _: Version) -> Iterator[Fault]:
    for container in pod.containers:
        context, route = _context(container), (*container.route, "securityContext")
        if context.get("privileged"):
            yield (*route, "privileged"), "is true: the container may do anything on the node"
        if context.get("procMount", "Default") != "Default":
            yield (*route, "procMount"), "is not Default: /proc would show more of the node"


def _added_capabilities(pod: Pod, _: Version) -> Iterator[Fault]:
    yield from _beyond(pod, _CAPABILITIES)


def _beyond(pod: Pod, allowed: frozenset[str]) -> Iterator[Fault]:
    for container in pod.containers:
        for name in _context(container).get("capabilities", {}).get("add", ()):
            if name not in allowed:
                route = (*container.route, "securityContext", "capabilities", "add")
                known = ", ".join(sorted(allowed))
                yield (
                    route,
                    f"holds {name}; expected at most {known}",
                )


def _sysctls(pod: Pod, version: Version) -> Iterator[Fault]:
    for index, sysctl in enumerate(_pod_context(pod).get("sysctls", ())):
        if _SYSCTLS.get(sysctl["name"], (9, 0)) > version:
            route = (*pod.spec_route, "securityContext", "sysctls", index, "name")
            yield route, f"is {sysctl['name']}, which is not a setting of the pod alone"


def _confinement(pod: Pod, _: Version) -> Iterator[Fault]:
    """What confines a container is neither switched off nor replaced."""
    for route, context in _contexts(pod):
        for field in ("seccompProfile", "appArmorProfile"):
            if field in context and context[field].get("type") not in _PROFILES:
                yield (*route, field, "type"), f"is not one of {', '.join(_PROFILES)}"
        if "seLinuxOptions" in context:
            options = context["seLinuxOptions"]
            if options.get("type", "") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
                yield (*route, "seLinuxOptions"), "leaves the confinement of containers"
        if context.get("windowsOptions", {}).get("hostProcess"):
            yield (*route, "windowsOptions", "hostProcess"), "is true: it would run on the node itself"
    for key, value in pod.metadata.get("annotations", {}).items():
        allowed = value in ("", "runtime/default") or value.startswith("localhost/")
        if key.startswith(_APPARMOR) and not allowed:
            yield (*pod.route, "metadata", "annotations", key), f"is {value!r}, which is no AppArmor profile"


def _volume_types(pod: Pod, _: Version) -> Iterator[Fault]:
    for index, volume in enumerate(pod.spec.get("volumes", ())):
        for kind in sorted(volume.keys() - _VOLUMES):
            yield (
                (*pod.spec_route, "volumes", index, kind),
                "is a kind of volume that pods may not bring themselves",
            )


def _escalation(pod: Pod, _: Version) -> Iterator[Fault]:
    for container in pod.containers:
        context, route = _context(container), (*container.route, "securityContext")
        if context.get("allowPrivilegeEscalation") is not False:
            yield (*route, "allowPrivilegeEscalation"), "is not false"
        if "ALL" not in context.get("capabilities", {}).get("drop", ()):
            yield (*route, "capabilities", "drop"), "does not hold ALL"
    yield from _beyond(pod, frozenset({"NET_BIND_SERVICE"}))


def _identity(pod: Pod, _: Version) -> Iterator[Fault]:
    """Nobody runs as root, and everybody under a seccomp profile: said for the pod, or for each container."""
    common = _pod_context(pod)
    for container in pod.containers:
        context, route = _context(container), (*container.route, "securityContext")
        if context.get("runAsNonRoot", common.get("runAsNonRoot")) is not True:
            yield (*route, "runAsNonRoot"), "is not true, here or for the pod"
        if "seccompProfile" not in context and "seccompProfile" not in common:
            yield (*route, "seccompProfile"), "is missing, here and for the pod"
    for route, context in _contexts(pod):
        if context.get("runAsUser") == 0:
            yield (*route, "runAsUser"), "is 0, which is root"


BASELINE: tuple[Control, ...] = (
    _added_capabilities,
    _confinement,
    _host_namespaces,
    _host_paths,
    _host_ports,
    _host_probes,
    _privileged,
    _sysctls,
)
RESTRICTED: tuple[Control, ...] = (
    _confinement,
    _escalation,
    _host_namespaces,
    _host_ports,
    _host_probes,
    _identity,
    _privileged,
    _sysctls,
    _volume_types,
)
LEVELS: Mapping[str, tuple[Control, ...]] = {"baseline": BASELINE, "restricted": RESTRICTED}
"""Pod Security level -> its controls. What the stricter level says better is left out of its row."""
