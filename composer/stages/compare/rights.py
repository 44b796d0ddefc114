"""What changes who may do what: access lists, network policies, roles, and what pods may do to their node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from composer.stages.compare.change import Action, Danger, FieldChange, Identity, Risk, Steps, path_text
from composer.stages.compare.fields import inside
from composer.stages.compare.pods import items_of, pod_fields

_VERBS = {Action.ADDED: "says", Action.CHANGED: "changes", Action.REMOVED: "no longer says"}


@dataclass(frozen=True, slots=True)
class Right:
    """A field that says who may do what; *what* in words that go behind "changes"."""

    root: Steps
    what: str


_ROLE = (
    Right(("rules",), "what its holders may do"),
    Right(("aggregationRule",), "what its holders may do"),
)
_BINDING = (Right(("subjects",), "who holds the role"), Right(("roleRef",), "which role they hold"))
_ADMISSION = "what the cluster lets in"

RIGHTS: Mapping[tuple[str, str], tuple[Right, ...]] = {
    ("networking.k8s.io", "NetworkPolicy"): (Right(("spec",), "who may reach its pods and whom they may reach"),),
    ("rbac.authorization.k8s.io", "ClusterRole"): _ROLE,
    ("rbac.authorization.k8s.io", "Role"): _ROLE,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _BINDING,
    ("rbac.authorization.k8s.io", "RoleBinding"): _BINDING,
    ("argoproj.io", "AppProject"): (Right(("spec",), "what its applications may touch"),),
    ("argoproj.io", "Application"): (Right(("spec", "project"), "whose rules it is applied by"),),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): (
        Right(("spec", "serviceAccountName"), "with whose rights it is applied"),
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): (Right(("spec",), _ADMISSION),),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): (Right(("spec",), _ADMISSION),),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): (Right(("webhooks",), _ADMISSION),),
}
"""(Group, kind) -> the fields that give rights."""

_POD: tuple[Right, ...] = (
    Right(("serviceAccountName",), "with whose rights its pods run"),
    Right(("automountServiceAccountToken",), "whether its pods may speak to the API server"),
    Right(("hostNetwork",), "whether its pods have the node's network"),
    Right(("hostPID",), "whether its pods see the node's processes"),
    Right(("hostIPC",), "whether its pods share memory with the node"),
    Right(("hostUsers",), "whether root in its pods is root on the node"),
    Right(("securityContext",), "what its pods may do"),
)
_CONTAINER = Right(("securityContext",), "what its containers may do")

_POD_SECURITY = "pod-security.kubernetes.io/"
_LABELS: Steps = ("metadata", "labels")


def is_access_list(name: str) -> bool:
    """Whether a file of a ConfigMap is a broker's access list: `access.acl`, `acl.conf`."""
    return name.endswith(".acl") or name == "acl.conf"


def rights_touched(identity: Identity, action: Action, fields: Sequence[FieldChange]) -> Iterator[Danger]:
    """What the differences mean for rights; of an added or removed object, all it holds is a difference."""
    kind = (identity.group, identity.kind)
    for right in RIGHTS.get(kind, ()):
        if any(inside(fields, right.root)):
            yield Danger(Risk.GRANTS, f"{_VERBS[action]} {right.what}", path_text(right.root))
    if kind == ("", "ConfigMap"):
        yield from _access_lists(fields)
    if action is Action.CHANGED:
        yield from _pod_security(fields) if kind == ("", "Namespace") else _pods(*pod_fields(kind, fields))


def _access_lists(fields: Sequence[FieldChange]) -> Iterator[Danger]:
    for field in inside(fields, ("data",)):
        if field.steps and is_access_list(str(field.steps[0])):
            numbers = f"{_lines(_signed(field, '+'))} more, {_lines(_signed(field, '-'))} fewer"
            message = f"changes who may publish and subscribe to what: {numbers}"
            yield Danger(Risk.GRANTS, message, path_text(("data", *field.steps)))


def _signed(field: FieldChange, sign: str) -> int:
    """How many lines of an access list come ("+") or go ("-") that say something."""
    if field.hunks:
        lines = [line[1:] for hunk in field.hunks for line in hunk.lines if line[0] == sign]
    else:
        text = field.new if sign == "+" else field.old
        lines = text.splitlines() if isinstance(text, str) else []
    said = (line.strip() for line in lines)
    return sum(1 for line in said if line and not line.startswith("#"))


def _lines(number: int) -> str:
    return f"{number:,} line{'' if number == 1 else 's'}"


def _pod_security(fields: Sequence[FieldChange]) -> Iterator[Danger]:
    names = (str(field.steps[0]) for field in inside(fields, _LABELS) if field.steps)
    for name in names:
        if name.startswith(_POD_SECURITY):
            yield Danger(Risk.GRANTS, "changes what pods of the namespace may do", path_text((*_LABELS, name)))


def _pods(root: Steps, fields: Sequence[FieldChange]) -> Iterator[Danger]:
    for right in _POD:
        if any(inside(fields, right.root)):
            yield Danger(Risk.GRANTS, f"changes {right.what}", path_text(root + right.root))
    for where, changes in items_of(fields, "containers", "initContainers"):
        if any(inside(changes, _CONTAINER.root)):
            yield Danger(Risk.GRANTS, f"changes {_CONTAINER.what}", path_text(root + where + _CONTAINER.root))
    for where, changes in items_of(fields, "volumes"):
        if any(inside(changes, ("hostPath",))):
            yield Danger(Risk.GRANTS, "changes which files of the node its pods see", path_text(root + where))
