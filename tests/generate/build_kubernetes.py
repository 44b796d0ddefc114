"""Derives this folder's JSON files from the package kubernetes-validate: `make schemas`.

What stays is what a rendered object can say: every kind that people write, without descriptions, without
fields that only machines fill in, and without `null`. Added is what the API server refuses although the
published schemas allow it: names, enumerations, ports, quantities. The oldest version is whole; each newer
file holds what changed since the version before, as a JSON merge patch (RFC 7396), which is small.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from composer.stages.check.schemas import reachable

VERSIONS = tuple(f"1.{minor}" for minor in range(28, 38))

Schema = dict[str, Any]
Definitions = dict[str, Schema]

MADE_BY_MACHINES = frozenset(
    """
    Binding CSINode CSIStorageCapacity CertificateSigningRequest ComponentStatus ControllerRevision Event
    Eviction EvictionRequest IPAddress Lease LeaseCandidate LocalSubjectAccessReview Node
    PodCertificateRequest PodScheduling PodSchedulingContext ResourcePoolStatusRequest ResourceSlice Scale
    SelfSubjectAccessReview SelfSubjectReview SelfSubjectRulesReview Status StorageVersion
    StorageVersionMigration SubjectAccessReview TokenRequest TokenReview VolumeAttachment
    """.split()  # noqa: SIM905 - reads better than a list
)
"""Kinds that nobody keeps in Git."""

CLUSTER_SCOPED = frozenset(
    """
    APIService CSIDriver ClusterCIDR ClusterRole ClusterRoleBinding ClusterTrustBundle
    CustomResourceDefinition DeviceClass DeviceTaintRule FlowSchema IngressClass MutatingAdmissionPolicy
    MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace PersistentVolume PriorityClass
    PriorityLevelConfiguration ResourceClass RuntimeClass ServiceCIDR StorageClass
    ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
    VolumeAttributesClass
    """.split()  # noqa: SIM905 - reads better than a list
)
"""Kinds without a namespace; the published schemas do not say which."""

WRITTEN_METADATA = ("annotations", "finalizers", "labels", "name", "namespace")
"""What people write in metadata; the rest is filled in by the API server."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"^{_LABEL}(\.{_LABEL})*$"


def _text(pattern: str, most: int, expected: str) -> Schema:
    return {"type": "string", "pattern": pattern, "maxLength": most, "x-expected": expected}


SHARED: Definitions = {
    "Quantity": {
        "type": ["number", "string"],
        "pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
        "x-expected": "a quantity such as 500m, 2 or 64Mi",
    },
    "IntOrString": {"type": ["integer", "string"]},
    "base64": {
        "type": "string",
        "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        "x-expected": "base64",
    },
    "configKey": _text("^[-._a-zA-Z0-9]+$", 253, "up to 253 letters, digits, dashes, dots and underscores"),
    "environmentName": _text(
        "^[-._a-zA-Z][-._a-zA-Z0-9]*$", 1000, "letters, digits, dashes, dots and underscores, no digit first"
    ),
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "label": _text(f"^{_LABEL}$", 63, "up to 63 lower-case letters, digits and inner dashes"),
    "name52": _text(_SUBDOMAIN, 52, "a DNS name of up to 52 characters, since what it makes adds to it"),
    "name63": _text(_SUBDOMAIN, 63, "a DNS name of up to 63 characters, since pods carry it in a label"),
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "portName": _text(
        "^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        15,
        "up to 15 lower-case letters, digits and single inner dashes, at least one letter",
    ),
    "segment": _text("^[^/%]+$", 253, "up to 253 characters without slash and percent sign"),
    "serviceName": _text(
        "^[a-z]([-a-z0-9]*[a-z0-9])?$",
        63,
        "up to 63 lower-case letters, digits and inner dashes, a letter first",
    ),
    "subdomain": _text(
        _SUBDOMAIN,
        253,
        "up to 253 lower-case letters, digits, dashes and dots, with a letter or digit around each dot",
    ),
}
"""Types that the published schemas leave looser than the API server takes them."""

FORMATS = {"byte": "base64", "int32": "int32"}

TYPES = (
    ("Container.v1", "name", "label"),
    ("ContainerPort.v1", "containerPort", "port"),
    ("ContainerPort.v1", "hostPort", "port"),
    ("ContainerPort.v1", "name", "portName"),
    ("EnvVar.v1", "name", "environmentName"),
    ("ServiceBackendPort.v1.networking.k8s.io", "number", "port"),
    ("ServicePort.v1", "name", "label"),
    ("ServicePort.v1", "port", "port"),
    ("Volume.v1", "name", "label"),
)
"""Definition, property, and the shared type it has."""

KEYS = (("ConfigMap.v1", "binaryData"), ("ConfigMap.v1", "data"))
"""Mappings whose keys become file names."""

