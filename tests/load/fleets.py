"""Fleets as people write them, in a temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from composer.diagnostic import Diagnostic, Rejected
from composer.stages.load import check_references, load_fleet, load_site

DESIGN = Path(__file__).parent.parent / "fleets/design"

FLEET = "apiVersion: edge-composer.io/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: {}\n"


def write(root: Path, files: Mapping[str, str]) -> Path:
    """A fleet in *root* with *files* (paths below sites/); fleet.yaml is there without being given."""
    for path, text in {"fleet.yaml": FLEET, **files}.items():
        file = root / "sites" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def document(kind: str, name: str, spec: str = "{}", labels: str = "{}") -> str:
    """A document of any kind; *spec* is YAML in flow style."""
    metadata = f"{{name: {name}, labels: {labels}}}"
    return f"apiVersion: edge-composer.io/v1alpha1\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n"


def site(name: str, spec: str = "{}") -> str:
    return document("Site", name, spec)


def design_copy(folder: Path) -> Path:
    """A copy of the fleet that the design shows, to be changed at will."""
    return Path(shutil.copytree(DESIGN, folder / "fleet"))


def change(root: Path, path: str, *replacements: tuple[str, str]) -> None:
    """Replaces parts of the text of a file; each must be there."""
    file = root / path
    text = file.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def findings_of(root: Path, name: str) -> list[Diagnostic]:
    """Everything that loading says about one site."""
    fleet, _ = load_fleet(root)
    try:
        return check_references(fleet, load_site(fleet, name))
    except Rejected as rejected:
        return list(rejected.diagnostics)


def lines(findings: Iterable[Diagnostic]) -> list[str]:
    """Findings as one line each: place, code, message, and the hint where there is one."""
    return [f"{d.place} {d.code} {d.message}" + (f" | {d.hint}" if d.hint else "") for d in findings]
