"""Checks of rendered objects: schemas of Kubernetes and of custom resources, and rules over all of a site."""

from composer.stages.check.checker import check
from composer.stages.check.context import CheckContext

__all__ = ["CheckContext", "check"]
