"""Which values of the context a template reads, noted while it runs. Only tracing uses this."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from jinja2.runtime import Context

from composer.source.document import Route
from composer.stages.render.origins import Reads, Stated
from composer.stages.render.program import Text
from composer.stages.render.sandbox import Sandbox
from composer.stages.render.structures import StructureSandbox
from composer.stages.render.text_sandbox import TextSandbox
from composer.stages.render.texts import Texts

Line = tuple[str, int]
"""A text template and the number of a line of it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read: *routes* of the context, and values that templates *stated*; keys in the order of reading."""

    routes: dict[Route, None] = field(default_factory=dict)
    stated: dict[str, Stated] = field(default_factory=dict)

    def add(self, other: Seen) -> None:
        """*other* is read, too."""
        self.routes.update(other.routes)
        self.stated.update(other.stated)

    @property
    def reads(self) -> Reads:
        """The routes, without those that were only passed on the way to others."""
        passed = {route[:length] for route in self.routes for length in range(len(route))}
        return tuple(route for route in self.routes if route not in passed)


class Recorder:
    """Notes the routes of what is looked up.

    Containers of the context are known by identity, so loops and filters do not hide where an item is from. *lines* tells
    for routes that text templates looked up the line that did so first.
    """

    def __init__(self) -> None:
        self._context: Mapping[str, Any] = {}
        self._routes: dict[int, list[Route]] = {}
        self._bound: Mapping[str, Seen] = {}
        self._seen = Seen()
        self.lines: dict[Route, Line] = {}

    def begin(self, context: Mapping[str, Any]) -> None:
        """From now on reads are reads of *context*."""
        self._context = context
        self._routes = {}
        self._note(context, ())

    def route_of(self, container: object) -> Route | None:
        """Where *container* lies in the context; where it lies in several places, the one that was read."""
        if not isinstance(container, Mapping | list):
            return None
        routes = self._routes.get(id(container), [])
        return next((route for route in routes if route in self._seen.routes), routes[0] if routes else None)

    @contextmanager
    def binding(self, names: Mapping[str, Seen]) -> Iterator[None]:
        """While the body runs, reading one of *names* is reading what it was made of."""
        before = self._bound
        self._bound = {**before, **names}
        try:
            yield
        finally:
            self._bound = before

    @contextmanager
    def reading(self) -> Iterator[Seen]:
        """What the body reads."""
        before, self._seen = self._seen, Seen()
        try:
            yield self._seen
        finally:
            self._seen = before

    def add(self, seen: Seen) -> None:
        """All of *seen* is read."""
        self._seen.add(seen)

    def name(self, name: str) -> None:
        """*name* is looked up."""
        if name in self._bound:
            self.add(self._bound[name])
        elif name in self._context:
            self._seen.routes[(name,)] = None

    def item(self, container: object, key: object, line: Line | None = None) -> None:
        """*key* is looked up in *container*, by this line of a text template where it is one."""
        route = self.route_of(container)
        if route is not None and isinstance(key, str | int):
            self._seen.routes[(*route, key)] = None
            if line is not None:
                self.lines.setdefault((*route, key), line)

    def _note(self, value: object, route: Route) -> None:
        if isinstance(value, Mapping | list):
            self._routes.setdefault(id(value), []).append(route)
            for key, entry in value.items() if isinstance(value, Mapping) else enumerate(value):
                self._note(entry, (*route, key))


class RecordingText(Text):
    """The function `text`, when tracing: text that is used again has read the same again."""

    def __init__(self, texts: Texts, context: Mapping[str, Any], recorder: Recorder) -> None:
        super().__init__(texts, context)
        self._recorder = recorder
        self._reads: dict[str, Seen] = {}

    def __call__(self, name: str, /, **extra: Any) -> str:
        with self._recorder.reading() as seen:
            made = super().__call__(name, **extra)
        self._recorder.add(seen if extra else self._reads.setdefault(name, seen))
        return made


class RecordingContext(Context):
    """Tells the recorder which names are looked up."""

    def resolve_or_missing(self, key: str) -> Any:
        assert isinstance(self.environment, Recording)
        if key not in self.vars:
            self.environment.recorder.name(key)
        return super().resolve_or_missing(key)


class Recording(Sandbox):
    """Tells the recorder which items are looked up."""

    context_class = RecordingContext
    recorder: Recorder

    def getattr(self, obj: Any, attribute: str) -> Any:
        self.recorder.item(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        self.recorder.item(obj, argument)
        return super().getitem(obj, argument)


class RecordingStructures(Recording, StructureSandbox):
    """The environment of manifests, when tracing."""


class RecordingTexts(Recording, TextSandbox):
    """The environment of text templates, when tracing: it also tells which line looks an item up."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        self.recorder.item(obj, attribute, _line(sys._getframe(1)))
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        self.recorder.item(obj, argument, _line(sys._getframe(1)))
        return super().getitem(obj, argument)


def _line(frame: FrameType) -> Line | None:
    """The line of a template whose compiled code the frame runs; None where it runs something else."""
    template = frame.f_globals.get("__jinja_template__")
    if template is None or template.name is None:
        return None
    return template.name, template.get_corresponding_lineno(frame.f_lineno)
