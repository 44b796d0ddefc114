"""What clusters say: the one package that asks Kubernetes API servers. Nothing here writes; what is applied is tried only."""

from composer.clusters.argocd import application
from composer.clusters.asking import ask_all
from composer.clusters.connection import Connection, Refused, Unreachable
from composer.clusters.dry_run import Tried, Verdict, try_object
from composer.clusters.flux import kustomization, source
from composer.clusters.kubeconfig import Kubeconfig
from composer.clusters.resources import Resources
from composer.clusters.told import Told

__all__ = [
    "Connection",
    "Kubeconfig",
    "Refused",
    "Resources",
    "Told",
    "Tried",
    "Unreachable",
    "Verdict",
    "application",
    "ask_all",
    "kustomization",
    "source",
    "try_object",
]
