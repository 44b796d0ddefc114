"""A site's objects as the files of its branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.emit import to_yaml
from composer.git.ids import blob_id
from composer.model.stack import Rendered
from composer.stages.publish.files import SiteFiles, site_files
from composer.stages.publish.lockfile import LOCK, MadeFrom, is_inside, lock_text
from composer.stages.publish.paths import DELIVERY, PLATFORM, TENANTS, tenant_folder
from composer.stages.publish.written import written

KUSTOMIZATION = "kustomization.yaml"


@dataclass(frozen=True, eq=False)
class Contents:
    """What is to lie on a branch: objects, and *copies*, path -> content of files taken as they are (SOPS).

    Each of the *tenants* has a folder, with or without workloads.
    """

    objects: Sequence[Rendered]
    tenants: Sequence[str]
    copies: Mapping[str, bytes] = field(default_factory=dict)


def branch_files(site: str, branch: str, contents: Contents, made_from: MadeFrom) -> SiteFiles:
    """Everything that lies on the site's branch, its lock file with it.

    Raises Rejected where two objects or copies want the same path.
    """
    files = layout(contents)
    objects = [written(rendered) for rendered in contents.objects]
    known = {file.path: file.id for file in objects}
    ids = {path: known.get(path) or blob_id(content) for path, content in files.items()}
    images = sorted({image for file in objects for image in file.images})
    lock = lock_text(site, made_from, images, ids)
    return site_files(site, branch, {**files, LOCK: lock}, {**ids, LOCK: blob_id(lock)})


def layout(contents: Contents) -> dict[str, bytes]:
    """Path -> content of every file but the lock, in path order."""
    objects, copies = contents.objects, contents.copies
    placed = {written(rendered).path: rendered for rendered in objects}
    _refuse_doubles(objects, placed, copies)
    files = {path: written(rendered).content for path, rendered in placed.items()}
    files.update(copies)
    owned = {"/".join(path.split("/")[:2]) for path in files if path.startswith(f"{TENANTS}/")}
    parts = [PLATFORM, *sorted(owned | {tenant_folder(tenant) for tenant in contents.tenants})]
    delivery = [DELIVERY] if any(path.startswith(f"{DELIVERY}/") for path in files) else []
    for folder in [*parts, *delivery]:
        prefix = f"{folder}/"
        inside = [path.removeprefix(prefix) for path in files if path.startswith(prefix)]
        files[prefix + KUSTOMIZATION] = _kustomization(inside)
    # Delivery is left out: it is what applies the others.
    files[KUSTOMIZATION] = _kustomization(parts)
    return dict(sorted(files.items()))


def _kustomization(resources: Iterable[str]) -> bytes:
    body: dict[str, Any] = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    chosen = sorted(resources)
    # A kustomization that says nothing is an error for kustomize; this says something and changes nothing.
    body |= {"resources": chosen} if chosen else {"generatorOptions": {"disableNameSuffixHash": True}}
    return to_yaml(body).encode()


def _refuse_doubles(objects: Sequence[Rendered], placed: Mapping[str, Rendered], copies: Mapping[str, bytes]) -> None:
    """Raises Rejected where a path is asked for twice, or by a file that is no part of a folder."""
    findings = [_double(written(r).path, r) for r in objects if placed[written(r).path] is not r]
    findings += [_double(path, placed[path]) for path in copies if path in placed]
    findings += [_misplaced(path) for path in copies if not _has_place(path)]
    if findings:
        raise Rejected(findings)


def _has_place(path: str) -> bool:
    top, _, rest = path.partition("/")
    folders = 2 if top == TENANTS else 1
    known = top in (PLATFORM, DELIVERY, TENANTS) and path.count("/") >= folders
    return known and is_inside(path) and rest.rpartition("/")[2] != KUSTOMIZATION


def _double(path: str, rendered: Rendered) -> Diagnostic:
    message = f"{rendered.component.label} writes {path}, which is written already"
    folder = rendered.component.blueprint.folder
    return error("B001", message, Place(f"{folder}/{rendered.manifest}", rendered.line))


def _misplaced(path: str) -> Diagnostic:
    message = f"{path!r} is no place for a file on a branch: it belongs into platform/ or tenants/<tenant>/"
    return error("B002", message, Place(path))
