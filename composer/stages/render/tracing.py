"""The slow way to render: place by place through the templates, remembering where every value came from.

It yields what the compiled program yields. It serves two purposes: to say which leaf, expression and inputs
a field of an object came from, and, where a component fails, to find everything that is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from jinja2 import nodes
from jinja2.runtime import Context

from composer.diagnostic import Diagnostic
from composer.model.fieldpath import path_text, value_at
from composer.stages.render import values
from composer.stages.render.codegen import OWN
from composer.stages.render.compiler import checked, is_path
from composer.stages.render.failures import diagnosed
from composer.stages.render.limits import Meter
from composer.stages.render.loops import items_of, pairs_of
from composer.stages.render.origins import Origin, Origins, Stated, leaves, merged_origins, origin_of
from composer.stages.render.program import Program, variables
from composer.stages.render.reads import Recorder, RecordingStructures, RecordingText, RecordingTexts, Seen
from composer.stages.render.refusal import Refused
from composer.stages.render.texts import Texts
from composer.stages.render.tree import (
    Bind,
    Constant,
    Each,
    Entry,
    Expression,
    Many,
    MappingNode,
    Merge,
    Node,
    Scalar,
    SequenceNode,
    Spot,
    Text,
    When,
)


class Made(NamedTuple):
    """A value and where it came from."""

    value: Any
    origins: Origins


class MadeEntry(NamedTuple):
    """An entry of a mapping; *spot* is where its key stands."""

    key: str
    made: Made
    spot: Spot


class Tracer:
    """A program's expressions, compiled one by one, in environments that record what they read."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.recorder = Recorder()
        self.sandbox = RecordingStructures(Meter())
        self.sandbox.recorder = self.recorder
        sandbox = RecordingTexts(self.sandbox.meter)
        sandbox.recorder = self.recorder
        self.texts = Texts(program.blueprint, sandbox, program.names, program.extra, [])
        self._functions: dict[Expression, Callable[[Context], Any]] = {}

    def evaluate(self, expression: Expression, node: nodes.Node, names: dict[str, Any]) -> Any:
        """The value of *node*, which is made of *expression*."""
        if expression not in self._functions:
            tree = nodes.Template([nodes.Output([node], lineno=1)], lineno=1)
            self._functions[expression] = self.sandbox.function(tree, expression.source)
        context = self.sandbox.context_class(self.sandbox, names, expression.source, {})
        return next(self._functions[expression](context))[0]


@lru_cache(maxsize=64)
def tracer_of(program: Program) -> Tracer:
    """The tracer of *program*, made on first use."""
    return Tracer(program)


MOST_FINDINGS = 100
"""After so many findings a component has more to mend than anybody wants to read."""


class Enough(Exception):  # noqa: N818 - not a malfunction
    """Going on would find nothing new."""


