"""Reviewed plans as files: for each site, the commit its branch stood at and the tree it was to hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from errno import EINVAL
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from composer import __version__
from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.model.names import active_branch, branch_fault, site_name_fault

KIND = "Plan"
FORMAT = 1
"""Raised whenever an older composer would misunderstand what is written."""

MOST_BYTES = 256 << 20
"""More than any plan has: one of ten thousand sites takes two megabytes."""

_ID = re.compile(r"[0-9a-f]{40}")
_AGAIN = "save it again with `composer diff --save`"


class Pin(NamedTuple):
    """What was reviewed of a site: its *branch* in *repository* stood at the commit *base* ("": there was none) and was to
    hold the tree *tree*."""

    repository: str
    branch: str
    base: str
    tree: str


@dataclass(frozen=True, eq=False)
class Plan:
    """What was reviewed of a fleet of this name, rendered from *source*: site -> Pin. *file* is where the plan was read from."""

    fleet: str
    source: str
    sites: Mapping[str, Pin] = field(repr=False)
    file: str = ""


def plan_text(plan: Plan) -> str:
    """The plan as one line of JSON; the same plan gives the same bytes."""
    repositories = sorted({pin.repository for pin in plan.sites.values()})
    numbers = {repository: number for number, repository in enumerate(repositories)}
    body = {
        "kind": KIND,
        "format": FORMAT,
        "composer": __version__,
        "fleet": plan.fleet,
        "source": plan.source,
        "repositories": repositories,
        "sites": {site: (numbers[pin.repository], *pin[1:]) for site, pin in plan.sites.items()},
    }
    return f"{_json({**body, 'digest': _digest(body)})}\n"


def write_plan(path: Path, plan: Plan) -> None:
    """Writes the plan to *path* in one step, so that half of it is never found there. Raises Rejected."""
    fresh = path.parent / f".{path.name}.new"
    try:
        if path.exists() and not path.is_file():
            # What takes the place of a device is no device: as root, every program would miss /dev/null.
            raise OSError(EINVAL, "something that is no file is there")
        fresh.unlink(missing_ok=True)
        with fresh.open("x") as out:  # never through a link that is there already
            out.write(plan_text(plan))
        fresh.replace(path)
    except OSError as problem:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        message = f"the plan cannot be written: {problem.strerror or problem}"
        raise Rejected([error("B050", message, Place(str(path)))]) from problem


def read_plan(path: Path) -> Plan:
    """The plan in the file at *path*. Raises Rejected where it is none, or not the one that was saved."""
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Rejected([error("B050", f"the plan cannot be read: {problem.strerror or problem}", place)]) from problem
    if len(content) > MOST_BYTES:
        raise Rejected([_no_plan(place, "it is too large")])
    body = _body(content, place)
    try:
        return Plan(_text(body["fleet"]), _text(body["source"]), _pins(body["sites"], body["repositories"]), str(path))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as problem:
        raise Rejected([_no_plan(place, "it does not hold what a plan holds")]) from problem


def _body(content: bytes, place: Place) -> Mapping[str, Any]:
    """What the plan says, once it is certain that it is what was saved."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as problem:
        whole = content.rstrip().endswith(b"}")
        raise Rejected([_no_plan(place, "it is not JSON" if whole else "its end is missing")]) from problem
    if not isinstance(body, dict) or body.get("kind") != KIND or type(body.get("format")) is not int:
        raise Rejected([_no_plan(place, "it does not say that it is one")])
    if body["format"] > FORMAT:
        newer = str(body.get("composer"))[:40]
        message = f"the plan was saved by composer {newer!r}, in a format that this one ({__version__}) is too old for"
        raise Rejected(
            [error("B052", message, place, hint="publish it with the composer that saved it, or a newer one")]
        )
    if body.pop("digest", None) != _digest(body):
        message = "the plan was changed after it was saved, so it is not what was reviewed"
        raise Rejected([error("B053", message, place, hint=_AGAIN)])
    return body


def _pins(sites: Mapping[str, Any], repositories: list[str]) -> dict[str, Pin]:
    """Raises TypeError, ValueError, IndexError or AttributeError for what is not as `plan_text` writes it."""
    found = {}
    for site, (number, branch, base, tree) in sorted(sites.items()):
        if (
            type(number) is not int
            or number < 0
            or site_name_fault(site)
            or branch_fault(active_branch(branch) or branch)
        ):
            raise ValueError(site)
        if not _ID.fullmatch(tree) or (base != "" and not _ID.fullmatch(base)):
            raise ValueError(site)
        found[site] = Pin(_text(repositories[number]), branch, base, tree)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _no_plan(place: Place, why: str) -> Diagnostic:
    return error("B051", f"this is no plan of the composer: {why}", place, hint=_AGAIN)


def _digest(body: Mapping[str, Any]) -> str:
    return f"sha256:{sha256(_json(body).encode('utf-8', 'surrogatepass')).hexdigest()}"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
