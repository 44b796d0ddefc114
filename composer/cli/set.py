"""`composer set`: values in a document that people wrote, with every comment where it was."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_jobs, jobs, open_fleet
from composer.cli.show import add_findings_format, count, difference, say, show_findings
from composer.diagnostic import Place, Rejected, error
from composer.model.fleet import Fleet

if TYPE_CHECKING:
    from composer.pipeline.edit import Assignment, Target

_ASSIGNMENT = re.compile(r"((?:[^\[\]=]|\[[^\]]*\])*)=(.*)", re.DOTALL)
"""A path, in which an equals sign can only stand in brackets, and a value."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="SITE PATH=VALUE",
        help="the site and what to set, such as spec.offline=72h; one value may also be written PATH VALUE",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--tenant", metavar="NAME", help="edit this tenant's document instead of a site's")
    where.add_argument("--profile", metavar="NAME", help="edit this profile")
    where.add_argument("--fleet", dest="whole", action="store_true", help="edit fleet.yaml")
    parser.add_argument("--remove", action="append", default=[], metavar="PATH", help="take a value out")
    parser.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
    parser.add_argument("--force", action="store_true", help="write even where sites would have errors")
    add_jobs(parser)
    add_findings_format(parser)


def run(arguments: argparse.Namespace) -> int:
    from composer.pipeline.edit import consequences, edited, write_document
    from composer.source.reader import read_document

    fleet, _ = open_fleet(arguments)
    target, assignments = _asked(fleet, arguments)
    before = read_document(fleet.root, target.file)
    after = edited(before, assignments)
    if after is before:
        say(f"{target.file} says so already")
        return exits.DONE
    progress = watching()
    findings = consequences(fleet, {target: after}, jobs(arguments), progress)
    progress.clear()
    show_findings(findings, arguments.findings_format, stream=sys.stderr)
    refused = any(finding.is_error for finding in findings)
    if arguments.dry_run:
        sys.stdout.writelines(difference(before, after))
    elif refused and not arguments.force:
        say(f"{target.file} is as it was; --force writes it all the same")
    else:
        write_document(fleet.root, after)
        say(f"{target.file}: {count(len(assignments), 'change')} made")
    return exits.FINDINGS if refused and not arguments.force else exits.DONE


def _asked(fleet: Fleet, arguments: argparse.Namespace) -> tuple[Target, list[Assignment]]:
    """The document to edit and what to do with it. Raises Rejected where the command line does not say."""
    words = list(arguments.words)
    target = _target(fleet, arguments, words)
    assignments = [*map(_assignment, _joined(words)), *map(_removal, arguments.remove)]
    if not assignments:
        raise Rejected([error("X002", "there is nothing to set: PATH=VALUE or --remove PATH", Place("command line"))])
    return target, assignments


def _target(fleet: Fleet, arguments: argparse.Namespace, words: list[str]) -> Target:
    from composer.pipeline.edit import Target
    from composer.stages.load import FLEET_FILE, document_files

    if arguments.whole:
        return Target("fleet", "", FLEET_FILE)
    for section, name in (("tenants", arguments.tenant), ("profiles", arguments.profile)):
        if name is not None:
            return Target(section, name, _file(name, document_files(fleet.root, section), section))
    name = words.pop(0) if words and "=" not in words[0] else ""
    if not name:
        raise Rejected([error("X002", "name a site, or --tenant, --profile or --fleet", Place("command line"))])
    return Target("sites", name, _file(name, fleet.sites, "sites"))


def _file(name: str, files: Mapping[str, str], section: str) -> str:
    from composer.pipeline.edit import no_such

    if name in files:
        return files[name]
    raise Rejected([no_such(section, name, files)])


def _joined(words: list[str]) -> list[str]:
    """PATH VALUE as PATH=VALUE."""
    return [f"{words[0]}={words[1]}"] if len(words) == 2 and not _ASSIGNMENT.fullmatch(words[0]) else words


def _assignment(word: str) -> Assignment:
    from composer.pipeline.edit import Assignment, read_value

    found = _ASSIGNMENT.fullmatch(word)
    if not found or not found[1]:
        hint = f"write {word}=VALUE; one value alone may also be written PATH VALUE" if "=" not in word else ""
        raise Rejected([error("X002", f"{word!r} is not PATH=VALUE", Place("command line"), hint=hint)])
    return Assignment(found[1], read_value(found[2]))


def _removal(path: str) -> Assignment:
    from composer.pipeline.edit import Assignment

    return Assignment(path, removed=True)
