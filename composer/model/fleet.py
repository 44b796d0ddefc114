"""The fleet as loaded: everything that is read once, and where each site's own document lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from composer.diagnostic import Diagnostic
from composer.model.blueprint import Blueprint
from composer.source.document import Document


@dataclass(frozen=True, eq=False)
class Fleet:
    """What all sites share. Site documents are read one by one, by whoever works on that site.

    *sites* maps a site's name to its file, *blueprints* a name to its versions by major number; *root* is the fleet's
    folder, and every other path is relative to it, with slashes. *broken* holds the findings of documents that cannot be
    used, by section ("profiles", "tenants", "sites") and name: they stop the sites that use them, and no others. *drafts*
    are documents that stand for the files of the same name, which may hold something else.
    """

    root: Path
    document: Document
    profiles: Mapping[str, Document] = field(repr=False)
    tenants: Mapping[str, Document] = field(repr=False)
    sites: Mapping[str, str] = field(repr=False)
    blueprints: Mapping[str, Mapping[int, Blueprint]] = field(repr=False)
    broken: Mapping[tuple[str, str], tuple[Diagnostic, ...]] = field(repr=False, default_factory=dict)
    drafts: Mapping[str, Document] = field(repr=False, default_factory=dict)
