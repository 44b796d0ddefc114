"""YAML text as parser events: from libyaml where it is there, else from PyYAML's own parser, with equal
results.

From PyYAML and not from ruamel.yaml, whose C part holds libyaml 0.1.7: that one refuses `{image:
busybox:1.37}`, is slower, and differs from ruamel.yaml's Python parser in many small ways. PyYAML's two
parsers differ in two: libyaml takes tabs between tokens, and refuses unknown directives. So a text with a
tab or a directive always goes to the Python one, and what is accepted does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

__all__ = [
    "AliasEvent",
    "DocumentStartEvent",
    "MappingEndEvent",
    "MappingStartEvent",
    "Mark",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "SyntaxProblem",
    "events",
]

SyntaxProblem = MarkedYAMLError


class Mark(Protocol):
    """A spot in the text; *line* and *column* count from 0."""

    line: int
    column: int
    index: int


class PureParser(Reader, Scanner, Parser):
    """PyYAML's parser without libyaml."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def _fastest() -> type[Any]:
    try:
        from yaml._yaml import CParser  # noqa: PLC0415 - not there where PyYAML was built without libyaml
    except ImportError:  # pragma: no cover - depends on how PyYAML was built
        return PureParser
    return CParser


FASTEST = _fastest()


def events(text: str) -> Iterator[Any]:
    """The events of *text* up to the end of the stream; raises SyntaxProblem where it is not YAML."""
    pure = "\t" in text or text.startswith("%") or "\n%" in text
    next_event = (PureParser if pure else FASTEST)(text).get_event
    while type(event := next_event()) is not StreamEndEvent:
        yield event
