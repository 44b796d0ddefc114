"""The first fleet of a team: the files of the packaged one, with what was asked for edited into its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.pipeline.create import create_files
from composer.pipeline.edit import Assignment, edited
from composer.pipeline.forms import ENGINE_VERSIONS
from composer.pipeline.requirement import ANY_INDEX, WHEELS, Origin
from composer.source.packaged import packaged
from composer.source.reader import parse
from composer.stages.load import check_schema

ENGINES = tuple(ENGINE_VERSIONS)

FORGES: Mapping[str, str] = {"github": ".github/", "gitlab": ".gitlab-ci.yml"}
"""Forge, which is also the extra that speaks to it -> what its workflows begin with."""

_REQUIREMENTS = "requirements.txt"
_LEFT_ALONE = ".git"
_CLUSTERS = {"sites/profiles/edge-box.yaml": "Profile", "sites/hub.yaml": "Site"}
"""The documents that say what is installed at clusters."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the fleet is called, the engine that applies its branches, its forges, its delivery repository, and where its CI
    gets the *composer* from.

    *repository* is where branches are pushed to, *url* where clusters fetch them; "" leaves what the packaged fleet says.
    """

    name: str = "fleet"
    engine: str = ENGINES[0]
    forges: Sequence[str] = tuple(FORGES)
    repository: str = ""
    url: str = ""
    composer: Origin = ANY_INDEX


def starter_files(wishes: Wishes) -> dict[str, str | bytes]:
    """Path -> content of every file of a new fleet. Raises Rejected where a wish makes a document of it unusable."""
    root = packaged("starter") / "fleet"
    files = {str(file.relative_to(root)): file.read_text("utf-8") for file in sorted(root.rglob("*")) if file.is_file()}
    unwanted = tuple(start for forge, start in FORGES.items() if forge not in wishes.forges)
    files = {path: text for path, text in files.items() if not path.startswith(unwanted)}
    *head, _ = files[_REQUIREMENTS].splitlines()
    files[_REQUIREMENTS] = "\n".join([*head, wishes.composer.line(",".join(wishes.forges)), ""])
    wrong: list[Diagnostic] = []
    for path, (kind, assignments) in _edits(wishes).items():
        document = edited(parse(files[path], path), assignments)
        wrong += check_schema(document, kind)
        files[path] = document.text
    if wrong:
        raise Rejected(wrong)
    wheel = wishes.composer.wheel
    return {**files, **({f"{WHEELS}/{wheel.name}": wheel.content} if wheel else {})}


def _edits(wishes: Wishes) -> dict[str, tuple[str, list[Assignment]]]:
    fleet = [Assignment("metadata.name", wishes.name), Assignment("spec.delivery.engine", wishes.engine)]
    addresses = {"repository": wishes.repository, "url": wishes.url or wishes.repository}
    fleet += [Assignment(f"spec.delivery.{field}", address) for field, address in addresses.items() if address]
    edits = {"sites/fleet.yaml": ("Fleet", fleet)}
    if wishes.engine != ENGINES[0]:
        installed = [
            Assignment(f"spec.cluster.capabilities.{wishes.engine}", ENGINE_VERSIONS[wishes.engine]),
            Assignment(f"spec.cluster.capabilities.{ENGINES[0]}", removed=True),
        ]
        edits |= {path: (kind, installed) for path, kind in _CLUSTERS.items()}
    return edits


def write_starter(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Puts the files into *folder*, which is made if it is not there, and may hold nothing but a Git repository's .git.

    Raises Rejected where it holds anything else, with nothing written, and where the operating system refuses.
    """
    place = Place(str(folder))
    try:
        there = sorted(entry.name for entry in folder.iterdir() if entry.name != _LEFT_ALONE) if folder.exists() else []
        if there:
            hint = f"it holds {', '.join(there[:3])}{'...' if there[3:] else ''}; name a new folder"
            raise Rejected([error("E001", f"{folder} is not empty", place, hint=hint)])
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Rejected(
            [error("E002", f"cannot write {problem.filename or folder}: {problem.strerror}", place)]
        ) from None
    create_files(folder, files)
