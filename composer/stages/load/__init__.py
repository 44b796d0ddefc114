"""Stage load: from files to typed documents, each value with the line it was written on.

Knows YAML files, their folders and the schemas of documents; nothing of layers, components or Kubernetes.
"""

from composer.stages.load.blueprints import load_blueprints, shipped_names
from composer.stages.load.fleet import check_draft, check_references, load_fleet, load_site
from composer.stages.load.links import document_digest, hubs_named, link_of, possible_hubs, way_up
from composer.stages.load.listing import FLEET_FILE, document_files, holds_sites, name_fault
from composer.stages.load.payloads import read_payload
from composer.stages.load.referenced import read_certificates
from composer.stages.load.references import referenced_files
from composer.stages.load.schema import KINDS, check_schema, schema_of
from composer.stages.load.sops import read_sops

__all__ = [
    "FLEET_FILE",
    "KINDS",
    "check_draft",
    "check_references",
    "check_schema",
    "document_digest",
    "document_files",
    "holds_sites",
    "hubs_named",
    "link_of",
    "load_blueprints",
    "load_fleet",
    "load_site",
    "name_fault",
    "possible_hubs",
    "read_certificates",
    "read_payload",
    "read_sops",
    "referenced_files",
    "schema_of",
    "shipped_names",
    "way_up",
]
