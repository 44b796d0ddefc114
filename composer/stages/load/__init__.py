"""Stage load: from files to typed documents, each value with the line it was written on.

Knows YAML files, their folders and the schemas of documents; nothing of layers, components or Kubernetes.
"""

from composer.stages.load.blueprints import load_blueprints
from composer.stages.load.fleet import check_references, load_fleet, load_site
from composer.stages.load.referenced import read_referenced
from composer.stages.load.schema import check_schema

__all__ = [
    "check_references",
    "check_schema",
    "load_blueprints",
    "load_fleet",
    "load_site",
    "read_referenced",
]
