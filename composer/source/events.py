"""YAML text as parser events: from libyaml where it is there, else from PyYAML's own parser, with equal results.

From PyYAML and not from ruamel.yaml, whose C part holds libyaml 0.1.7: that one refuses the image in
`{image: busybox:1.37}`, is slower, and differs from ruamel.yaml's Python parser in many small ways. PyYAML's two
differ in three: what may stand in brackets, which PureParser mends, tabs between tokens, which libyaml takes,
and unknown directives, which it refuses. Where a text has either of these, the Python parser decides, so that
what is accepted does not depend on the machine.
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

from composer.source.pure import PureParser

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


def _fastest() -> Any:
    try:
        from yaml._yaml import CParser  # noqa: PLC0415 - not there where PyYAML was built without libyaml
    except ImportError:  # pragma: no cover - depends on how PyYAML was built
        return PureParser
    return CParser


FASTEST = _fastest()


def events(text: str) -> Iterator[Any]:
    """The events of *text* up to the end of the stream; raises SyntaxProblem where it is not YAML."""
    pure = ("\t" in text and not _tabs_are_values(text)) or text.startswith("%") or "\n%" in text
    return _stream((PureParser if pure else FASTEST)(text))


def _stream(parser: Any) -> Iterator[Any]:
    next_event = parser.get_event
    while type(event := next_event()) is not StreamEndEvent:
        yield event


def _tabs_are_values(text: str) -> bool:
    """Whether tabs stand only in quotes and block scalars, as in configuration files, where they do no harm."""
    between, end = [], 0
    try:
        for event in _stream(FASTEST(text)):
            if type(event) is ScalarEvent and event.style and event.tag is None and event.anchor is None:
                start = event.start_mark.index
                between.append(text[end : text.find("\n", start) if event.style in "|>" else start])
                end = event.end_mark.index
    except SyntaxProblem:
        return False
    return not any("\t" in piece for piece in [*between, text[end:]])
