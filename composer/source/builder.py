"""Builds plain data from parser events and collects everything that is wrong with it on the way."""

from __future__ import annotations

from typing import Any

from composer.diagnostic import Diagnostic, Related, error
from composer.source import scalars
from composer.source.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    Mark,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    SyntaxProblem,
    events,
)
from composer.source.syntax import DEPTH_LIMIT, TOO_DEEP, Source, explain

ALIAS_BUDGET = 10_000
"""Values that aliases may add to one file. Files without aliases are not limited by it."""

FINDINGS_LIMIT = 100
"""Findings in one file after which the rest of it is left unread: nobody reads on, and it may be no YAML at all."""

_NO_KEY: Any = object()


class _Abandoned(Exception):  # noqa: N818 - control flow: what follows cannot be read in a useful way
    """Raised where going on would only repeat or hide what was found."""


class _Frame:
    """A collection being filled. *keys* is None in a list; in a mapping it holds the event of each key, and
    *key* is the one that awaits its value."""

    __slots__ = ("anchor", "container", "key", "keys", "start")

    def __init__(self, container: Any, keys: dict[Any, Any] | None, anchor: str | None, start: Mark) -> None:
        self.container = container
        self.keys = keys
        self.key = _NO_KEY
        self.anchor = anchor
        self.start = start


