"""`composer explain`: where a value comes from, or what a diagnostic code means."""

from __future__ import annotations

import argparse
import re

from composer.cli import exits
from composer.cli.select import open_fleet
from composer.diagnostic import Place, Rejected, did_you_mean, error

_CODE = re.compile(r"[A-Z]\d{3}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="CODE | SITE", help="a code such as L101, or a site")
    parser.add_argument("object", nargs="?", metavar="KIND/NAME", help="an object, such as Deployment/ingress")
    parser.add_argument(
        "field", nargs="?", default="", metavar="FIELD", help="such as spec.template.spec.containers.0.image"
    )


def run(arguments: argparse.Namespace) -> int:
    return _object(arguments) if arguments.object else _code(arguments.what)


def _code(code: str) -> int:
    from composer.report.codes import all_codes, explain_code

    found = explain_code(code)
    if found is None:
        hint = did_you_mean(code, all_codes()) if _CODE.fullmatch(code) else "composer explain SITE KIND/NAME [FIELD]"
        raise Rejected([error("X006", f"{code!r} is no diagnostic code", Place("command line"), hint=hint)])
    print(found)
    return exits.DONE


def _object(arguments: argparse.Namespace) -> int:
    from composer.pipeline.explain import explain
    from composer.report.explanation import text

    fleet, _ = open_fleet(arguments)
    if arguments.what not in fleet.sites:
        hint = did_you_mean(arguments.what, fleet.sites)
        raise Rejected([error("X001", f"there is no site {arguments.what!r}", Place("command line"), hint=hint)])
    print(text(explain(fleet, arguments.what, arguments.object, arguments.field)), end="")
    return exits.DONE
