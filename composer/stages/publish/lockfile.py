"""composer.lock.yaml: what a site was made from, and which files of its branch are the composer's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from composer.diagnostic import Rejected
from composer.emit import to_yaml
from composer.model.blueprint import Blueprint
from composer.source.reader import parse

LOCK = "composer.lock.yaml"
API_VERSION = "edge-composer.io/v1alpha1"

_ID = re.compile(r"[0-9a-f]{40}")


class Link(NamedTuple):
    """A site's *hub*, and a *digest* of what the hub has to know of the site."""

    hub: str
    digest: str


@dataclass(frozen=True, eq=False)
class MadeFrom:
    """What a site was made from: a SHA-256 over all of it, and the blueprints.

    *shadowing* names those of the fleet's blueprints that stand in front of a packaged one. *link* is the site's hub and the
    digest of what the site tells it, where it has one.
    """

    digest: str
    blueprints: Sequence[Blueprint]
    shadowing: Collection[str] = ()
    link: Link | None = None


def lock_text(site: str, made_from: MadeFrom, images: Sequence[str], ids: Mapping[str, str]) -> bytes:
    """The lock file of a site; *ids* is its inventory."""
    blueprints = sorted(made_from.blueprints, key=lambda blueprint: blueprint.label)
    lock = {
        "apiVersion": API_VERSION,
        "kind": "Lock",
        "metadata": {"name": site},
        "digest": f"sha256:{made_from.digest}",
        "blueprints": [_blueprint(b, b.name in made_from.shadowing) for b in blueprints],
        "images": list(images),
        "inventory": dict(sorted(ids.items())),
        **(
            {"link": {"hub": made_from.link.hub, "digest": f"sha256:{made_from.link.digest}"}} if made_from.link else {}
        ),
    }
    return to_yaml(lock).encode()


def _blueprint(blueprint: Blueprint, shadows: bool) -> dict[str, Any]:
    entry = {
        "name": blueprint.name,
        "version": blueprint.version,
        "digest": f"sha256:{blueprint.digest}",
        "origin": blueprint.origin,
    }
    return {**entry, "shadows": "packaged"} if shadows and blueprint.origin == "fleet" else entry


def link_of(text: bytes) -> Link | None:
    """What a lock file says of the site's link; None where it says nothing, or is no lock file of the composer."""
    link = (_read(text) or {}).get("link")
    if not isinstance(link, dict) or not isinstance(link.get("hub"), str):
        return None
    return Link(link["hub"], str(link.get("digest", "")).removeprefix("sha256:"))


def locked_site(text: bytes) -> str:
    """The site that a lock file is of; "" where it is no lock file of the composer."""
    metadata = (_read(text) or {}).get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def inventory(text: bytes) -> Mapping[str, str] | None:
    """Path -> blob id of the files a lock file names, or None where it is no lock file of the composer."""
    ids = (_read(text) or {}).get("inventory")
    return ids if isinstance(ids, dict) and all(_entry(path, id_) for path, id_ in ids.items()) else None


def _read(text: bytes) -> dict[str, Any] | None:
    """The data of a lock file of the composer."""
    try:
        data = parse(text.decode(), LOCK).data
    except (Rejected, UnicodeDecodeError):
        return None
    ours = isinstance(data, dict) and data.get("apiVersion") == API_VERSION and data.get("kind") == "Lock"
    return data if ours else None


def _entry(path: Any, id_: Any) -> bool:
    return isinstance(path, str) and is_inside(path) and isinstance(id_, str) and bool(_ID.fullmatch(id_))


def is_inside(path: str) -> bool:
    """Whether a path stays below the folder it is meant for."""
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/"))


def images_of(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every image that the pods of these objects run or mount, sorted."""
    return sorted({image for object_ in objects for pod in _pod_specs(object_) for image in _images(pod)})


def _pod_specs(object_: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The pod specs of an object: a Pod's own, a workload's template, the template of a CronJob's Job."""
    spec = object_.get("spec")
    if isinstance(spec, dict):
        yield spec
        job = spec.get("jobTemplate")
        owner = job.get("spec") if isinstance(job, dict) else spec
        template = owner.get("template") if isinstance(owner, dict) else None
        if isinstance(template, dict) and isinstance(template.get("spec"), dict):
            yield template["spec"]


def _images(pod: Mapping[str, Any]) -> Iterator[str]:
    for containers in ("initContainers", "containers", "ephemeralContainers"):
        for container in _items(pod.get(containers)):
            if isinstance(container.get("image"), str):
                yield container["image"]
    for volume in _items(pod.get("volumes")):
        image = volume.get("image")
        if isinstance(image, dict) and isinstance(image.get("reference"), str):
            yield image["reference"]


def _items(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