class Trace:
    """One component on its way through the templates; *findings* collects what goes wrong underway."""

    def __init__(self, tracer: Tracer, component: str, context: Mapping[str, Any]) -> None:
        self.tracer = tracer
        self.component = component
        self.findings: list[Diagnostic] = []
        self._names = variables(context, RecordingText(tracer.texts, context, tracer.recorder))
        tracer.sandbox.meter.reset()
        tracer.recorder.begin(context)

    def items(self, node: Node) -> Iterator[Made]:
        """What *node* puts among the items of a list."""
        match node:
            case Many():
                for item in node.items:
                    yield from self.items(item)
            case When():
                if self._holds(node):
                    yield from self.items(node.body)
            case Each():
                for _ in self._turns(node):
                    yield from self.items(node.body)
            case Bind():
                with self._bound(node) as bound:
                    yield from self.items(node.body) if bound else ()
            case _:
                made = self.value(node)
                if made is not None:
                    yield made

    def value(self, node: Node) -> Made | None:
        """The one value that *node* yields; None where there is none or where it fails."""
        match node:
            case Constant() | Expression() | Text():
                return self._scalar(node)
            case MappingNode():
                return self._mapping(node)
            case SequenceNode():
                items = list(self.items(node.items))
                return Made([item.value for item in items], _or_empty([item.origins for item in items], node.spot))
            case Merge():
                return self._merge(node)
            case When():
                return self.value(node.body) if self._holds(node) else None
            case Bind():
                with self._bound(node) as bound:
                    return self.value(node.body) if bound else None
            case _:
                raise AssertionError(f"{type(node).__name__} is not one value")

    def fail(self, failure: Exception, spot: Spot) -> None:
        """Notes that what stands at *spot* fails; raises Enough where a limit is reached."""
        finding = diagnosed(failure, spot.place, self.tracer.texts, self.component)
        self.findings.append(finding)
        if finding.code == "T013" or len(self.findings) >= MOST_FINDINGS:
            raise Enough

    def _scalar(self, node: Scalar) -> Made | None:
        if isinstance(node, Constant):
            return Made(node.value, Origin(node.spot.place))
        recorder = self.tracer.recorder
        recorder.lines.clear()
        with recorder.reading() as seen:
            try:
                value = self._evaluated(node)
            except Exception as failure:  # a template may raise anything
                self.fail(failure, node.spot)
                return None
        reads = seen.reads
        whole = isinstance(node, Expression) and is_path(node.node) and len(reads) == 1
        texts = self.tracer.texts
        lines = tuple((r, texts.place(*recorder.lines[r])) for r in reads if r in recorder.lines)
        return Made(value, Origin(node.spot.place, node.source, reads, whole, lines, tuple(seen.stated.values())))

    def _evaluated(self, node: Expression | Text) -> Any:
        if isinstance(node, Expression):
            return self._raw(node, checked(node))
        parts = (part if isinstance(part, str) else values.piece(self._raw(part, checked(part))) for part in node.parts)
        return "".join(parts)

    def _raw(self, expression: Expression, node: nodes.Node) -> Any:
        return self.tracer.evaluate(expression, node, self._names)

    def _mapping(self, node: MappingNode) -> Made:
        made: dict[str, Any] = {}
        origins: dict[str, Origins] = {}
        for entry in self._entries(node):
            if entry.key in made:
                self.fail(values.double(entry.key), entry.spot)
            made[entry.key], origins[entry.key] = entry.made
        return Made(made, _or_empty(origins, node.spot))

    def _entries(self, node: MappingNode) -> Iterator[MadeEntry]:
        for entry in node.entries:
            if isinstance(entry, Each):
                for _ in self._turns(entry):
                    yield from self._spliced(entry.body)
            elif (found := self._entry(entry)) is not None:
                yield found

    def _entry(self, entry: Entry) -> MadeEntry | None:
        made = self.value(entry.value)
        key = self._scalar(entry.key) if made is not None else None
        if made is None or key is None:
            return None
        try:
            return MadeEntry(values.name(key.value), made, entry.key.spot)
        except Refused as refusal:
            self.fail(refusal, entry.key.spot)
            return None

    def _spliced(self, node: Node) -> Iterator[MadeEntry]:
        """The entries of a mapping that goes into another one."""
        match node:
            case MappingNode():
                yield from self._entries(node)
            case When():
                if self._holds(node):
                    yield from self._spliced(node.body)
            case Bind():
                with self._bound(node) as bound:
                    yield from self._spliced(node.body) if bound else ()
            case Expression() | Merge():
                made = self.value(node)
                if made is not None and self._is_mapping(made, node.spot):
                    for key, value in made.value.items():
                        yield MadeEntry(key, Made(value, origin_of(made.origins, key)), node.spot)

    def _merge(self, node: Merge) -> Made:
        result = Made({}, {})
        for part in self.items(node.parts):
            if self._is_mapping(part, node.spot):
                value = values.merge(result.value, part.value)
                result = Made(value, merged_origins(result, part))
        return Made(result.value, _or_empty(result.origins, node.spot))

    def _is_mapping(self, made: Made, spot: Spot) -> bool:
        try:
            values.mapping(made.value)
        except Refused as refusal:
            self.fail(refusal, spot)
            return False
        return True

    def _holds(self, node: When) -> bool:
        try:
            return bool(self._raw(node.test, node.test.node))
        except Exception as failure:  # a template may raise anything
            self.fail(failure, node.test.spot)
            return False

    def _turns(self, node: Each) -> Iterator[None]:
        """Once for each item, with the names of the loop bound to it."""
        with self.tracer.recorder.reading() as seen:
            try:
                items = self._items(node)
            except Exception as failure:  # a template may raise anything
                self.fail(failure, node.each.spot)
                return
        for index, item in enumerate(items):
            parts = [item] if len(node.names) == 1 else list(item)
            behind = [self._behind(part, items, index, seen) for part in parts]
            with self._binding(node.names, parts, behind):
                yield

    def _items(self, node: Each) -> Sequence[Any]:
        value = self._raw(node.each, node.each.node)
        if isinstance(value, Iterator):
            value = list(value)
        if not is_path(node.each.node):
            values.plain(value)
        run = items_of if len(node.names) == 1 else pairs_of
        return run(self.tracer.sandbox, value)

    def _behind(self, item: Any, items: Sequence[Any], index: int, seen: Seen) -> Seen:
        """What reading a loop's name reads: the item where it lies in the context, or what the loop read."""
        recorder = self.tracer.recorder
        own, whole = recorder.route_of(item), recorder.route_of(items)
        if own is not None:
            return Seen({own: None})
        return Seen({(*whole, index): None}) if whole is not None and items[index] is item else seen

    @contextmanager
    def _bound(self, node: Bind) -> Iterator[bool]:
        """Whether the values of *node* could be worked out; they are bound while the body runs."""
        made = [self.value(value) for value in node.values]
        given = [value for value in made if value is not None]
        behind = [_given(name, value) for name, value in zip(node.names, given, strict=False)]
        with self._binding(node.names, [value.value for value in given], behind):
            yield len(given) == len(made)

    @contextmanager
    def _binding(self, names: Sequence[str], bound: Sequence[Any], behind: Sequence[Seen]) -> Iterator[None]:
        before = self._names
        self._names = {**before, **dict(zip(names, bound, strict=False))}
        try:
            with self.tracer.recorder.binding(dict(zip(names, behind, strict=False))):
                yield
        finally:
            self._names = before


def _or_empty(origins: Origins, spot: Spot) -> Origins:
    """*origins*, or where there are none, since the value is empty, the place of the value itself."""
    return origins or Origin(spot.place)


def _given(name: str, made: Made) -> Seen:
    """What reading *name* reads, to which a template gives the value *made*."""
    seen, written = Seen(), name.removeprefix(OWN).partition("_")[2]
    for route, origin in leaves(made.origins):
        if origin.source:
            seen.add(Seen(dict.fromkeys(origin.reads), {stated.name: stated for stated in origin.stated}))
        else:
            called = path_text((written, *route))
            seen.stated[called] = Stated(called, value_at(route, made.value), origin.place)
    return seen
