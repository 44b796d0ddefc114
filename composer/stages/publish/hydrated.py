"""Proposed branches, as GitOps Promoter wants them: what a commit holds besides the site's files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from composer.git.commits import CommitObject
from composer.git.ids import FILE, Entry, blob_id, plain_files, tree_id
from composer.git.repository import METADATA
from composer.stages.publish.files import SiteFiles
from composer.stages.publish.plan import SitePlan


def metadata(dry: CommitObject, repository: str = "") -> bytes:
    """The content of METADATA for what the commit *dry* of the fleet renders to; *repository* is the address of the fleet."""
    subject, _, body = dry.message.partition("\n")
    said: Mapping[str, str] = {
        "repoURL": repository,
        "drySha": dry.id,
        "author": dry.author,
        "date": _rfc3339(dry.date),
        "subject": subject.strip(),
        "body": body.strip(),
    }
    return (json.dumps({key: value for key, value in said.items() if value}, indent=2) + "\n").encode()


def note(dry: str) -> bytes:
    """What a note on a hydrated commit says: the commit of the fleet that it is right for."""
    return (json.dumps({"drySha": dry}) + "\n").encode()


def hydrated(site: SiteFiles, plan: SitePlan, content: bytes) -> SitePlan:
    """The plan with METADATA of this *content* in its tree."""
    entries = {**plan.kept, **plain_files(site.ids), METADATA: Entry(FILE, blob_id(content))}
    return replace(plan, tree=tree_id(entries))


_DAY = 24 * 60 - 1
_LATEST = 253_402_214_399
"""The last but one day of the year 9999, which is one in every zone."""


def _rfc3339(date: str) -> str:
    """The time of "1700000000 +0100" as "2023-11-14T23:13:20+01:00"."""
    seconds, offset = date.split()
    minutes = int(f"{offset[0]}1") * (int(offset[1:3]) * 60 + int(offset[3:5]))
    # Git can say times and zones that RFC 3339 cannot.
    zone = timezone(timedelta(minutes=max(-_DAY, min(_DAY, minutes))))
    return datetime.fromtimestamp(min(int(seconds), _LATEST), zone).isoformat()
