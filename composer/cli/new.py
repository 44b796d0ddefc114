"""`composer new`: a document from a form, whose questions are put on a terminal and answered by options in a script."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from composer.cli import exits
from composer.cli.progress import watching
from composer.cli.select import add_jobs, jobs, open_fleet
from composer.cli.show import add_findings_format, first_few, say, show_findings
from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.model.fleet import Fleet

if TYPE_CHECKING:
    from composer.pipeline.forms import Question

NOTHING = "-"
"""What is typed at a question to leave the value out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from composer.pipeline.forms import FORMS

    kinds = parser.add_subparsers(dest="kind", metavar="|".join(FORMS), required=True)
    for kind, questions in FORMS.items():
        summary = f"a new {kind}"
        sub = kinds.add_parser(kind, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        sub.add_argument("name", metavar="NAME", help=f"what the {kind} is called")
        for question in questions:
            default = (
                f" (default: {question.default.format(name='NAME', engine='the engine')})" if question.default else ""
            )
            sub.add_argument(f"--{question.flag}", metavar="TEXT", help=f"{question.ask}{default}")
        if kind == "site":
            sub.add_argument("--folder", default="", help="folder below sites/, such as eu/de")
        sub.add_argument("--force", action="store_true", help="write even what would have errors")
        add_jobs(sub)
        add_findings_format(sub)


def run(arguments: argparse.Namespace) -> int:
    from composer.diagnostic import has_errors
    from composer.pipeline.create import create_files, home_of, what_it_would_say
    from composer.pipeline.forms import filled, filled_blueprint

    watching()
    fleet, _ = open_fleet(arguments)
    kind, name = arguments.kind, arguments.name
    file = home_of(fleet, kind, name, getattr(arguments, "folder", ""))
    answers = _answers(fleet, arguments)
    if kind == "blueprint":
        create_files(fleet.root, filled_blueprint(name, answers, file))
        say(f"{file} written; `composer test {name}` runs its cases")
        return exits.DONE
    document = filled(kind, name, answers, file)
    findings = what_it_would_say(fleet, kind, name, document, jobs(arguments))
    show_findings(findings, arguments.findings_format, stream=sys.stderr)
    if has_errors(findings) and not arguments.force:
        say(f"{file} is not written; --force writes it all the same")
        return exits.FINDINGS
    create_files(fleet.root, {file: document.text})
    say(f"{file} written")
    return exits.DONE


def _answers(fleet: Fleet, arguments: argparse.Namespace) -> dict[str, Any]:
    """Flag -> value of every question of the form. Raises Rejected with all options that cannot be used."""
    from composer.pipeline.forms import FORMS, default_of, read_answer

    ask = sys.stdin.isatty() and sys.stderr.isatty()
    answers: dict[str, Any] = {}
    wrong: list[Diagnostic] = []
    for question in FORMS[arguments.kind]:
        given = getattr(arguments, question.flag)
        default = default_of(question, fleet, arguments.name, answers.get("profiles") or ())
        try:
            if given is None and ask and (default or not question.layered):
                answers[question.flag] = _asked(question, default, fleet, read_answer)
            else:
                answers[question.flag] = read_answer(question, default if given is None else given, fleet)
        except Rejected as rejected:
            wrong += rejected.diagnostics
    if wrong:
        raise Rejected(wrong)
    return answers


def _asked(question: Question, default: str, fleet: Fleet, read: Callable[[Question, str, Fleet], Any]) -> Any:
    """The value of the first answer that can be one."""
    choices = first_few(sorted(getattr(fleet, question.among))) if question.among else ""
    among = f" ({choices})" if choices else ""
    while True:
        print(f"{question.ask}{among} [{default or NOTHING}]: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise Rejected([error("X002", f"no answer to: {question.ask}", Place("command line"))])
        try:
            return read(question, "" if line.strip() == NOTHING else line.strip() or default, fleet)
        except Rejected as rejected:
            show_findings(rejected.diagnostics, "full", stream=sys.stderr)
