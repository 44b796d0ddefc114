"""`composer explain`: where a value comes from, who publishes what to whom, or what a diagnostic code means."""

from __future__ import annotations

import argparse
import re

from composer.cli import exits
from composer.cli.select import open_fleet
from composer.diagnostic import Place, Rejected, did_you_mean, error
from composer.model.fleet import Fleet

FORMATS = ("text", "dot", "mermaid", "json")
_CODE = re.compile(r"[A-Z]\d{3}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="CODE | SITE", help="a code such as L101, or a site")
    parser.add_argument(
        "object",
        nargs="?",
        metavar="KIND/NAME | topics | capacity",
        help="an object, such as Deployment/ingress, or one of the words topics and capacity",
    )
    parser.add_argument(
        "field", nargs="?", default="", metavar="FIELD | ROW", help="such as spec.template.spec.containers.0.image"
    )
    parser.add_argument("--format", choices=FORMATS, help="how topics are drawn (default: text)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.format and arguments.object != "topics":
        raise Rejected([error("X006", "--format is for topics: composer explain SITE topics", Place("command line"))])
    if arguments.object == "topics":
        return _topics(arguments)
    if arguments.object == "capacity":
        return _capacity(arguments)
    return _object(arguments) if arguments.object else _code(arguments.what)


def _code(code: str) -> int:
    from composer.report.codes import all_codes, explain_code

    found = explain_code(code)
    if found is None:
        of_a_site = "of a site, name KIND/NAME [FIELD], topics, or capacity [ROW]"
        hint = did_you_mean(code, all_codes()) if _CODE.fullmatch(code) else of_a_site
        raise Rejected([error("X006", f"{code!r} is no diagnostic code", Place("command line"), hint=hint)])
    print(found)
    return exits.DONE


def _fleet_of(arguments: argparse.Namespace) -> Fleet:
    """The fleet, which has the site that is asked about."""
    fleet, _ = open_fleet(arguments)
    if arguments.what not in fleet.sites:
        hint = did_you_mean(arguments.what, fleet.sites)
        raise Rejected([error("X001", f"there is no site {arguments.what!r}", Place("command line"), hint=hint)])
    return fleet


def _topics(arguments: argparse.Namespace) -> int:
    """Draws the graph of a site's topics, also where there is something wrong with it."""
    from composer.pipeline.line import Line
    from composer.pipeline.run import in_time
    from composer.report import topics
    from composer.report.topic_graph import topic_graph

    fleet = _fleet_of(arguments)
    with in_time(fleet, arguments.what):
        wiring = Line(fleet).wire(arguments.what)
    print(topics.FORMATS[arguments.format or "text"](arguments.what, topic_graph(wiring)), end="")
    return exits.DONE


def _capacity(arguments: argparse.Namespace) -> int:
    """Tells how the rows of `composer capacity` came about."""
    from composer.pipeline.reckoned import reckon
    from composer.report.reckoned import text

    print(text(reckon(_fleet_of(arguments), arguments.what, arguments.field)), end="")
    return exits.DONE


def _object(arguments: argparse.Namespace) -> int:
    from composer.pipeline.explain import explain
    from composer.report.explanation import text

    fleet = _fleet_of(arguments)
    print(text(explain(fleet, arguments.what, arguments.object, arguments.field)), end="")
    return exits.DONE
