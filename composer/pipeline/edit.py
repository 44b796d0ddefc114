"""Edits of one document, looked at before they are written: what it would be, and what the sites it bears on would say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composer.diagnostic import Diagnostic, Place, Rejected, did_you_mean, error
from composer.model.fieldpath import place_for, value_at
from composer.model.fleet import Fleet
from composer.pipeline.run import compose_all, without_objects
from composer.pipeline.selection import lists_profile, lists_tenants
from composer.pipeline.watch import Watch, counted, unwatched
from composer.source.document import Document
from composer.source.edit import remove_value, set_value
from composer.source.reader import parse
from composer.stages.load import load_fleet


@dataclass(frozen=True, slots=True)
class Assignment:
    """*path* gets the *value* (plain data), or is removed."""

    path: str
    value: Any = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A document of a *section* ("sites", "tenants", "profiles" or "fleet"), in *file*."""

    section: str
    name: str
    file: str


def no_such(section: str, name: str, names: Iterable[str]) -> Diagnostic:
    """That a document somebody named is not there."""
    code = {"sites": "X001", "tenants": "X007"}.get(section, "X013")
    message = f"there is no {section.removesuffix('s')} {name!r}"
    return error(code, message, Place("command line"), hint=did_you_mean(name, names))


def read_value(text: str) -> Any:
    """What a person typed behind the equals sign, by the rules of YAML. Raises Rejected."""
    if not text.strip():
        hint = "an empty text is PATH='\"\"'; to take a value out of the document, --remove PATH"
        raise Rejected([error("X002", "there is no value behind the equals sign", Place("command line"), hint=hint)])
    try:
        return parse(f"- {text}\n", "command line").data[0]
    except (Rejected, IndexError) as wrong:
        why = wrong.diagnostics[0].message if isinstance(wrong, Rejected) else "it is several values"
        raise Rejected([error("X002", f"{text!r} is no YAML value: {why}", Place("command line"))]) from wrong


def edited(document: Document, assignments: Sequence[Assignment]) -> Document:
    """The document after all assignments, one after the other. Raises Rejected with those that cannot be made."""
    wrong: list[Diagnostic] = []
    for each in assignments:
        try:
            route = place_for(each.path, document.data)
            if each.removed:
                value_at(route, document.data)  # is it there?
                document = remove_value(document, route)
            else:
                document = set_value(document, route, each.value)
        except (LookupError, TypeError):
            wrong.append(error("X010", f"{document.file} has nothing at {each.path}", document.place()))
        except ValueError as nowhere:
            wrong.append(error("X010", str(nowhere), document.place()))
        except RecursionError:
            wrong.append(
                error("X010", f"{document.file}: {each.path[:40]}... leads deeper than documents go", document.place())
            )
        except Rejected as refused:
            wrong += refused.diagnostics
    if wrong:
        raise Rejected(wrong)
    return document


def consequences(
    fleet: Fleet, drafts: Mapping[Target, Document], jobs: int, watch: Watch = unwatched
) -> list[Diagnostic]:
    """What the drafts themselves and every site they bear on would say, apart from errors that are there without them."""
    files = {target.file: draft for target, draft in drafts.items()}
    try:
        after, found = load_fleet(fleet.root, files)
    except Rejected as rejected:
        return list(rejected.diagnostics)
    findings = [finding for finding in found if finding.place.file in files]
    findings += _findings(after, sorted({name for target in drafts for name in _touched(after, target)}), jobs, watch)
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        touched = sorted({d.site for d in errors if d.site in fleet.sites})
        known = {_what(finding) for finding in _findings(fleet, touched, jobs, watch)}
        findings = [finding for finding in findings if _what(finding) not in known]
    return findings


def _findings(fleet: Fleet, names: Sequence[str], jobs: int, watch: Watch) -> list[Diagnostic]:
    sites = counted(compose_all(fleet, names, jobs, without_objects), watch, len(names))
    return [finding for made in sites for finding in made.findings]


def _touched(fleet: Fleet, target: Target) -> list[str]:
    """The sites that the document bears on."""
    if target.section == "sites":
        return [target.name]
    names = sorted(fleet.sites)
    if target.section == "tenants":
        return [name for name in names if lists_tenants(fleet, name, frozenset([target.name]))]
    if target.section == "profiles":
        return [name for name in names if lists_profile(fleet, name, target.name)]
    return names


def _what(finding: Diagnostic) -> tuple[str, str, str, str]:
    """What makes a finding the same one, wherever its line has moved to."""
    return finding.code, finding.message, finding.place.file, finding.site


def write_document(root: Path, document: Document) -> None:
    """Puts the document's text in the place of its file in one step: whoever reads meanwhile sees the old or the new one.

    The file's byte order mark and permissions stay; a link inside the fleet keeps leading there. Raises Rejected where the
    operating system refuses.
    """
    file = Path(os.path.realpath(root / document.file))
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        mark = b"\xef\xbb\xbf" if file.read_bytes().startswith(b"\xef\xbb\xbf") else b""
        with fresh.open("xb") as out:
            os.fchmod(out.fileno(), file.stat().st_mode & 0o7777)
            out.write(mark + document.text.encode())
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    except OSError as problem:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        message = f"cannot write {document.file}: {problem.strerror or problem}"
        raise Rejected([error("X012", message, Place(document.file))]) from problem
