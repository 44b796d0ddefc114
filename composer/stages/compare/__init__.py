"""Compare: what changes between a branch's objects and a site's, and what is dangerous in it."""

from composer.stages.compare.blast import Blast, Reach, blast_radius
from composer.stages.compare.change import (
    CHECKSUM,
    HIDDEN,
    Action,
    Change,
    Danger,
    FieldChange,
    Hunk,
    Identity,
    Risk,
    SiteDiff,
)
from composer.stages.compare.compare import compare, compare_files, identity_of, is_secret_file, read_object
from composer.stages.compare.groups import SITE, Comparison, GroupedChange, group

__all__ = [
    "CHECKSUM",
    "HIDDEN",
    "SITE",
    "Action",
    "Blast",
    "Change",
    "Comparison",
    "Danger",
    "FieldChange",
    "GroupedChange",
    "Hunk",
    "Identity",
    "Reach",
    "Risk",
    "SiteDiff",
    "blast_radius",
    "compare",
    "compare_files",
    "group",
    "identity_of",
    "is_secret_file",
    "read_object",
]
