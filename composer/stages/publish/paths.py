"""Where an object lies on its branch: a path that is safe on every file system, and its alone."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from composer.model.conventions import WORKLOADS
from composer.model.stack import Rendered

PLATFORM = "platform"
DELIVERY = "delivery"
TENANTS = "tenants"

_WORKLOADS = frozenset((group, kind) for group, kind, _ in WORKLOADS)
_LONGEST = 200
_UNSAFE = re.compile(r"[^a-z0-9.-]")

_PLAIN_GROUPS = frozenset(
    {
        *(
            "",
            "apps",
            "autoscaling",
            "batch",
            "policy",
            "admissionregistration.k8s.io",
            "apiextensions.k8s.io",
        ),
        *("apiregistration.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io"),
        *("flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io"),
        *("resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io"),
    }
)
"""Kubernetes' own groups, no two of which share a kind, so that file names can do without them."""


def tenant_folder(tenant: str) -> str:
    """The folder of a tenant's workloads."""
    return f"{TENANTS}/{safe(tenant)}"


def folder_of(rendered: Rendered) -> str:
    """The folder an object belongs to, by who owns it and what it is."""
    component = rendered.component
    if component.role == "delivery":
        return DELIVERY
    if component.tenant and (group_of(rendered.object), rendered.object["kind"]) in _WORKLOADS:
        return tenant_folder(component.tenant)
    return PLATFORM


def path_of(rendered: Rendered) -> str:
    """The object's path on the branch, such as "platform/tenant-acme/role_delivery.yaml"."""
    folder = folder_of(rendered)
    metadata = rendered.object["metadata"]
    namespace = metadata.get("namespace")
    # All of a tenant's workloads are in its one namespace.
    inner = f"{safe(namespace)}/" if namespace and not folder.startswith(TENANTS) else ""
    return f"{folder}/{inner}{_file_name(rendered.object['kind'], group_of(rendered.object), metadata['name'])}"


def group_of(object_: dict[str, Any]) -> str:
    """The API group: "" for the core."""
    group, slash, _ = object_["apiVersion"].partition("/")
    return group if slash else ""


def _file_name(kind: str, group: str, name: str) -> str:
    suffix = "" if group in _PLAIN_GROUPS else f".{safe(group)}"
    # The underscore is the one character that can stand in neither part.
    stem = f"{kind.lower()}{suffix}_{safe(name)}"
    if len(stem) > _LONGEST:
        stem = f"{stem[:_LONGEST]}~{sha256(stem.encode()).hexdigest()[:16]}"
    return f"{stem}.yaml"


def safe(name: str) -> str:
    """The name with all but a-z, 0-9, "-" and "." written as %xx: names that differ stay different.

    Capital letters are written so too, because some file systems do not tell them from small ones.
    """
    encoded = _UNSAFE.sub(lambda found: "".join(f"%{byte:02x}" for byte in found[0].encode()), name)
    return f"%2e{encoded[1:]}" if encoded.startswith(".") else encoded
