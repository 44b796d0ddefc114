"""New documents in a fleet: where they go, what would come of them, and their files, which never take another's place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.model.fleet import Fleet
from composer.pipeline.forms import COMMAND_LINE
from composer.pipeline.run import compose_all, without_objects
from composer.source.document import Document
from composer.stages.load import check_draft, document_files, holds_sites, name_fault


def home_of(fleet: Fleet, kind: str, name: str, folder: str = "") -> str:
    """The file of the new document (a blueprint's folder); *folder* is where below sites/ a site goes.

    Raises Rejected where the name cannot be one or is taken, or where no site would be found in that folder.
    """
    if fault := name_fault(name):
        raise Rejected([error("D020", f"{name!r} cannot be a name: {fault}", COMMAND_LINE)])
    where = {"site": f"sites/{folder.strip('/')}", "blueprint": f"blueprints/{name}"}.get(kind, f"sites/{kind}s")
    file = str(PurePosixPath(where, "v1" if kind == "blueprint" else f"{name}.yaml"))
    _refuse_hidden(fleet, kind, file)
    taken = _taken(fleet, kind)
    if name in taken or os.path.lexists(fleet.root / file):
        message = f"there is a {kind} called {name} already"
        raise Rejected([error("E003", message, Place(taken.get(name, file)), hint="choose another name")])
    return file


def _taken(fleet: Fleet, kind: str) -> Mapping[str, str]:
    """The names that are taken, with their files. A new blueprint never hides one that comes with the composer."""
    if kind == "blueprint":
        return {name: f"blueprints/{name}" for name in fleet.blueprints}
    return fleet.sites if kind == "site" else document_files(fleet.root, f"{kind}s")


def _refuse_hidden(fleet: Fleet, kind: str, file: str) -> None:
    """Whoever reads the fleet must find the document there."""
    real = Path(os.path.realpath(fleet.root / file)).parent
    straight = Path(os.path.realpath(fleet.root)) / PurePosixPath(file).parent
    if real != straight or (kind == "site" and not holds_sites(file)):
        hint = "sites stand in sites/, in any folder but profiles, tenants, secrets and files, and not behind links"
        raise Rejected([error("E004", f"no {kind} would be found in {file}", COMMAND_LINE, hint=hint)])


def what_it_would_say(fleet: Fleet, kind: str, name: str, document: Document, jobs: int) -> list[Diagnostic]:
    """What is wrong with the new document, and with the site that it is."""
    findings = check_draft(fleet, document, kind.capitalize(), name)
    if findings or kind != "site":
        return findings
    with_it = replace(
        fleet, sites={**fleet.sites, name: document.file}, drafts={**fleet.drafts, document.file: document}
    )
    return [finding for made in compose_all(with_it, [name], jobs, without_objects) for finding in made.findings]


def create_files(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Writes new files: each is there as a whole or not at all, and none takes the place of another.

    Raises Rejected where one is there, or where the operating system refuses.
    """
    for path, content in files.items():
        file = root / path
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("xb") as out:
                out.write(content.encode() if isinstance(content, str) else content)
                out.flush()
                os.fsync(out.fileno())
            file.hardlink_to(fresh)
        except FileExistsError:
            raise Rejected(
                [error("E003", f"{path} is there already", Place(path), hint="choose another name")]
            ) from None
        except OSError as problem:
            raise Rejected([error("E002", f"cannot write {path}: {problem.strerror}", Place(path))]) from None
        finally:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)


def put_file(root: Path, path: str, text: str) -> bool:
    """Whether the file *path* below *root* had to be changed. It is replaced in one step, and links are not followed out.

    Raises Rejected where its folder lies outside of *root*, or where the operating system refuses.
    """
    file = root / path
    try:
        if file.is_file() and not file.is_symlink() and file.read_bytes() == text.encode():
            return False
        if not Path(os.path.realpath(file.parent)).is_relative_to(os.path.realpath(root)):
            raise Rejected([error("Y004", f"{path} lies outside of the tree", Place(path))])
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        fresh.write_bytes(text.encode())
        fresh.replace(file)
    except OSError as problem:
        raise Rejected([error("E002", f"cannot write {path}: {problem.strerror}", Place(path))]) from None
    return True