NAMES = {
    "ClusterRole": "segment",
    "ClusterRoleBinding": "segment",
    "CronJob": "name52",
    "Job": "name63",
    "Namespace": "label",
    "Role": "segment",
    "RoleBinding": "segment",
    "Service": "serviceName",
    "StatefulSet": "name52",
}
"""Kind -> the shared type of its objects' names; for all others, subdomain."""

ENUMS: tuple[tuple[str, str, str], ...] = (
    ("Container.v1 EphemeralContainer.v1", "imagePullPolicy", "Always IfNotPresent Never"),
    ("Container.v1 EphemeralContainer.v1", "terminationMessagePolicy", "FallbackToLogsOnError File"),
    ("ContainerPort.v1 ServicePort.v1 NetworkPolicyPort.v1.networking.k8s.io", "protocol", "SCTP TCP UDP"),
    ("CronJobSpec.v1.batch", "concurrencyPolicy", "Allow Forbid Replace"),
    ("DaemonSetUpdateStrategy.v1.apps", "type", "OnDelete RollingUpdate"),
    ("DeploymentStrategy.v1.apps", "type", "Recreate RollingUpdate"),
    ("HTTPGetAction.v1", "scheme", "HTTP HTTPS"),
    ("HTTPIngressPath.v1.networking.k8s.io", "pathType", "Exact ImplementationSpecific Prefix"),
    ("JobSpec.v1.batch", "completionMode", "Indexed NonIndexed"),
    ("LabelSelectorRequirement.v1.meta", "operator", "DoesNotExist Exists In NotIn"),
    ("NodeSelectorRequirement.v1", "operator", "DoesNotExist Exists Gt In Lt NotIn"),
    ("PersistentVolumeClaimSpec.v1 PersistentVolumeSpec.v1", "volumeMode", "Block Filesystem"),
    ("PersistentVolumeSpec.v1", "persistentVolumeReclaimPolicy", "Delete Recycle Retain"),
    ("PodDisruptionBudgetSpec.v1.policy", "unhealthyPodEvictionPolicy", "AlwaysAllow IfHealthyBudget"),
    ("PodSecurityContext.v1", "fsGroupChangePolicy", "Always OnRootMismatch"),
    ("PodSpec.v1", "dnsPolicy", "ClusterFirst ClusterFirstWithHostNet Default None"),
    ("PodSpec.v1 PriorityClass.v1.scheduling.k8s.io", "preemptionPolicy", "Never PreemptLowerPriority"),
    ("PodSpec.v1", "restartPolicy", "Always Never OnFailure"),
    ("SeccompProfile.v1 AppArmorProfile.v1", "type", "Localhost RuntimeDefault Unconfined"),
    ("ServiceSpec.v1", "externalTrafficPolicy", "Cluster Local"),
    ("ServiceSpec.v1", "internalTrafficPolicy", "Cluster Local"),
    ("ServiceSpec.v1", "sessionAffinity", "ClientIP None"),
    ("ServiceSpec.v1", "type", "ClusterIP ExternalName LoadBalancer NodePort"),
    ("StatefulSetSpec.v1.apps", "podManagementPolicy", "OrderedReady Parallel"),
    ("StatefulSetUpdateStrategy.v1.apps", "type", "OnDelete RollingUpdate"),
    ("StorageClass.v1.storage.k8s.io", "volumeBindingMode", "Immediate WaitForFirstConsumer"),
    ("Toleration.v1", "effect", "NoExecute NoSchedule PreferNoSchedule"),
    ("TopologySpreadConstraint.v1", "whenUnsatisfiable", "DoNotSchedule ScheduleAnyway"),
)
"""Definitions, property, and the only values the API server takes; published is just "string"."""

LIST_ENUMS: tuple[tuple[str, str, str], ...] = (
    (
        "PersistentVolumeClaimSpec.v1 PersistentVolumeSpec.v1",
        "accessModes",
        "ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod",
    ),
    ("NetworkPolicySpec.v1.networking.k8s.io", "policyTypes", "Egress Ingress"),
)
"""The same for the items of lists."""


def reduced(published: Definitions) -> Definitions:
    """The definitions of one Kubernetes version, reduced to what a rendered object can say."""
    names = _names(published)
    found = {names[old]: _schema(schema, names) for old, schema in published.items()}
    kinds = {names[old]: _kind(schema) for old, schema in published.items() if _kind(schema)}
    found |= SHARED
    _narrow(found)
    for name, kind in kinds.items():
        found[name]["x-scope"] = "Cluster" if kind in CLUSTER_SCOPED else "Namespaced"
        named = {"name": {"$ref": _pointer(NAMES.get(kind, "subdomain"))}}
        found[name]["properties"]["metadata"]["properties"] = named
        _require_spec(found, found[name])
    return {name: found[name] for name in sorted(reachable(found, kinds))}