class Builder:
    """Reads one text. `documents` are its documents as plain data, `findings` what is wrong with them."""

    def __init__(self, source: Source, *, many: bool = False) -> None:
        self.source = source
        self.documents: list[Any] = []
        self.starts: list[int] = []
        self.findings: list[Diagnostic] = []
        self._many = many
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Any] = {}
        self._budget = ALIAS_BUDGET
        self._handlers = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._start_mapping,
            SequenceStartEvent: self._start_sequence,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._start_document,
        }

    def run(self) -> None:
        """Reads the text as far as it can be read."""
        handlers = self._handlers
        try:
            for event in events(self.source.text):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except SyntaxProblem as problem:
            self._stumble(problem)
        except _Abandoned:
            pass

    def _stumble(self, problem: SyntaxProblem) -> None:
        """Keeps a syntax error, unless it only follows from an expression without quotes in its line."""
        innermost = self._frames[-1].start if self._frames else None
        finding = explain(problem, self.source, innermost)
        if not any(found.code == "Y018" and found.place.line == finding.place.line for found in self.findings):
            self.findings.append(finding)

    def _start_document(self, event: Any) -> None:
        if self.starts and not self._many:
            self._find(
                "Y009",
                "a second document starts here; a file holds one",
                event,
                "put it into a file of its own",
            )
            raise _Abandoned
        self.starts.append(event.start_mark.line)
        self._anchors = {}
        self._frames = [_Frame(self.documents, None, None, event.start_mark)]

    def _scalar(self, event: Any) -> None:
        value = event.value
        if event.tag is not None:
            value = self._tagged(event)
        elif event.implicit[0] and (value == "" or value[0] in scalars.SUSPECT):
            value = self._plain(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        frame = self._frames[-1]
        if frame.keys is None or frame.key is not _NO_KEY:
            self._put(value)
        elif type(value) is str and (value != "<<" or not event.implicit[0]) and value not in frame.keys:
            frame.keys[value] = event
            frame.key = value
        else:
            frame.key = self._unusual_key(frame, value, event)

    def _put(self, value: Any) -> None:
        frame = self._frames[-1]
        if frame.keys is None:
            frame.container.append(value)
        else:
            frame.container[frame.key] = value
            frame.key = _NO_KEY

    def _start_mapping(self, event: Any) -> None:
        self._start(event, {}, {}, scalars.MAPPING_TAGS)

    def _start_sequence(self, event: Any) -> None:
        self._start(event, [], None, scalars.SEQUENCE_TAGS)

    def _start(self, event: Any, container: Any, keys: dict[Any, Any] | None, tags: frozenset[str]) -> None:
        if event.tag is not None and event.tag not in tags:
            self._refuse_tag(event, "a mapping" if tags is scalars.MAPPING_TAGS else "a list")
        frame = self._frames[-1]
        if frame.keys is not None and frame.key is _NO_KEY:
            self._refuse_collection_key(frame, event)
        if len(self._frames) > DEPTH_LIMIT:
            self._too_deep(event)
        self._frames.append(_Frame(container, keys, event.anchor, event.start_mark))

    def _end(self, _event: Any) -> None:
        frame = self._frames.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = frame.container
        parent = self._frames[-1]
        if parent.keys is not None and parent.key is _NO_KEY:
            parent.key = (
                object()
            )  # a collection as key was refused at its start; its value is read for its own mistakes
        else:
            self._put(frame.container)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._undefined_alias(event)
            value: Any = ""
        else:
            value = self._copy(self._anchors[event.anchor], len(self._frames), event)
        frame = self._frames[-1]
        if frame.keys is not None and frame.key is _NO_KEY:
            frame.key = self._alias_as_key(frame, value, event)
        else:
            self._put(value)

    def _copy(self, value: Any, depth: int, event: Any) -> Any:
        """A copy of an anchored value, so that no two places of the data share a list or mapping."""
        self._budget -= 1
        if self._budget < 0:
            message = f"aliases add more than {ALIAS_BUDGET:,} values to this file"
            self._find("Y015", message, event, "write the values out, or use a profile for what sites share")
            raise _Abandoned
        if not isinstance(value, dict | list):
            return value
        if depth > DEPTH_LIMIT:
            self._too_deep(event)
        if isinstance(value, list):
            return [self._copy(item, depth + 1, event) for item in value]
        return {key: self._copy(item, depth + 1, event) for key, item in value.items()}

    def _plain(self, event: Any) -> scalars.Scalar:
        try:
            return scalars.plain(event.value)
        except scalars.OutOfRangeError:
            hint = "quote it if it is not meant as a number"
            self._find("Y019", "this number does not fit into 64 bits", event, hint)
            return 0

    def _tagged(self, event: Any) -> scalars.Scalar:
        read = scalars.SCALAR_TAGS.get(event.tag)
        if read is None:
            self._refuse_tag(event, "a scalar")
            return str(event.value)
        try:
            return read(event.value)
        except ValueError:
            message = f"{event.value!r} is not what its tag {scalars.tag_name(event.tag)} says"
            self._find("Y020", message, event, "remove the tag, or mend the value")
            return str(event.value)

    def _refuse_tag(self, event: Any, node: str) -> None:
        message = f"tag {scalars.tag_name(event.tag)} on {node} is not understood"
        self._find("Y011", message, event, "only the tags of the YAML core schema are, such as !!str and !!int")

    def _unusual_key(self, frame: _Frame, value: Any, event: Any) -> Any:
        """The key to go on with after a finding: nothing that could clash with another."""
        if type(value) is not str:
            self._refuse_scalar_key(value, event)
            return object()
        if value == "<<" and event.implicit[0]:
            hint = 'write the keys out, or use a profile; quote it ("<<") if it is meant as a name'
            self._find("Y012", "merge key `<<` is not supported", event, hint)
            return object()
        assert frame.keys is not None
        first = frame.keys[value]
        related = Related("first set here", self.source.place(first.start_mark, first.end_mark))
        self._find("Y010", f"key {value!r} stands twice in this mapping", event, "remove one of them", related)
        return object()

    def _alias_as_key(self, frame: _Frame, value: Any, event: Any) -> Any:
        if isinstance(value, dict | list):
            self._find("Y014", "a mapping or list cannot be a key", event, "write the key as text")
            return object()
        assert frame.keys is not None
        if type(value) is not str or value in frame.keys:
            return self._unusual_key(frame, value, event)
        frame.keys[value] = event
        return value

    def _refuse_scalar_key(self, value: scalars.Scalar, event: Any) -> None:
        text = getattr(event, "value", "")
        if value is None and text == "":
            self._find("Y013", "a key is missing here", event, "write a name before the colon")
            return
        kind = {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "null")
        hint = f'quote it: "{text}"' if text else "keys are text"
        self._find("Y013", f"key {text or value} is {kind}, and keys are text", event, hint)

    def _refuse_collection_key(self, frame: _Frame, event: Any) -> None:
        if event.flow_style and event.start_mark.index == frame.start.index + 1 and self._is_expression(frame.start):
            place = self.source.place(frame.start, width=2)
            hint = 'put it in quotes: "{{ ... }}"'
            self._add(error("Y018", "an expression in {{ }} has to stand in quotes", place, hint=hint))
            return
        self._find("Y014", "a mapping or list cannot be a key", event, "write the key as text")

    def _is_expression(self, start: Mark) -> bool:
        return self.source.text.startswith("{{", start.index)

    def _undefined_alias(self, event: Any) -> None:
        if any(frame.anchor == event.anchor for frame in self._frames):
            message, hint = (
                f"alias *{event.anchor} stands inside the value it names",
                "a value cannot contain itself",
            )
        else:
            message, hint = (
                f"no anchor &{event.anchor} above this alias",
                "quote the value if the * belongs to it",
            )
        self._find("Y016", message, event, hint)

    def _too_deep(self, event: Any) -> None:
        self._find("Y017", TOO_DEEP, event, "")
        raise _Abandoned

    def _find(self, code: str, message: str, event: Any, hint: str, *related: Related) -> None:
        place = self.source.place(event.start_mark, event.end_mark)
        self._add(error(code, message, place, hint=hint, related=related))

    def _add(self, finding: Diagnostic) -> None:
        self.findings.append(finding)
        if len(self.findings) == FINDINGS_LIMIT:
            raise _Abandoned
