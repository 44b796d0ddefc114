"""Names that several blueprints and the composer agree on."""

from __future__ import annotations

PLATFORM_NAMESPACE = "edge-platform"
TENANT_LABEL = "edge-composer.io/tenant"
"""What every object of a tenant carries, wherever it lies."""

_TENANT = "tenant-"

SELF_SIGNED_ISSUER = "edge-selfsigned"
MANAGED_BY = "edge-composer"
PART_OF = "edge-stack"
INGRESS_SERVICE = "mqtt"
MQTT_TLS_PORT = 8883
"""IANA's port for MQTT over TLS; a hub takes its sites' bridges there."""

FRONT_LINK_PORT = 8884
"""Where the broker's pod takes the connections of a front that has verified who their clients are."""

BRIDGES_ISSUER = "site-bridges"
"""The ClusterIssuer at a hub that signs the certificates of its sites' bridges."""

BRIDGES_SECRET = "site-bridges-mqtt"  # noqa: S105 - the name of a Secret
"""The certificate that a hub's broker shows to them, and its Secret."""

DELIVERY_NAMESPACES = {"flux": "flux-system", "argocd": "argocd"}

ACCOUNT_NAMESPACES = {"flux": DELIVERY_NAMESPACES["flux"], "argocd": PLATFORM_NAMESPACE}
"""Engine -> where the accounts lie under which it applies tenants' folders: Flux wants them beside its own objects, and Argo CD
may run at another cluster."""

IMPERSONATION = "argocd-impersonation"
"""The capability of an Argo CD that applies each application under the account its project names. Its version is Argo CD's."""

IMPERSONATION_SINCE = ">=2.13"
"""Sync impersonation is alpha in Argo CD 2.13 to 3.4, and beta from 3.5."""

WORKLOADS: tuple[tuple[str, str, str], ...] = (
    ("", "ConfigMap", "configmaps"),
    ("", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("", "Service", "services"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "Deployment", "deployments"),
    ("apps", "StatefulSet", "statefulsets"),
    ("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ("batch", "CronJob", "cronjobs"),
    ("batch", "Job", "jobs"),
    ("policy", "PodDisruptionBudget", "poddisruptionbudgets"),
)
"""(API group, kind, resource) of what lies in a tenant's folder, and what its delivery service account may touch."""


def tenant_namespace(tenant: str) -> str:
    return f"{_TENANT}{tenant}"


def tenant_of_namespace(namespace: str) -> str:
    """The tenant whose namespace this is, or ""."""
    found = namespace.removeprefix(_TENANT)
    return found if found != namespace else ""


def delivery_account(tenant: str) -> str:
    """The ServiceAccount that applies the tenant's folder of the branch."""
    return f"delivery-{tenant}"


def tenant_issuer(tenant: str) -> str:
    """The ClusterIssuer that signs with the tenant's CA."""
    return f"tenant-{tenant}"


def mount_point(tenant: str) -> str:
    """What the broker puts in front of every topic of a tenant."""
    return f"t/{tenant}/"


def hub_prefix(tenant: str, site: str) -> str:
    """Where a site's topics of a tenant lie at its hub."""
    return f"{mount_point(tenant)}sites/{site}/"


def bridge_client(site: str) -> str:
    """The MQTT client identifier of a site's bridge at its hub: one that no component can have."""
    return f"site.{site}"