def _names(published: Definitions) -> dict[str, str]:
    """Published name -> short name, as kubectl writes kinds: Deployment.v1.apps, Service.v1."""
    groups = {old.rsplit(".", 1)[0]: gvk["group"] for old, schema in published.items() for gvk in _gvks(schema)}
    return {old: _short(old, groups) for old in published}


def _short(old: str, groups: Mapping[str, str]) -> str:
    package, version, name = old.rsplit(".", 2)
    if not re.fullmatch(r"v\d+((alpha|beta)\d+)?", version):
        return name
    family = package.rsplit(".", 1)[-1]
    group = "meta" if family == "meta" else groups.get(f"{package}.{version}", family)
    return ".".join(filter(None, (name, version, group)))


def _gvks(schema: Schema) -> list[dict[str, str]]:
    found: list[dict[str, str]] = schema.get("x-kubernetes-group-version-kind", [])
    return found


def _kind(schema: Schema) -> str:
    """The kind that this is the definition of, or "" for a part, a list, and what only machines make."""
    kind = _gvks(schema)[0]["kind"] if _gvks(schema) else ""
    written = "metadata" in schema.get("properties", {}) and not kind.endswith("List")
    return kind if written and kind not in MADE_BY_MACHINES else ""


def _schema(schema: Schema, names: Mapping[str, str]) -> Schema:
    """The same without texts, `null` and what no validator reads."""
    if "$ref" in schema:
        return {"$ref": _pointer(names[schema["$ref"].rpartition("/")[2]])}
    if schema.get("format") in FORMATS:
        return {"$ref": _pointer(FORMATS[schema["format"]])}
    found: Schema = {}
    for keyword, value in schema.items():
        if keyword == "type":
            found["type"] = next(t for t in value if t != "null") if isinstance(value, list) else value
        elif keyword == "properties":
            written = {k: _schema(v, names) for k, v in value.items() if k != "status" or not _gvks(schema)}
            found["properties"] = written
        elif keyword in ("items", "additionalProperties") and isinstance(value, dict):
            found[keyword] = _schema(value, names)
        elif keyword in ("additionalProperties", "enum", "required"):
            found[keyword] = value
    return found


def _pointer(name: str) -> str:
    return f"#/$defs/{name}"


def _narrow(found: Definitions) -> None:
    """Puts in what the API server refuses although the published schemas allow it."""
    metadata = found["ObjectMeta.v1.meta"]
    metadata["properties"] = {key: metadata["properties"][key] for key in WRITTEN_METADATA}
    for name, key, shared in TYPES:
        found[name]["properties"][key] = {"$ref": _pointer(shared)}
    for name, key in KEYS:
        found[name]["properties"][key]["propertyNames"] = {"$ref": _pointer("configKey")}
    for table, inner in ((ENUMS, False), (LIST_ENUMS, True)):
        for definitions, key, values in table:
            for name in definitions.split():
                if name not in found:  # not yet in this version
                    continue
                target = found[name]["properties"][key]
                (target["items"] if inner else target)["enum"] = values.split()


def _require_spec(found: Definitions, kind: Schema) -> None:
    """A kind whose spec has required fields cannot go without a spec."""
    spec = kind["properties"].get("spec", {}).get("$ref", "").rpartition("/")[2]
    if spec and found[spec].get("required"):
        kind["required"] = sorted({*kind.get("required", ()), "spec"})


def merge_patch(old: Any, new: Any) -> Any:
    """The JSON merge patch that makes *new* of *old*."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    gone = {key: None for key in old if key not in new}
    changed = {key: merge_patch(old.get(key), value) for key, value in new.items() if old.get(key) != value}
    return gone | changed


def published(version: str) -> Definitions:
    """The strict definitions of *version* as the package kubernetes-validate ships them."""
    import kubernetes_validate  # noqa: PLC0415 - needed by this function alone

    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    found: Definitions = json.loads((folder / "_definitions.json").read_bytes())["$defs"]
    return found


def files() -> dict[str, str]:
    """File name -> content, for every version: the oldest whole, the others as what changed."""
    found: dict[str, str] = {}
    before: Definitions = {}
    for version in VERSIONS:
        definitions = reduced(published(version))
        patch = merge_patch(before, definitions)
        found[f"{version}.json"] = json.dumps(patch, indent=1, sort_keys=True) + "\n"
        before = definitions
    return found


if __name__ == "__main__":
    folder = Path(__file__).resolve().parents[2] / "schemas" / "kubernetes"
    for name, content in files().items():
        (folder / name).write_text(content)
        sys.stdout.write(f"{name}: {len(content):,} bytes\n")
